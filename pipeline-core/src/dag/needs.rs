//! What selected nodes need that no selected node makes and nothing keeps.

use super::selection::Selection;
use super::{Dag, Dataset, Kind, Node, Slice, names, walk};
use crate::Error;

impl Dag {
    /// Checks that selected nodes find their inputs: one that is in memory is there only if its writer is selected too.
    ///
    /// An input in the catalog is taken to be there, and parameters are. A run looks more closely: one that the catalog keeps in the memory of this
    /// process, and that holds nothing, is there only if its writer is selected.
    ///
    /// # Errors
    ///
    /// Fails if an input is not there; the error names all such inputs with their writers, and the nodes to add.
    ///
    /// ```
    /// use pipeline_core::prelude::*;
    ///
    /// catalog! { struct Catalog { A: Memory<i32>, B: Memory<i32> } }
    /// pipeline! {
    ///     doubling for Catalog {
    ///         node(add, [A] -> [sum]),
    ///         node(double, [sum] -> [B]),
    ///     }
    /// }
    /// fn add(a: i32) -> i32 { a + 1 }
    /// fn double(sum: i32) -> i32 { 2 * sum }
    ///
    /// # fn main() -> Result<(), pipeline_core::Error> {
    /// let selection = doubling::DAG.select(&Slice::new().from_nodes(["double"]))?;
    /// assert_eq!(
    ///     doubling::DAG.check_inputs(&selection).unwrap_err().to_string(),
    ///     "selected nodes read what is in memory only and written by nodes that are not selected: `sum` (by `add`); \
    ///      select `add` too, or, as the only filter, `--from-nodes \"add\"`"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_inputs(&self, selection: &Selection) -> Result<(), Error> {
        self.check_inputs_beside(selection, |_| false)
    }

    /// As [`check_inputs`](Self::check_inputs), for a catalog in which some datasets hold nothing yet and are there only in a run that writes them.
    pub(crate) fn check_inputs_beside(
        &self,
        selection: &Selection,
        holds_nothing: impl Fn(Dataset<'_>) -> bool,
    ) -> Result<(), Error> {
        let is_made = |dataset: Dataset<'_>| is_in_memory(dataset) || holds_nothing(dataset);
        let lost: Vec<(Dataset<'_>, Node<'_>)> = self
            .datasets()
            .filter(|&dataset| dataset.readers().any(|node| selection.contains(node.id())))
            .filter_map(|dataset| Some((dataset, dataset.writer()?)))
            .filter(|&(dataset, writer)| !selection.contains(writer.id()) && is_made(dataset))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let all = walk::backwards_over(self, selection.order(), is_made);
        let added = all.order().filter(|&node| !selection.contains(node));
        let from_there = walk::again(self, &Selection::whole(self), all.order(), is_made);
        Err(Error::InMemoryOnly {
            pipeline: None,
            inputs: lost.into_iter().map(|(dataset, node)| (dataset.name().to_owned(), names::label(node))).collect(),
            add: names::labels(self, added),
            from_nodes: names::labels(self, walk::first(self, &from_there)),
            select: Box::new(self.slice_of(all, is_made)),
        })
    }

    /// The shortest filters that select these nodes and no other. Where names mean other nodes too,
    /// as in a sum of a pipeline and itself, those are selected with all that they need.
    fn slice_of(&self, mut nodes: Selection, is_made: impl Fn(Dataset<'_>) -> bool) -> Slice {
        let named = loop {
            let named = Slice::new().nodes(names::labels(self, nodes.order()));
            let selected = self.select(&named).unwrap_or_else(|_| nodes.clone());
            let needed = walk::backwards_over(self, selected.order(), &is_made);
            if needed == nodes {
                break named;
            }
            nodes = needed;
        };
        let (first, last) =
            (names::labels(self, walk::first(self, &nodes)), names::labels(self, walk::last(self, &nodes)));
        let shorter = [
            Slice::new().from_nodes(&first),
            Slice::new().to_nodes(&last),
            Slice::new().from_nodes(&first).to_nodes(&last),
        ];
        let is_exact = |slice: &Slice| self.select(slice).is_ok_and(|selected| selected == nodes);
        shorter.into_iter().filter(is_exact).chain([named]).min_by_key(Slice::n_names).unwrap_or_default()
    }
}

fn is_in_memory(dataset: Dataset<'_>) -> bool {
    dataset.kind() == Kind::Memory
}
