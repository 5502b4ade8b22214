//! `pipeline!` in its two steps: to the catalog's macro and back.

use std::borrow::Cow;

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};

use crate::ast::{Entry, EntryKind, Form, Pipeline};
use crate::diagnostics::Diagnostics;
use crate::editor::{self, Editor};
use crate::expand::Context;
use crate::graph::Graph;
use crate::scan::plain;
use crate::{cfg, check, expand, parse};

/// Hands a pipeline to the macro of its catalog.
pub(crate) fn pipeline_in(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    match parse::head(tokens.clone()) {
        Ok(head) => {
            if let Some(calls) = cfg::ask(&krate, "pipeline", &tokens, matches!(head.form, Form::Expression)) {
                return calls;
            }
            if matches!(&head.form, Form::Item(item) if cfg::leaves_out(&item.attributes)) {
                return TokenStream::new();
            }
            let catalog = head.catalog.unwrap_or_else(|| catalog_in_scope(&tokens));
            to_catalog(&krate, &catalog, "pipeline_with", &tokens)
        }
        Err(error) => error.into_compile_error(),
    }
}

/// Expands a pipeline with the fields of its catalog.
pub(crate) fn pipeline_with(tokens: TokenStream) -> TokenStream {
    match from_catalog(tokens) {
        Ok(Call { krate, entries, catalog, items, tokens }) => match parse::head(tokens) {
            Ok(head) => with_graph(&krate, &catalog, &entries, Some(items), head, false, expand::expand),
            Err(error) => error.into_compile_error(),
        },
        Err(error) => error.into_compile_error(),
    }
}

/// Reads and checks a pipeline, and has `expand` expand it. Where it stands may ask that it be portable.
pub(crate) fn with_graph<T>(
    krate: &TokenStream,
    catalog: &TokenStream,
    entries: &[Entry],
    items: Option<Span>,
    head: parse::Head,
    is_in_portable: bool,
    expand: impl FnOnce(&Context<'_>, &Graph<'_>, &Form) -> T,
) -> T {
    let mut diagnostics = Diagnostics::default();
    let sketches = if editor::asks() { editor::sketches(editor::unnest(head.nodes.clone())) } else { Vec::new() };
    let Pipeline { form, mut nodes, mut unwired } = parse::pipeline(head, &mut diagnostics);
    let is_unreadable = |entry: &&Entry| entry.kind == EntryKind::Unreadable;
    let mut entries = Cow::Borrowed(entries);
    if entries.iter().any(|entry| is_unreadable(&entry)) {
        unwired.unreadable.extend(entries.iter().filter(is_unreadable).map(|entry| entry.name.clone()));
        entries.to_mut().retain(|entry| !is_unreadable(&entry));
    }
    let entries = &*entries;
    if let (Form::Expression, Some(items)) = (&form, items) {
        // The code of a node has no state. Where it stands in a function, a local variable would be state.
        for node in &mut nodes {
            node.function.resolve_at(items);
        }
    }
    let graph = Graph::new(&nodes, entries);
    check::check(&graph, &form, entries, &unwired, &mut diagnostics);
    let is_portable = is_in_portable || matches!(&form, Form::Item(item) if item.is_portable);
    if !editor::asks() {
        let context = Context { krate, catalog, diagnostics: &diagnostics, is_portable, editor: None };
        return expand(&context, &graph, &form);
    }
    let editor = Editor { sketches: &sketches, entries, graph: &graph, form: &form };
    let nodes = editor::nodes_without_places(&nodes);
    let context = Context { krate, catalog, diagnostics: &diagnostics, is_portable, editor: Some(&editor) };
    expand(&context, &Graph::new(&nodes, entries), &form)
}

/// The catalog of a pipeline without `for`: the one called `Catalog`.
fn catalog_in_scope(tokens: &TokenStream) -> TokenStream {
    let first = tokens.clone().into_iter().next().filter(|_| !editor::asks());
    let first = first.map_or_else(Span::call_site, |tree| tree.span());
    let catalog = Ident::new("Catalog", Span::call_site().located_at(first));
    quote!(#catalog)
}

/// A call of the catalog's macro that has it call `next` with its fields.
pub(crate) fn to_catalog(krate: &TokenStream, catalog: &TokenStream, next: &str, tokens: &TokenStream) -> TokenStream {
    let next = Ident::new(next, Span::call_site());
    let makro = if editor::asks() { editor::without_places(catalog) } else { ours_at_its_place(catalog) };
    // From here on, a name at this place means an item: neither a local variable of the user's, nor one of ours.
    let mut tokens = Group::new(Delimiter::Brace, tokens.clone());
    tokens.set_span(Span::mixed_site());
    quote!(#makro! { [#krate] #next [#catalog] #tokens })
}

/// The path of the catalog's macro with its last part as ours, at the same place: if there is no such macro, rustc names the macro that this
/// part comes from, and that name says what to do.
fn ours_at_its_place(catalog: &TokenStream) -> TokenStream {
    let mut trees: Vec<TokenTree> = catalog.clone().into_iter().collect();
    if let Some(TokenTree::Ident(last)) = trees.last_mut() {
        last.set_span(Span::call_site().located_at(last.span()));
    }
    trees.into_iter().collect()
}

/// What the catalog's macro calls us with.
pub(crate) struct Call {
    pub(crate) krate: TokenStream,
    pub(crate) entries: Vec<Entry>,
    pub(crate) catalog: TokenStream,
    /// Where a name means an item.
    pub(crate) items: Span,
    pub(crate) tokens: TokenStream,
}

/// Reads `[$crate] ["crate_of_the_catalog" name … { name kind } …] [Catalog] { tokens }`.
pub(crate) fn from_catalog(tokens: TokenStream) -> syn::Result<Call> {
    let parser = |input: ParseStream<'_>| {
        let krate = input.parse::<Group>()?.stream();
        let mut entries = input.parse::<Group>()?.stream().into_iter();
        let (declared_in, here) = (entries.next().map(|name| name.to_string()), this_crate().to_string());
        // An editor would look there for what the user means.
        let is_here = here != "\"\"" && declared_in == Some(here) && !editor::asks();
        let entries = entries.filter_map(|tree| entry(tree, is_here)).collect();
        let catalog = input.parse::<Group>()?.stream();
        let tokens = input.parse::<Group>()?;
        Ok(Call { krate, entries, catalog, items: tokens.span_open(), tokens: tokens.stream() })
    };
    parser.parse2(tokens)
}

/// A name for the crate that is compiled, as Cargo tells it; a binary may be called as the library beside it.
pub(crate) fn this_crate() -> Literal {
    let names = ["CARGO_CRATE_NAME", "CARGO_BIN_NAME"].map(|variable| std::env::var(variable).unwrap_or_default());
    Literal::string(names.join(" ").trim())
}

fn entry(tree: TokenTree, is_here: bool) -> Option<Entry> {
    let group = match tree {
        TokenTree::Group(group) => group,
        TokenTree::Ident(name) => {
            let span = is_here.then(|| name.span());
            return Some(Entry { name: plain(&name), kind: EntryKind::Dataset, span });
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => return None,
    };
    let mut idents = group.stream().into_iter().filter_map(|tree| match tree {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    });
    let name = idents.next()?;
    let kind = match idents.next()?.to_string().as_str() {
        "parameters" => EntryKind::Parameters,
        "unreadable" => EntryKind::Unreadable,
        _ => EntryKind::Dataset,
    };
    Some(Entry { name: plain(&name), kind, span: is_here.then(|| name.span()) })
}

/// Takes the `[$crate]` off the front, which the macros of `pipeline-core` put there.
pub(crate) fn split_krate(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut trees = tokens.into_iter();
    match trees.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => (group.stream(), trees.collect()),
        other => (quote!(::pipeline_core), other.into_iter().chain(trees).collect()),
    }
}
