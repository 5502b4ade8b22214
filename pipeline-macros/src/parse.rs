//! From tokens to `ast`. Reads every node that it can; a broken one is reported and passed over.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token, Visibility};

use crate::ast::{Form, Function, FunctionKind, Item, List, Name, Node, Pipeline, Unwired};
use crate::diagnostics::{Diagnostics, Mistake};
use crate::graph::is_parameters;
use crate::kedro::{kedros_spelling, names_as_text, names_without_brackets, values_by_keyword};
use crate::options::option;
use crate::scan::{
    after_attributes, after_brackets, after_comma, closure_parameters, has_type, in_angles, is_any_arrow, is_ident,
    is_keyword, is_punct, plain, skip_to_comma, take_until,
};
use crate::{cfg, editor};

/// The catalog that a pipeline names with `for`, and the pipeline without it.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) form: Form,
    /// The path behind `for`; none if there is no `for`.
    pub(crate) catalog: Option<TokenStream>,
    pub(crate) nodes: TokenStream,
}

/// Splits a pipeline into its head and its nodes.
pub(crate) fn head(tokens: TokenStream) -> syn::Result<Head> {
    let tokens = in_angles(tokens).unwrap_or_else(|tokens| tokens);
    let parser = |input: ParseStream<'_>| {
        if is_item(input) { item_head(input) } else { expression_head(input) }
    };
    parser.parse2(tokens)
}

/// An item begins with `pub`, or a name before `for`, which may be missing; attributes stand before a node too.
fn is_item(input: ParseStream<'_>) -> bool {
    let input = &input.fork();
    let after_name = |(_, rest): (Ident, Cursor<'_>)| is_ident(rest, "for") || rest.group(Delimiter::Brace).is_some();
    let attributes = attributes(input);
    attributes.is_err()
        || input.peek(Token![pub])
        || !input.peek(Token![for]) && input.cursor().ident().is_some_and(after_name)
}

fn item_head(input: ParseStream<'_>) -> syn::Result<Head> {
    let (attributes, is_portable) = portable(attributes(input)?);
    let visibility = input.parse::<Visibility>()?.into_token_stream();
    let form = "as in `pub training for Catalog { … }`";
    if !input.peek(syn::Ident) {
        return Err(input.error(format!("expected the name of the pipeline, {form}")));
    }
    let name = input.parse::<Ident>()?;
    if !input.peek(Token![for]) {
        return Err(input.error(format!("expected `for` and the catalog of the pipeline, {form}")));
    }
    input.parse::<Token![for]>()?;
    let catalog = take_until(input, |cursor| cursor.group(Delimiter::Brace).is_some());
    let body;
    syn::braced!(body in input);
    let nodes = body.parse()?;
    if !input.is_empty() {
        return Err(input.error("expected nothing after the pipeline: one `pipeline!` declares one"));
    }
    Ok(Head { form: Form::Item(Item { attributes, visibility, name, is_portable }), catalog: Some(catalog), nodes })
}

fn expression_head(input: ParseStream<'_>) -> syn::Result<Head> {
    let mut catalog = None;
    if input.parse::<Option<Token![for]>>()?.is_some() {
        catalog = Some(take_until(input, |cursor| is_punct(cursor, ';') || is_punct(cursor, ',')));
        input.parse::<Token![;]>()?;
    }
    Ok(Head { form: Form::Expression, catalog, nodes: input.parse()? })
}

/// `#[…]` as often as it stands there.
pub(crate) fn attributes(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut attributes = TokenStream::new();
    while input.peek(Token![#]) {
        input.parse::<Token![#]>()?.to_tokens(&mut attributes);
        input.parse::<Group>()?.to_tokens(&mut attributes);
    }
    Ok(attributes)
}

/// The attributes without `#[portable]`, and whether it was there.
pub(crate) fn portable(attributes: TokenStream) -> (TokenStream, bool) {
    let mut rest: Vec<TokenTree> = Vec::new();
    let mut is_portable = false;
    for tree in attributes {
        if matches!(&tree, TokenTree::Group(group) if group.stream().to_string() == "portable") {
            is_portable = true;
            // The `#` before it.
            drop(rest.pop());
        } else {
            rest.push(tree);
        }
    }
    (rest.into_iter().collect(), is_portable)
}

/// Reads the nodes of a pipeline.
pub(crate) fn pipeline(head: Head, diagnostics: &mut Diagnostics) -> Pipeline {
    let mut unwired = Unwired::default();
    let parser = |input: ParseStream<'_>| Ok(nodes(input, &mut unwired, diagnostics));
    let nodes = parser.parse2(editor::unnest(head.nodes)).unwrap_or_default();
    let (nodes, left_out): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|(_, is_left_out)| !is_left_out);
    if let (true, true, Some((first, _))) = (nodes.is_empty(), diagnostics.is_empty(), left_out.first()) {
        let help = "a condition can also stand before the pipeline as a whole";
        diagnostics.error(first.function.span, "this pipeline has no nodes: each is left out by its condition", help);
    }
    let written = left_out.iter().flat_map(|(node, _)| &node.outputs.names);
    unwired.left_out.extend(written.map(Name::text));
    Pipeline { form: head.form, nodes: nodes.into_iter().map(|(node, _)| node).collect(), unwired }
}

/// Nodes, and whether each is left out.
fn nodes(input: ParseStream<'_>, unwired: &mut Unwired, diagnostics: &mut Diagnostics) -> Vec<(Node, bool)> {
    let mut nodes = Vec::new();
    while !input.is_empty() {
        // A fork: syn would remember the unread rest of a broken group and fail the whole parse.
        let ahead = input.fork();
        match node(&ahead, diagnostics) {
            Ok(node) if node.0.inputs.is_whole && node.0.outputs.is_whole || editor::asks() => {
                input.advance_to(&ahead);
                nodes.push(node);
            }
            broken => {
                if let Err(error) = broken {
                    diagnostics.syntax(&error);
                }
                names_inside(take_until(input, |cursor| is_punct(cursor, ',')), &mut unwired.unreadable);
            }
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            diagnostics.syntax(&input.error("expected `,` between nodes"));
            // Another node is read at once; anything else is passed over.
            if !is_ident(after_attributes(input.cursor()), "node") {
                skip_to_comma(input);
            }
        }
        if input.parse::<Option<Token![,]>>().is_err() {
            break;
        }
    }
    nodes
}

/// Every name inside the groups of these tokens.
fn names_inside(tokens: TokenStream, names: &mut HashSet<String>) {
    for tree in tokens {
        let TokenTree::Group(group) = tree else { continue };
        for tree in group.stream() {
            match tree {
                TokenTree::Ident(ident) => drop(names.insert(plain(&ident))),
                TokenTree::Literal(literal) => drop(names.insert(literal.to_string().trim_matches('"').to_owned())),
                TokenTree::Group(group) => names_inside(TokenTree::from(group).into(), names),
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// A node, and whether a condition before it leaves it out.
fn node(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<(Node, bool)> {
    let is_left_out = cfg::before(input, "a node", diagnostics)?;
    let keyword = input.parse::<Ident>()?;
    if keyword != "node" {
        let error = syn::Error::new(keyword.span(), format!("expected `node(…)`, found `{keyword}`"));
        if !pipeline_graph::is_near(&keyword.to_string(), "node") {
            return Err(error);
        }
        diagnostics.syntax(&error);
    }
    let content;
    syn::parenthesized!(content in input);
    kedros_spelling(&content)?;
    let (function, fallible) = function(&content, keyword.span())?;
    comma(&content, "after the function of the node", diagnostics);
    let inputs = list(&content, "the inputs in brackets", is_any_arrow, diagnostics)?;
    arrow(&content, diagnostics)?;
    let outputs = list(&content, "the outputs in brackets", |c| is_punct(c, ','), diagnostics)?;
    let mut node = Node::new(function, fallible, inputs, outputs);
    while !content.is_empty() {
        comma(&content, "after the outputs of the node", diagnostics);
        if !content.is_empty()
            && let Err(error) = option(&content, &mut node, diagnostics)
        {
            diagnostics.syntax(&error);
            skip_to_comma(&content);
        }
    }
    Ok((node, is_left_out))
}

/// A comma; if there is none, that is reported and what follows is read all the same.
pub(crate) fn comma(input: ParseStream<'_>, place: &str, diagnostics: &mut Diagnostics) {
    if input.parse::<Token![,]>().is_err() {
        diagnostics.syntax(&input.error(format!("expected `,` {place}")));
    }
}

/// What follows the inputs, if a comma and then the inputs stand here.
fn after_inputs(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    after_comma(cursor).and_then(after_brackets)
}

/// A path or a closure, up to the comma before the inputs, and the `?` behind it.
fn function(input: ParseStream<'_>, node: Span) -> syn::Result<(Function, Option<Span>)> {
    // A closure may hold commas and brackets, so the comma before the inputs is the one with the arrow behind them. Without it,
    // the function ends where it can.
    let ends_before_inputs = |cursor: Cursor<'_>| after_inputs(cursor).is_some_and(is_any_arrow);
    let ahead = input.fork();
    take_until(&ahead, ends_before_inputs);
    let mut trees: Vec<TokenTree> = if ahead.is_empty() {
        take_until(input, |cursor| is_punct(cursor, ',') || after_brackets(cursor).is_some())
    } else {
        take_until(input, ends_before_inputs)
    }
    .into_iter()
    .collect();
    if input.is_empty() && !trees.is_empty() {
        let span = trees.last().map_or(node, TokenTree::span);
        return Err(syn::Error::new(span, "expected `, [inputs] -> [outputs]` after the function of the node"));
    }
    let fallible = match trees.last() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '?' => {
            let span = punct.span();
            trees.pop();
            Some(span)
        }
        _ => None,
    };
    let span = trees.first().map_or(node, TokenTree::span);
    // What a macro passes on as `$f:expr` stands in a group that is not seen.
    let mut first = trees.first().cloned();
    while let Some(TokenTree::Group(group)) = &first
        && group.delimiter() == Delimiter::None
    {
        first = group.stream().into_iter().next();
    }
    let is_closure = match &first {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '|',
        Some(TokenTree::Ident(ident)) => ident == "move" || ident == "static",
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        _ => false,
    };
    let tokens: TokenStream = match trees.as_slice() {
        // The parentheses are there for the `?` behind them.
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => group.stream(),
        trees => trees.iter().cloned().collect(),
    };
    if is_closure {
        let tokens = with_typed_parameters(tokens);
        return Ok((Function { tokens, kind: FunctionKind::Closure, span }, fallible));
    }
    let wanted = "expected the function of the node: a path, or a closure whose parameters have types";
    if tokens.is_empty() {
        return Err(syn::Error::new(span, wanted));
    }
    let path: syn::ExprPath = syn::parse2(tokens.clone()).map_err(|error| syn::Error::new(error.span(), wanted))?;
    let name = path.path.segments.last().map(|segment| plain(&segment.ident)).unwrap_or_default();
    let generic = path.path.segments.iter().any(|segment| !segment.arguments.is_none());
    Ok((Function { tokens, kind: FunctionKind::Path { name, generic }, span }, fallible))
}

/// A closure whose parameters have types; else, what reports those that have none.
fn with_typed_parameters(closure: TokenStream) -> TokenStream {
    let untyped: Vec<Vec<TokenTree>> =
        closure_parameters(closure.clone()).into_iter().filter(|parameter| !has_type(parameter)).collect();
    if untyped.is_empty() || editor::asks() {
        return closure;
    }
    Diagnostics::instead(untyped.iter().filter_map(|parameter| {
        let name: TokenStream = parameter.iter().cloned().collect();
        Some(Mistake {
            at: parameter.last()?.span(),
            message: format!("the parameter `{name}` of this closure has no type"),
            help: format!(
                "write `{name}: Type`: how the input is passed follows from it, as `T` or `&T` where it holds `T`"
            ),
        })
    }))
}

/// `->`; `=>` is reported and taken for it, and so is nothing before the outputs.
fn arrow(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    let wanted = "expected `->` between the inputs and the outputs";
    if input.peek(Token![->]) {
        return input.parse::<Token![->]>().map(drop);
    }
    if input.peek(Token![=>]) {
        let arrow = input.parse::<Token![=>]>()?;
        diagnostics.syntax(&syn::Error::new_spanned(arrow, format!("{wanted}, found `=>`")));
        return Ok(());
    }
    let error = input.error(wanted);
    if !input.peek(syn::token::Bracket) {
        return Err(error);
    }
    diagnostics.syntax(&error);
    Ok(())
}

/// Names in brackets. Without brackets, that is reported, and the names are read up to `end`.
fn list(
    input: ParseStream<'_>,
    wanted: &str,
    end: impl Fn(Cursor<'_>) -> bool,
    diagnostics: &mut Diagnostics,
) -> syn::Result<List> {
    let error = input.error(format!("expected {wanted}"));
    if input.peek(syn::token::Bracket) {
        let content;
        let brackets = syn::bracketed!(content in input);
        let (names, is_whole) = names(&content, diagnostics);
        return Ok(List { names, is_whole, span: brackets.span.join() });
    }
    let span = input.span();
    let bare = take_until(input, end);
    if bare.is_empty() {
        return Err(error);
    }
    let (named, order) = names_without_brackets(bare, wanted);
    let written = names_as_text(&named);
    diagnostics.syntax(&syn::Error::new(span, format!("expected {wanted}: write `[{written}]`{order}")));
    let parser = |input: ParseStream<'_>| Ok(names(input, diagnostics));
    let (read, is_whole) = parser.parse2(named).unwrap_or_default();
    Ok(List { names: read, is_whole, span })
}

/// Names, and whether all of them could be read.
fn names(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> (Vec<Name>, bool) {
    let (mut names, mut is_whole) = (Vec::new(), true);
    while !input.is_empty() {
        if input.peek(syn::token::Brace)
            && let Ok(dictionary) = input.parse::<Group>()
        {
            let values = values_by_keyword(dictionary.stream());
            let message = format!(
                "expected names of datasets, found a dictionary: write `{}`, in the order of the function",
                names_as_text(&values)
            );
            diagnostics.syntax(&syn::Error::new(dictionary.span(), message));
            let parser = |input: ParseStream<'_>| Ok(self::names(input, diagnostics));
            let (values, is_each_read) = parser.parse2(values).unwrap_or_default();
            names.extend(values);
            is_whole &= is_each_read;
            if input.parse::<Option<Token![,]>>().is_err() {
                break;
            }
            continue;
        }
        match name(input, diagnostics) {
            Ok(name) => names.push(name),
            Err(error) => {
                is_whole = false;
                diagnostics.syntax(&error);
                skip_to_comma(input);
            }
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            diagnostics.syntax(&input.error("expected `,` between names"));
            // Another name is read at once; anything else is passed over.
            if !input.peek(Ident::peek_any) {
                is_whole = false;
                skip_to_comma(input);
            }
        }
        if input.parse::<Option<Token![,]>>().is_err() {
            break;
        }
    }
    (names, is_whole)
}

/// `flowers`, `accuracy: f64` or `params:model.depth`.
fn name(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Name> {
    let ident = dataset_name(input, diagnostics)?;
    let is_parameters = is_parameters(&plain(&ident));
    if is_parameters && input.peek(Token![.]) {
        diagnostics.syntax(&input.error(format!("expected `:`: a field of the parameters is written `{ident}:field`")));
        input.parse::<Token![.]>()?;
    } else if input.parse::<Option<Token![:]>>()?.is_none() {
        return Ok(Name::Dataset { ident, ty: None });
    }
    if is_parameters {
        let mut fields = vec![field(input)?];
        while input.parse::<Option<Token![.]>>()?.is_some() {
            fields.push(field(input)?);
        }
        return Ok(Name::Parameter { keyword: ident, fields });
    }
    let ty: syn::Type = input.parse()?;
    Ok(Name::Dataset { ident, ty: Some(ty.into_token_stream()) })
}

/// A field of the parameters. A tuple's field would be a number, which no parameter file has.
fn field(input: ParseStream<'_>) -> syn::Result<Ident> {
    input
        .parse::<Ident>()
        .map_err(|error| syn::Error::new(error.span(), "expected a field of the parameters, as in `params:test_ratio`"))
}

/// The name of a dataset. A keyword or a string is reported, and taken for the name that is meant.
fn dataset_name(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Ident> {
    if input.peek(Token![&]) {
        let wanted = "expected the name of a dataset, without `&`: the function's signature decides how it is passed";
        diagnostics.syntax(&input.error(wanted));
        input.parse::<Token![&]>()?;
    }
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        let message = format!("expected a name, found a string: write `{}` without quotes", text.value());
        let error = syn::Error::new(text.span(), message);
        let meant = syn::parse_str::<Ident>(&text.value()).map_err(|_| error.clone())?;
        diagnostics.syntax(&error);
        return Ok(Ident::new(&meant.to_string(), text.span()));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected the name of a dataset"));
    }
    let ident = input.call(Ident::parse_any)?;
    if !is_keyword(&ident) {
        return Ok(ident);
    }
    let error = syn::Error::new(ident.span(), format!("`{ident}` is a keyword of Rust: write `r#{ident}`"));
    // These cannot be written raw.
    if ["self", "Self", "super", "crate", "_"].iter().any(|word| ident == word) {
        return Err(syn::Error::new(ident.span(), format!("`{ident}` cannot be the name of a dataset")));
    }
    diagnostics.syntax(&error);
    Ok(Ident::new_raw(&ident.to_string(), ident.span()))
}
