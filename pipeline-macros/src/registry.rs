//! `pipelines!`: pipelines by name.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Token, Visibility};

use crate::ast::{Entry, EntryKind, Form};
use crate::diagnostics::Diagnostics;
use crate::parse::{self, Head, attributes};
use crate::scan::{after_comma, is_entry, is_punct, plain, take_until};
use crate::shim::{self, from_catalog, split_krate, to_catalog};
use crate::{cfg, editor, expand};

/// A registry as it is written.
struct Registry {
    attributes: TokenStream,
    /// Whether `#[portable]` stands before it: all its pipelines are.
    is_portable: bool,
    visibility: Visibility,
    name: Ident,
    catalog: TokenStream,
    pipelines: Vec<Registered>,
}

/// `__default__ = data_processing + data_science`
pub(crate) struct Registered {
    pub(crate) name: Ident,
    pub(crate) terms: Vec<Term>,
}

/// A part of a sum, or all there is.
pub(crate) enum Term {
    /// Another entry of the registry.
    Entry(Ident),
    /// A pipeline declared elsewhere: `data_processing::pipeline()`.
    Path(TokenStream),
    /// `pipeline!< … >`
    Literal(TokenStream),
    /// None of these, which has been reported.
    Unreadable(TokenStream),
}

impl Term {
    fn tokens(&self) -> TokenStream {
        match self {
            Term::Entry(name) => name.to_token_stream(),
            Term::Path(tokens) | Term::Literal(tokens) | Term::Unreadable(tokens) => tokens.clone(),
        }
    }
}

/// Hands a registry to the macro of its catalog.
pub(crate) fn pipelines_in(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    if let Some(calls) = cfg::ask(&krate, "pipelines", &tokens, false) {
        return calls;
    }
    let parser = |input: ParseStream<'_>| parse(input, &mut Diagnostics::default());
    match parser.parse2(tokens.clone()) {
        Ok(registry) if cfg::leaves_out(&registry.attributes) => TokenStream::new(),
        Ok(registry) => to_catalog(&krate, &registry.catalog, "pipelines_with", &tokens),
        Err(error) => error.into_compile_error(),
    }
}

/// Expands a registry with the fields of its catalog.
pub(crate) fn pipelines_with(tokens: TokenStream) -> TokenStream {
    let call = match from_catalog(tokens) {
        Ok(call) => call,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let parser = |input: ParseStream<'_>| parse(input, &mut diagnostics);
    match parser.parse2(call.tokens) {
        Ok(registry) => {
            check(&registry, &mut diagnostics);
            if editor::asks() {
                let names = editor::names_in_registry(&call.krate, &registry.catalog, &registry.pipelines);
                let pipelines = editor::registry_without_places(&registry.pipelines);
                let expansion =
                    expand(&call.krate, &call.entries, &Registry { pipelines, ..registry }, &diagnostics, &names);
                return quote!(#expansion #diagnostics);
            }
            let expansion = expand(&call.krate, &call.entries, &registry, &diagnostics, &TokenStream::new());
            quote!(#diagnostics #expansion)
        }
        Err(error) => error.into_compile_error(),
    }
}

fn parse(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Registry> {
    let (attributes, is_portable) = parse::portable(attributes(input)?);
    let visibility = input.parse()?;
    input.parse::<Token![fn]>()?;
    let name: Ident = input.parse()?;
    let parameters: Group = input.parse()?;
    if parameters.delimiter() != Delimiter::Parenthesis || !parameters.stream().is_empty() {
        let message = format!("`{name}` takes no parameters");
        let help = format!(
            "write `fn {name}()`: workers and tests make the same registry; a value that pipelines need is a \
             dataset or a parameter of the catalog, which `with_catalog` makes"
        );
        diagnostics.error(parameters.span(), &message, &help);
    }
    input.parse::<Token![for]>()?;
    let catalog = take_until(input, |cursor| cursor.group(Delimiter::Brace).is_some());
    let content;
    syn::braced!(content in input);
    let pipelines = if editor::asks() {
        let parser = |input: ParseStream<'_>| Ok(registered(input, diagnostics));
        parser.parse2(editor::unnest_entries(content.parse()?)).unwrap_or_default()
    } else {
        registered(&content, diagnostics)
    };
    Ok(Registry { attributes, is_portable, visibility, name, catalog, pipelines })
}

/// Reads every entry that it can.
fn registered(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Vec<Registered> {
    let mut pipelines = Vec::new();
    while !input.is_empty() {
        let error = match entry(input, diagnostics) {
            Ok(registered) => {
                pipelines.extend(registered);
                let is_over = input.is_empty() || input.peek(Token![,]);
                (!is_over).then(|| input.error("expected `,` between pipelines"))
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            diagnostics.syntax(&error);
            // Another entry is read at once; anything else is passed over.
            take_until(input, |cursor| is_punct(cursor, ',') || is_entry(cursor));
        }
        if input.parse::<Option<Token![,]>>().is_err() {
            break;
        }
    }
    pipelines
}

/// An entry; none if a condition before it does not hold.
fn entry(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Option<Registered>> {
    let is_left_out = cfg::before(input, "a pipeline of a registry", diagnostics)?;
    let name: Ident = input.parse()?;
    if !input.peek(Token![=]) {
        return Err(input.error(format!("expected `=` after `{name}`")));
    }
    input.parse::<Token![=]>()?;
    let mut terms = vec![term_or_rest(input, diagnostics)];
    while input.parse::<Option<Token![+]>>()?.is_some() {
        terms.push(term_or_rest(input, diagnostics));
    }
    Ok((!is_left_out).then_some(Registered { name, terms }))
}

/// A term; what is none is reported, and ends where one would.
fn term_or_rest(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Term {
    let ahead = input.fork();
    term(&ahead, diagnostics).map_or_else(
        |error| {
            diagnostics.syntax(&error);
            Term::Unreadable(take_until(input, ends_term))
        },
        |term| {
            input.advance_to(&ahead);
            term
        },
    )
}

fn ends_term(cursor: Cursor<'_>) -> bool {
    is_punct(cursor, ',') || is_punct(cursor, '+') || is_entry(cursor)
}

/// What stands in angles ends with the `>`; without it, where the next entry begins.
fn ends_nodes(cursor: Cursor<'_>) -> bool {
    is_punct(cursor, '>') || is_entry(cursor) || after_comma(cursor).is_some_and(is_entry)
}

fn term(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Term> {
    let wanted = "expected `pipeline!< … >` or the name of a pipeline";
    let is_path = input.peek(Ident::peek_any) || input.peek(Token![::]);
    if !is_path || is_entry(input.cursor()) {
        return Err(input.error(wanted));
    }
    if input.peek(syn::Ident) && input.peek2(Token![!]) {
        let keyword: Ident = input.parse()?;
        input.parse::<Token![!]>()?;
        if keyword != "pipeline" {
            let error = syn::Error::new(keyword.span(), wanted);
            if !pipeline_graph::is_near(&keyword.to_string(), "pipeline") {
                return Err(error);
            }
            diagnostics.syntax(&error);
        }
        if !input.peek(Token![<]) {
            return Ok(Term::Literal(input.parse::<Group>()?.stream()));
        }
        input.parse::<Token![<]>()?;
        let nodes = take_until(input, ends_nodes);
        if input.parse::<Token![>]>().is_err() {
            diagnostics.syntax(&input.error("expected `>` after the nodes of `pipeline!< … >`"));
        }
        return Ok(Term::Literal(nodes));
    }
    let path: syn::Path = input.call(syn::Path::parse_mod_style)?;
    let arguments: Option<Group> = if input.peek(syn::token::Paren) { Some(input.parse()?) } else { None };
    if let Some(arguments) = arguments.as_ref().filter(|arguments| !arguments.stream().is_empty()) {
        let path = text_of(&quote!(#path));
        let message = format!("`{path}` is a pipeline, and takes no arguments");
        let help =
            format!("write `{path}()`: a pipeline reads and writes the datasets of the catalog that its nodes name");
        diagnostics.error(arguments.span(), &message, &help);
    }
    match (path.get_ident(), arguments) {
        (Some(ident), None) => Ok(Term::Entry(ident.clone())),
        _ => Ok(Term::Path(quote!(#path))),
    }
}

/// A bare name is an entry, no two entries have one name, and none is made of itself.
fn check(registry: &Registry, diagnostics: &mut Diagnostics) {
    let known: Vec<String> = registry.pipelines.iter().map(|registered| plain(&registered.name)).collect();
    for (index, registered) in registry.pipelines.iter().enumerate() {
        let name = &known[index];
        if known[..index].contains(name) {
            diagnostics.error(registered.name.span(), &format!("two pipelines are registered as `{name}`"), "");
        }
        for term in &registered.terms {
            let Term::Entry(entry) = term else { continue };
            let text = plain(entry);
            match known.iter().position(|known| *known == text) {
                None => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let hint = pipeline_graph::did_you_mean(&text, &known, "the registered pipelines");
                    let (end, a) = if hint.ends_with('?') { ("", 'A') } else { (";", 'a') };
                    let help =
                        format!("{hint}{end} {a} pipeline that is declared elsewhere is written as a call, `{text}()`");
                    diagnostics.error(entry.span(), &format!("no pipeline is registered as `{text}`"), &help);
                }
                Some(place) if place >= index => {
                    let help = format!("move `{text}` up: an entry is made of those before it");
                    let message = format!("`{text}` is registered only after `{name}`");
                    diagnostics.error(entry.span(), &message, &help);
                }
                Some(_) => {}
            }
        }
    }
}

fn expand(
    krate: &TokenStream,
    entries: &[Entry],
    registry: &Registry,
    diagnostics: &Diagnostics,
    names: &TokenStream,
) -> TokenStream {
    let Registry { attributes, is_portable, visibility, name, catalog, pipelines } = registry;
    let mut parts: Vec<Vec<Part>> = Vec::with_capacity(pipelines.len());
    let mut items = TokenStream::new();
    let mut made = TokenStream::new();
    let declared_as = if *is_portable { quote!(declared_portable) } else { quote!(declared) };
    for (index, registered) in pipelines.iter().enumerate() {
        let mut own_parts = Vec::new();
        let mut values = Vec::new();
        for (term_index, term) in registered.terms.iter().enumerate() {
            let value = match term {
                Term::Entry(entry) => {
                    match pipelines[..index].iter().position(|earlier| plain(&earlier.name) == plain(entry)) {
                        Some(place) => {
                            own_parts.extend(parts[place].iter().map(|part| Part { at: entry.span(), ..part.clone() }));
                            let local = local(&pipelines[place].name);
                            quote!(::core::clone::Clone::clone(&#local))
                        }
                        None => missing(krate, catalog),
                    }
                }
                Term::Unreadable(_) => missing(krate, catalog),
                Term::Path(path) => {
                    let name = text_of(path);
                    let part = format_ident!("PART_{index}_{term_index}", span = Span::mixed_site());
                    let Declared { at, term } = declared(krate, catalog, path);
                    let sum = quote!(#krate::__private::sum);
                    items.extend(quote!(const #part: #sum::Declared = #sum::#declared_as(#name, || #term);));
                    items.extend(constant(at, &quote!(#part.mistake)));
                    own_parts.push(Part { name, dag: quote!(#part.dag), at });
                    quote!(#term.pipeline)
                }
                Term::Literal(nodes) => {
                    let dag = format_ident!("DAG_{index}_{term_index}", span = Span::mixed_site());
                    let (item, value) = literal(krate, catalog, entries, nodes, *is_portable, &dag);
                    items.extend(item);
                    own_parts.push(Part {
                        name: plain(&registered.name),
                        dag: quote!(&#dag),
                        at: registered.name.span(),
                    });
                    value
                }
            };
            values.push(value);
        }
        if registered.terms.len() > 1 {
            items.extend(check_sum(krate, &registered.terms, &own_parts));
        }
        parts.push(own_parts);
        let (local, text) = (local(&registered.name), plain(&registered.name));
        made.extend(quote!(let #local = (#(#values)+*).named(#text);));
    }
    let texts: Vec<String> = pipelines.iter().map(|registered| plain(&registered.name)).collect();
    // The second of two entries of one name has been reported.
    let is_first = |index: &usize| !texts[..*index].contains(&texts[*index]);
    let (new, with, reach) = if *is_portable {
        (quote!(portable), quote!(with_portable), quote!(, #krate::dataset::AnyProcess))
    } else {
        (quote!(new), quote!(with), TokenStream::new())
    };
    let made_with = (0..pipelines.len()).filter(is_first).map(|index| {
        let (local, text) = (local(&pipelines[index].name), &texts[index]);
        quote!(.#with(#text, #local))
    });
    // What a mistake has left out may use any dataset.
    let datasets_are_used = diagnostics.is_empty().then(|| check_datasets(krate, entries, &parts));
    quote! {
        #attributes
        #[must_use]
        #visibility fn #name() -> #krate::Pipelines<#catalog #reach> {
            #names
            #items
            #datasets_are_used
            #made
            #krate::__private::Pipelines::#new(<#catalog as ::core::default::Default>::default) #(#made_with)*
        }
    }
}

/// A pipeline that a mistake has left out.
fn missing(krate: &TokenStream, catalog: &TokenStream) -> TokenStream {
    quote!(#krate::__private::missing::<#krate::Pipeline<#catalog>>())
}

/// A pipeline that is declared elsewhere, as a term of a sum.
struct Declared {
    /// Where its name stands.
    at: Span,
    /// The term. Nothing else names the pipeline, so rustc reports a mistake in its name once.
    term: TokenStream,
}

fn declared(krate: &TokenStream, catalog: &TokenStream, path: &TokenStream) -> Declared {
    let at = path.clone().into_iter().last().map_or_else(Span::call_site, |tree| tree.span());
    // The parentheses stand at the name, or rustc would show all of the registry as a wrong term.
    let arguments = quote_spanned!(Span::call_site().located_at(at)=> ());
    Declared { at, term: quote!(#krate::__private::sum::Term::<#catalog, _> { pipeline: #path #arguments }) }
}

/// A pipeline that is written out: its static DAG, and the pipeline.
fn literal(
    krate: &TokenStream,
    catalog: &TokenStream,
    entries: &[Entry],
    nodes: &TokenStream,
    is_portable: bool,
    dag: &Ident,
) -> (TokenStream, TokenStream) {
    match parse::head(nodes.clone()) {
        Ok(head) => {
            let mut diagnostics = Diagnostics::default();
            head_is_the_registrys(&head, catalog, &mut diagnostics);
            let (item, value) =
                shim::with_graph(krate, catalog, entries, None, head, is_portable, |context, graph, _| {
                    expand::expand_apart(context, graph, dag)
                });
            (quote!(#diagnostics #item), value)
        }
        Err(error) => {
            let error = error.into_compile_error();
            let item = quote!(#error static #dag: #krate::Dag = #krate::__private::dag::dag(&[], &[]););
            (item, missing(krate, catalog))
        }
    }
}

/// A pipeline that is written out has the name of its entry, and the catalog of the registry.
fn head_is_the_registrys(head: &Head, catalog: &TokenStream, diagnostics: &mut Diagnostics) {
    if let Form::Item(item) = &head.form {
        let name = plain(&item.name);
        let message = format!("`{name}` is declared inside of a registry, where no other module finds it");
        let help = format!(
            "write the nodes alone, `pipeline!< node(…) >`, or declare `{name}` outside and write `{name}()` here"
        );
        diagnostics.error(item.name.span(), &message, &help);
        return;
    }
    let named = head.catalog.as_ref().filter(|named| named.to_string() != catalog.to_string());
    if let Some(last) = named.and_then(|named| named.clone().into_iter().last()) {
        let message = format!("the pipelines of this registry are over `{}`", text_of(catalog));
        let named = named.map(text_of).unwrap_or_default();
        diagnostics.error(last.span(), &message, &format!("leave out `for {named};`"));
    }
}

/// A path as one writes it.
fn text_of(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// A pipeline that is a part of a sum.
#[derive(Clone)]
struct Part {
    /// What the user calls it.
    name: String,
    /// An expression for its DAG.
    dag: TokenStream,
    /// Where the sum names it.
    at: Span,
}

/// Constants that panic if the parts of a sum do not fit together: only rustc knows the DAGs of pipelines declared elsewhere.
fn check_sum(krate: &TokenStream, terms: &[Term], parts: &[Part]) -> TokenStream {
    let part = |part: &Part| {
        let Part { name, dag, .. } = part;
        quote!((#name, #dag))
    };
    let mut checks = TokenStream::new();
    for (index, second) in parts.iter().enumerate() {
        for first in &parts[..index] {
            let (first, second_part) = (part(first), part(second));
            checks.extend(constant(second.at, &quote!(#krate::__private::sum::two_parts(#first, #second_part))));
        }
    }
    let dags = parts.iter().map(|part| &part.dag);
    let n_nodes = quote!({ 0 #(+ #krate::Dag::len(#dags))* });
    let all = parts.iter().map(part);
    let places: Vec<Span> = terms.iter().flat_map(Term::tokens).map(|tree| tree.span()).collect();
    let call_site = Span::call_site();
    let (first, last) = (places.first().copied().unwrap_or(call_site), places.last().copied().unwrap_or(call_site));
    checks.extend(constant_over(first, last, &quote!(#krate::__private::sum::cycle::<#n_nodes>(&[#(#all),*]))));
    checks
}

/// Calls that warn, under its name in the catalog, of each dataset that no pipeline uses. Those of another crate's catalog may be used there.
fn check_datasets(krate: &TokenStream, entries: &[Entry], parts: &[Vec<Part>]) -> TokenStream {
    let dags: Vec<&TokenStream> = parts.iter().flatten().map(|part| &part.dag).collect();
    let checks = entries.iter().filter(|entry| entry.kind == EntryKind::Dataset).filter_map(|entry| {
        let (name, span) = (&entry.name, entry.span?);
        let used = Ident::new("used_by_a_pipeline", Span::call_site().located_at(span));
        Some(quote!(#krate::__private::sum::Dataset::<{ #krate::__private::sum::is_used(#name, ALL) }>::#used();))
    });
    quote! {
        const ALL: &[&#krate::Dag] = &[#(#dags),*];
        #(#checks)*
    }
}

/// A constant that panics with the text that `check` finds, at a place of the user's.
fn constant(at: Span, check: &TokenStream) -> TokenStream {
    constant_over(at, at, check)
}

/// The same from one place to another: rustc shows the call of `panic!` from its first token to its last.
fn constant_over(first: Span, last: Span, check: &TokenStream) -> TokenStream {
    let [first, last] = [first, last].map(|place| Span::call_site().located_at(place));
    let mut message = Group::new(Delimiter::Parenthesis, quote_spanned!(last=> "{}", text.as_str()));
    message.set_span(last);
    let panic = quote_spanned!(first=> ::core::panic! #message);
    quote! {
        #[allow(long_running_const_eval)]
        const _: () = if let ::core::option::Option::Some(text) = #check { #panic };
    }
}

/// The local that holds the pipeline of an entry.
fn local(name: &Ident) -> Ident {
    let text = format!("pipeline_{}", plain(name));
    Ident::new(&text, Span::mixed_site().located_at(name.span()))
}
