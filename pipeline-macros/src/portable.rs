//! `#[portable]`: what a pipeline declares beside its nodes if its values can leave the process.
//!
//! Each declaration is a call that stands where the pipeline names the dataset: there rustc says what cannot leave.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::ast::Name;
use crate::expand::{Expansion, body};
use crate::graph::Home;

/// The declarations of the catalog's datasets, each at the first node that reads or writes it.
pub(crate) struct Ports<'a> {
    expansion: &'a Expansion<'a>,
    /// For each dataset, whether its readers have been declared.
    are_read: Vec<bool>,
    has_parameters: bool,
    has_datasets: bool,
}

impl<'a> Ports<'a> {
    pub(crate) fn new(expansion: &'a Expansion<'a>) -> Self {
        Self {
            expansion,
            are_read: vec![false; expansion.graph.datasets.len()],
            has_parameters: false,
            has_datasets: false,
        }
    }

    /// Whether datasets of the catalog have been declared.
    pub(crate) fn has_datasets(&self) -> bool {
        self.has_datasets
    }

    /// The declarations that stand before a node.
    pub(crate) fn of_node(&mut self, index: usize) -> TokenStream {
        let graph = self.expansion.graph;
        let (node, wires) = (&graph.nodes[index], &graph.wires[index]);
        let mut calls = TokenStream::new();
        for (name, id) in node.inputs.names.iter().zip(&wires.inputs) {
            if let &Some(id) = id {
                calls.extend(self.input(name, id));
            }
        }
        for (name, id) in node.outputs.names.iter().zip(&wires.outputs) {
            if let (Name::Dataset { ident, .. }, &Some(id)) = (name, id)
                && graph.datasets[id].home == Home::Catalog
                && self.expansion.is_writer(index, id)
            {
                calls.extend(self.call("writes", ident, id));
            }
        }
        calls
    }

    fn input(&mut self, name: &Name, id: usize) -> Option<TokenStream> {
        match (name, self.expansion.graph.datasets[id].home) {
            (Name::Parameter { keyword, .. }, _) => self.parameters(keyword),
            (Name::Dataset { ident, .. }, Home::Parameter) => self.parameters(ident),
            (Name::Dataset { ident, .. }, Home::Catalog) => {
                (!std::mem::replace(&mut self.are_read[id], true)).then(|| self.call("reads", ident, id))
            }
            (Name::Dataset { .. }, Home::Memory) => None,
        }
    }

    fn parameters(&mut self, at: &Ident) -> Option<TokenStream> {
        let field = self.expansion.parameters(at);
        let span = Span::call_site().located_at(at.span());
        let body = body(at.span());
        let call =
            || quote_spanned!(span=> #body.parameters(|catalog| &catalog.#field, |catalog| &mut catalog.#field););
        (!std::mem::replace(&mut self.has_parameters, true)).then(call)
    }

    fn call(&mut self, method: &str, ident: &Ident, id: usize) -> TokenStream {
        let span = Span::call_site().located_at(ident.span());
        self.has_datasets = true;
        let (body, method, place) = (body(ident.span()), Ident::new(method, span), self.expansion.place(id));
        quote_spanned!(span=> #body.#method(#place, |catalog| &catalog.#ident).shows_its_values();)
    }
}
