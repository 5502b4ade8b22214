//! What rust-analyzer gets beside the expansion, and rustc does not: see [`Editor`], and [`names_in_registry`] for `pipelines!`.
//!
//! rust-analyzer takes every token of an expansion that stands where the user's name does for that name. rustc wants the same places
//! for its errors, on locals and methods of ours. So for rust-analyzer the expansion itself has no places of the user's, and
//! each name of the user's stands once where it means just what the user means: a function, a field of the catalog or of the
//! parameters, a local for a dataset in memory.
//!
//! To complete a name, rust-analyzer adds one to the code, expands that too, and wants the text of both expansions to be the same up to
//! that name. So the names come first in the expansion, and of a list first the unknown ones, each as `offer.name`; `offer` is there
//! also behind the last.

mod unclosed;

use std::ffi::OsStr;
use std::sync::LazyLock;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::LitStr;
use syn::buffer::{Cursor, TokenBuffer};

use crate::ast::{Entry, EntryKind, Form, Function, FunctionKind, List, Name, Node, Setting};
use crate::cfg;
use crate::expand::{Context, body};
use crate::graph::{Graph, Home, is_parameters};
use crate::registry::{Registered, Term};
use crate::scan::{after_brackets, after_comma, any_from, is_any_arrow, is_keyword, plain};

pub(crate) use self::unclosed::{unnest, unnest_entries};

/// What rust-analyzer adds to a name to complete it.
const COMPLETION_MARKER: &str = "raCompletionMarker";

/// What is shown at the keyword `node`.
const NODE: &str = " A node: `node(function, [inputs] -> [outputs])`, and behind them `name = \"…\"` and `tags = [\"…\"]`.\n\n \
    A `?` behind the function says that it returns a `Result`; `params:` before an input that it is a parameter.";

/// Whether rust-analyzer expands, in its server for procedural macros. `cfg(rust_analyzer)` would say so too, but rustc warns of a
/// condition that the user's crate does not declare.
pub(crate) fn asks() -> bool {
    static ASKS: LazyLock<bool> = LazyLock::new(|| {
        let program = std::env::current_exe().unwrap_or_default();
        program.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("rust-analyzer"))
    });
    #[cfg(test)]
    if ASKS_IN_TEST.get() {
        return true;
    }
    *ASKS
}

#[cfg(test)]
thread_local! {
    /// Has a test be rust-analyzer.
    pub(crate) static ASKS_IN_TEST: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The names of a pipeline as the user wrote them.
pub(crate) struct Editor<'a> {
    pub(crate) sketches: &'a [Sketch],
    pub(crate) entries: &'a [Entry],
    /// The graph with the places of the user's names.
    pub(crate) graph: &'a Graph<'a>,
    pub(crate) form: &'a Form,
}

/// What can be read of a node, however much of it is there.
#[derive(Debug)]
pub(crate) struct Sketch {
    /// `node`, or the letters of it that are there.
    keyword: Ident,
    function: TokenStream,
    inputs: Vec<Name>,
    outputs: Vec<Name>,
}

/// Reads what there is of nodes.
pub(crate) fn sketches(nodes: TokenStream) -> Vec<Sketch> {
    let mut sketches: Vec<Sketch> = Vec::new();
    let (mut follows_keyword, mut is_left_out) = (false, false);
    for tree in nodes {
        follows_keyword = match tree {
            TokenTree::Group(group) if follows_keyword && group.delimiter() == Delimiter::Parenthesis => {
                if let Some(sketch) = sketches.last_mut() {
                    read(group.stream(), sketch);
                }
                false
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                is_left_out |= cfg::condition(&group).is_some();
                false
            }
            TokenTree::Ident(_) if std::mem::take(&mut is_left_out) => false,
            TokenTree::Ident(keyword) if !is_keyword(&keyword) => {
                let (function, inputs, outputs) = Default::default();
                sketches.push(Sketch { keyword, function, inputs, outputs });
                true
            }
            _ => false,
        };
    }
    sketches
}

fn read(tokens: TokenStream, sketch: &mut Sketch) {
    let buffer = TokenBuffer::new2(tokens);
    let mut cursor = buffer.begin();
    let ends = if any_from(cursor, ends_before_inputs) {
        ends_before_inputs
    } else {
        |cursor: Cursor<'_>| after_comma(cursor).is_some()
    };
    let mut function = TokenStream::new();
    while let (false, Some((tree, rest))) = (ends(cursor), cursor.token_tree()) {
        function.extend([tree]);
        cursor = rest;
    }
    sketch.function = path(function);
    let mut lists = Vec::new();
    let mut bare = None;
    while let Some((tree, rest)) = cursor.token_tree() {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && lists.len() < 2 => {
                lists.push(names(group.stream()));
            }
            TokenTree::Ident(ident) if lists.len() == 1 && bare.is_none() => {
                bare = Some(Name::Dataset { ident, ty: None });
            }
            _ => {}
        }
        cursor = rest;
    }
    let mut lists = lists.into_iter();
    sketch.inputs = lists.next().unwrap_or_default();
    sketch.outputs = lists.next().unwrap_or_else(|| bare.into_iter().collect());
}

fn ends_before_inputs(cursor: Cursor<'_>) -> bool {
    after_comma(cursor).and_then(after_brackets).is_some_and(is_any_arrow)
}

/// The path of a function; nothing for a closure, which stays where it is called.
fn path(function: TokenStream) -> TokenStream {
    let mut trees: Vec<TokenTree> = function.into_iter().collect();
    if matches!(trees.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '?') {
        trees.pop();
    }
    let is_path = trees.iter().all(|tree| match tree {
        TokenTree::Ident(ident) => ident != "move",
        TokenTree::Punct(punct) => [':', '<', '>', ','].contains(&punct.as_char()),
        TokenTree::Group(group) => group.delimiter() == Delimiter::None,
        TokenTree::Literal(_) => false,
    });
    if is_path { trees.into_iter().collect() } else { TokenStream::new() }
}

/// Names between commas, also without the last part: `params:`, `params:model.`.
fn names(tokens: TokenStream) -> Vec<Name> {
    let mut names = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let rest: Vec<TokenTree> = std::iter::from_fn(|| {
            trees.next_if(|tree| !matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ','))
        })
        .collect();
        trees.next();
        let TokenTree::Ident(ident) = tree else { continue };
        let has_fields = matches!(rest.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        names.push(if has_fields && is_parameters(&plain(&ident)) {
            let fields =
                rest.into_iter().filter_map(|tree| if let TokenTree::Ident(ident) = tree { Some(ident) } else { None });
            Name::Parameter { keyword: ident, fields: fields.collect() }
        } else {
            Name::Dataset { ident, ty: None }
        });
    }
    names
}

/// The nodes without the places of their names.
pub(crate) fn nodes_without_places(nodes: &[Node]) -> Vec<Node> {
    let (here, ident) = (Span::call_site(), without_place);
    let list = |list: &List| {
        let names = list.names.iter().map(|name| match name {
            Name::Dataset { ident: name, ty } => Name::Dataset { ident: ident(name), ty: ty.clone() },
            Name::Parameter { keyword, fields } => {
                Name::Parameter { keyword: ident(keyword), fields: fields.iter().map(ident).collect() }
            }
        });
        List { names: names.collect(), is_whole: true, span: here }
    };
    let text = |text: &LitStr| LitStr::new(&text.value(), here);
    nodes
        .iter()
        .map(|node| {
            let (kind, tokens) = match &node.function.kind {
                FunctionKind::Closure => (FunctionKind::Closure, node.function.tokens.clone()),
                FunctionKind::Path { name, generic } => (
                    FunctionKind::Path { name: name.clone(), generic: *generic },
                    without_places(&node.function.tokens),
                ),
            };
            Node {
                function: Function { tokens, kind, span: here },
                fallible: node.fallible.map(|_| here),
                inputs: list(&node.inputs),
                outputs: list(&node.outputs),
                name: node.name.as_ref().map(text),
                tags: node.tags.iter().map(text).collect(),
                retries: node.retries.map(|Setting { value, .. }| Setting { at: here, value }),
                backoff: node.backoff.map(|Setting { value, .. }| Setting { at: here, value }),
                timeout: node.timeout.map(|Setting { value, .. }| Setting { at: here, value }),
            }
        })
        .collect()
}

/// The names of the pipelines in a registry: for each a local, and before it what it is made of, however much of it is there.
pub(crate) fn names_in_registry(krate: &TokenStream, catalog: &TokenStream, pipelines: &[Registered]) -> TokenStream {
    let pipelines = pipelines.iter().map(|Registered { name, terms }| {
        let terms = terms.iter().filter_map(|term| match term {
            Term::Entry(entry) => Some(quote!(#entry)),
            Term::Path(path) => Some(path.clone()),
            Term::Unreadable(tokens) => Some(path(tokens.clone())),
            Term::Literal(_) => None,
        });
        let again = without_place(name);
        quote! {
            #(let _ = { #terms };)*
            let #name @ _: #krate::Pipeline<#catalog> = loop {};
            let _ = &#again;
        }
    });
    quote!(const _: () = { #(#pipelines)* };)
}

/// The same pipelines without the places of their names. What is written out is left to `nodes_without_places`.
pub(crate) fn registry_without_places(pipelines: &[Registered]) -> Vec<Registered> {
    let term = |term: &Term| match term {
        Term::Entry(entry) => Term::Entry(without_place(entry)),
        Term::Path(path) => Term::Path(without_places(path)),
        Term::Literal(nodes) => Term::Literal(nodes.clone()),
        Term::Unreadable(_) => Term::Unreadable(TokenStream::new()),
    };
    pipelines
        .iter()
        .map(|Registered { name, terms }| Registered {
            name: without_place(name),
            terms: terms.iter().map(term).collect(),
        })
        .collect()
}

/// The same name without its place.
fn without_place(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(Span::call_site());
    name
}

/// The same tokens without their places.
pub(crate) fn without_places(tokens: &TokenStream) -> TokenStream {
    let respanned = tokens.clone().into_iter().map(|tree| match tree {
        TokenTree::Group(group) => {
            let mut here = Group::new(group.delimiter(), without_places(&group.stream()));
            here.set_span(Span::call_site());
            TokenTree::Group(here)
        }
        mut tree => {
            tree.set_span(Span::call_site());
            tree
        }
    });
    respanned.collect()
}

/// The same errors with their words right before the name that is wrong. rust-analyzer shows an error where its words stand; in the
/// place of the name, it would take them for the name.
pub(crate) fn before_names(errors: TokenStream) -> TokenStream {
    let moved = errors.into_iter().map(|tree| match tree {
        TokenTree::Group(group) => {
            let mut same = Group::new(group.delimiter(), before_names(group.stream()));
            same.set_span(group.span());
            TokenTree::Group(same)
        }
        mut tree => {
            let is_known = proc_macro::is_available();
            tree.set_span(if is_known { tree.span().unwrap().start().into() } else { Span::call_site() });
            tree
        }
    });
    moved.collect()
}

impl Editor<'_> {
    /// The keywords, the names of functions, of the catalog and of the parameters, and those that are being typed.
    pub(crate) fn names(&self, context: &Context<'_>) -> TokenStream {
        let Context { krate, catalog, .. } = context;
        let nodes = self.sketches.iter().map(|sketch| {
            let (inputs, outputs) = (self.list(&sketch.inputs, false), self.list(&sketch.outputs, true));
            quote!(#inputs #outputs)
        });
        let keywords = self.sketches.iter().map(|sketch| &sketch.keyword);
        let functions = self.sketches.iter().map(|sketch| &sketch.function);
        let in_memory = self.graph.datasets.iter().filter(|dataset| dataset.home == Home::Memory);
        let fields = in_memory.map(|dataset| {
            let name = syn::parse_str::<Ident>(&dataset.name)
                .unwrap_or_else(|_| Ident::new_raw(&dataset.name, Span::call_site()));
            let ty = dataset.ty.clone().unwrap_or_else(|| quote!(#krate::__private::InMemory));
            quote!(#name: #ty)
        });
        quote! {
            const _: () = {
                #[doc = #NODE]
                fn node() {}
                #(let _ = { #keywords };)*
            };
            const _: () = { #(let _ = { #functions };)* };
            const _: () = {
                fn names(catalog: &#catalog, offer: &Offer) { #(#nodes)* }
                struct Offer { #(#fields),* }
                impl ::core::ops::Deref for Offer {
                    type Target = #catalog;
                    fn deref(&self) -> &#catalog { loop {} }
                }
            };
        }
    }

    fn list(&self, names: &[Name], are_outputs: bool) -> TokenStream {
        let mut unknown = TokenStream::new();
        let mut known = TokenStream::new();
        for name in names {
            let parameters = self.entries.iter().find(|entry| entry.kind == EntryKind::Parameters);
            match name {
                Name::Parameter { keyword, fields } => {
                    let Some(parameters) = parameters else { continue };
                    let keyword = if *keyword == parameters.name {
                        keyword.clone()
                    } else {
                        Ident::new(&parameters.name, Span::call_site())
                    };
                    known.extend(quote!(&catalog.#keyword #(.#fields)*;));
                }
                Name::Dataset { ident, .. } => {
                    let text = plain(ident);
                    if self.entries.iter().any(|entry| entry.name == text) {
                        known.extend(quote!(&catalog.#ident;));
                    } else if !self.is_in_memory(&text, are_outputs) && !is_parameters(&text) {
                        unknown.extend(quote!(&offer.#ident;));
                    }
                }
            }
        }
        quote!(#unknown &offer; #known)
    }

    /// Whether it is shown as a dataset in memory. An output that goes nowhere is a mistake in an item.
    fn is_in_memory(&self, name: &str, is_output: bool) -> bool {
        let known = self.graph.datasets.iter().find(|dataset| dataset.name == name && dataset.home == Home::Memory);
        match (known, self.form) {
            (Some(dataset), Form::Item(_)) => !is_output || dataset.ty.is_some() || !dataset.readers.is_empty(),
            // Any output is fine in an expression, except for one that is being completed.
            (Some(_), Form::Expression) => !(is_output && name.ends_with(COMPLETION_MARKER)),
            (None, _) => false,
        }
    }

    /// The names in memory, where their slots are in scope: for each a local that has its type.
    pub(crate) fn in_memory(&self, slot: impl Fn(&Ident) -> Ident) -> TokenStream {
        let mut locals = TokenStream::new();
        let mut uses = TokenStream::new();
        let body = body(Span::call_site());
        for dataset in self.graph.datasets.iter().filter(|dataset| dataset.home == Home::Memory) {
            let Some(&first) = dataset.writers.first() else { continue };
            let Name::Dataset { ident, .. } = self.graph.output(first) else { continue };
            let slot = slot(ident);
            // `@ _`, so that it is a new name where a constant has the same.
            locals.extend(quote!(let #ident @ _ = #body.value(#slot);));
            let others = dataset.writers[1..].iter().map(|&place| self.graph.output(place));
            for name in others.chain(dataset.readers.iter().map(|&place| self.graph.input(place))) {
                let Name::Dataset { ident, .. } = name else { continue };
                uses.extend(quote!(let _ = &#ident;));
            }
            if dataset.readers.is_empty() && dataset.writers.len() == 1 {
                let ident = without_place(ident);
                uses.extend(quote!(let _ = &#ident;));
            }
        }
        quote!({ #locals #uses })
    }

    /// Where the user names a free output.
    pub(crate) fn place(&self, output: &Ident) -> Ident {
        let name = plain(output);
        let dataset = self.graph.datasets.iter().find(|dataset| dataset.name == name && dataset.home == Home::Memory);
        match dataset.and_then(|dataset| dataset.writers.first()).map(|&place| self.graph.output(place)) {
            Some(Name::Dataset { ident, .. }) => ident.clone(),
            _ => output.clone(),
        }
    }
}
