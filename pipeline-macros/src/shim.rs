//! `pipeline!` in its two steps: to the catalog's macro and back.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};

use crate::ast::{Entry, EntryKind, Form, Pipeline};
use crate::diagnostics::Diagnostics;
use crate::editor::{self, Editor};
use crate::expand::Context;
use crate::graph::Graph;
use crate::scan::plain;
use crate::{check, expand, parse};

/// Hands a pipeline to the macro of its catalog.
pub(crate) fn pipeline_in(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    match parse::head(tokens.clone()) {
        Ok(head) => {
            let catalog = head.catalog.unwrap_or_else(|| catalog_in_scope(&tokens));
            to_catalog(&krate, &catalog, "pipeline_with", &tokens)
        }
        Err(error) => error.into_compile_error(),
    }
}

/// Expands a pipeline with the fields of its catalog.
pub(crate) fn pipeline_with(tokens: TokenStream) -> TokenStream {
    match from_catalog(tokens) {
        Ok(Call { krate, entries, catalog, tokens }) => match parse::head(tokens) {
            Ok(head) => pipeline(&krate, &catalog, &entries, head),
            Err(error) => error.into_compile_error(),
        },
        Err(error) => error.into_compile_error(),
    }
}

/// Expands a pipeline.
fn pipeline(krate: &TokenStream, catalog: &TokenStream, entries: &[Entry], head: parse::Head) -> TokenStream {
    with_graph(krate, catalog, entries, head, expand::expand)
}

/// Reads and checks a pipeline, and has `expand` expand it.
pub(crate) fn with_graph<T>(
    krate: &TokenStream,
    catalog: &TokenStream,
    entries: &[Entry],
    head: parse::Head,
    expand: impl FnOnce(&Context<'_>, &Graph<'_>, &Form) -> T,
) -> T {
    let mut diagnostics = Diagnostics::default();
    let sketches = if editor::asks() { editor::sketches(editor::unnest(head.nodes.clone())) } else { Vec::new() };
    let Pipeline { form, nodes } = parse::pipeline(head, &mut diagnostics);
    let graph = Graph::new(&nodes, entries);
    check::check(&graph, &form, entries, &mut diagnostics);
    if !editor::asks() {
        return expand(&Context { krate, catalog, diagnostics: &diagnostics, editor: None }, &graph, &form);
    }
    let editor = Editor { sketches: &sketches, entries, graph: &graph, form: &form };
    let nodes = editor::nodes_without_places(&nodes);
    let context = Context { krate, catalog, diagnostics: &diagnostics, editor: Some(&editor) };
    expand(&context, &Graph::new(&nodes, entries), &form)
}

/// The catalog of a pipeline without `for`: the one called `Catalog`.
fn catalog_in_scope(tokens: &TokenStream) -> TokenStream {
    let first = tokens.clone().into_iter().next().map_or_else(Span::call_site, |tree| tree.span());
    let catalog = Ident::new("Catalog", Span::call_site().located_at(first));
    quote!(#catalog)
}

/// A call of the catalog's macro that has it call `next` with its fields.
pub(crate) fn to_catalog(krate: &TokenStream, catalog: &TokenStream, next: &str, tokens: &TokenStream) -> TokenStream {
    let next = Ident::new(next, Span::call_site());
    let makro = if editor::asks() { &editor::without_places(catalog) } else { catalog };
    quote!(#makro! { [#krate] #next [#catalog] { #tokens } })
}

/// What the catalog's macro calls us with.
pub(crate) struct Call {
    pub(crate) krate: TokenStream,
    pub(crate) entries: Vec<Entry>,
    pub(crate) catalog: TokenStream,
    pub(crate) tokens: TokenStream,
}

/// Reads `[$crate] [{ name kind } …] [Catalog] { tokens }`.
pub(crate) fn from_catalog(tokens: TokenStream) -> syn::Result<Call> {
    let parser = |input: ParseStream<'_>| {
        let krate = input.parse::<Group>()?.stream();
        let entries = input.parse::<Group>()?.stream().into_iter().filter_map(entry).collect();
        let catalog = input.parse::<Group>()?.stream();
        let tokens = input.parse::<Group>()?.stream();
        Ok(Call { krate, entries, catalog, tokens })
    };
    parser.parse2(tokens)
}

fn entry(tree: TokenTree) -> Option<Entry> {
    let TokenTree::Group(group) = tree else { return None };
    let mut idents = group.stream().into_iter().filter_map(|tree| match tree {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    });
    let name = idents.next()?;
    let kind = if idents.next()? == "parameters" { EntryKind::Parameters } else { EntryKind::Dataset };
    Some(Entry { name: plain(&name), kind, span: name.span() })
}

/// Takes the `[$crate]` off the front, which the macros of `pipeline-core` put there.
pub(crate) fn split_krate(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut trees = tokens.into_iter();
    match trees.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => (group.stream(), trees.collect()),
        other => (quote!(::pipeline_core), other.into_iter().chain(trees).collect()),
    }
}
