//! Large pipelines in several functions: what rustc needs for one grows faster than the function.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::Expansion;
use super::call::{body, local};
use crate::ast::Name;
use crate::graph::{Dataset, Home};

/// How many nodes stand in one function, if they can be divided there.
const NODES: usize = 256;

impl Expansion<'_> {
    /// The nodes in the order of execution, divided where no dataset in memory passes whose type is left to inference: that is as far as rustc
    /// infers types. All of them are one chunk where functions may use local variables, and where there are mistakes.
    pub(super) fn chunks(&self) -> Vec<&[usize]> {
        let nodes = self.order.nodes.as_slice();
        let is_divided = self.has_no_locals
            && self.context.editor.is_none()
            && self.context.diagnostics.is_empty()
            && nodes.len() > NODES;
        if !is_divided {
            return vec![nodes];
        }
        let mut place_of = vec![0; nodes.len()];
        for (place, &node) in nodes.iter().enumerate() {
            place_of[node] = place;
        }
        // For each place, how far the datasets reach that are written there.
        let mut reach: Vec<usize> = (0..nodes.len()).collect();
        for dataset in self.graph.datasets.iter().filter(|dataset| dataset.home == Home::Memory) {
            let Some(writer) = dataset.writers.first() else { continue };
            let readers = dataset.readers.iter().map(|reader| place_of[reader.node]).max();
            let last = readers.unwrap_or_else(|| if is_named(dataset) { 0 } else { nodes.len() });
            let writer = place_of[writer.node];
            reach[writer] = reach[writer].max(last);
        }
        let (mut chunks, mut start, mut reached) = (Vec::new(), 0, 0);
        for (place, &reach) in reach.iter().enumerate() {
            reached = reached.max(reach);
            if place + 1 - start >= NODES && reached <= place {
                chunks.push(&nodes[start..=place]);
                start = place + 1;
            }
        }
        chunks.push(&nodes[start..]);
        chunks.retain(|chunk| !chunk.is_empty());
        chunks
    }

    /// Functions that declare a chunk each, and what is needed of them behind: the keys of the free outputs.
    pub(super) fn in_chunks(&self, chunks: &[&[usize]]) -> TokenStream {
        let (krate, seen, body) = (self.context.krate, self.seen_catalog(), body(Span::call_site()));
        let functions = chunks.iter().enumerate().map(|(index, chunk)| {
            let (name, nodes) = (format_ident!("declare_nodes_{index}"), self.nodes(chunk));
            quote! {
                fn #name(#body: &mut #krate::__private::Body<'_, #seen>) { #nodes }
                #body.declare_nodes(#name);
            }
        });
        let keys = self.places.datasets.iter().filter_map(|&id| {
            let dataset = &self.graph.datasets[id];
            if dataset.home != Home::Memory || !dataset.readers.is_empty() {
                return None;
            }
            let Name::Dataset { ident, .. } = self.graph.output(*dataset.writers.first()?) else { return None };
            let (slot, ty) = (local("slot", ident), dataset.type_of_output()?);
            // The type is the user's, and is not in the unsafe block.
            Some(quote_spanned!(Span::call_site().located_at(slot.span())=> let #slot: #krate::__private::Key<#ty> = unsafe { #body.key() };))
        });
        quote!({ #(#functions)* } #(#keys)*)
    }

    /// The datasets that these nodes write.
    pub(super) fn written_by(&self, nodes: &[usize]) -> HashSet<usize> {
        nodes.iter().flat_map(|&node| self.graph.wires[node].outputs.iter().flatten().copied()).collect()
    }
}

/// Whether the type of a free output is written.
fn is_named(dataset: &Dataset) -> bool {
    dataset.type_of_output().is_some()
}
