//! Which nodes have outputs that are not there.

use std::collections::HashSet;

use super::selection::Selection;
use super::{Dag, Dataset, DatasetId, Kind, Node};

impl Dag {
    /// Of the selected nodes, those that must run for all outputs to be there: Kedro's `only_missing_outputs`. None, if all are.
    ///
    /// Kedro's rule: a node runs if it has no outputs; if a persisted output does not exist; or if a node that runs reads an
    /// output of it that is not persisted, as none in memory is. Whether an output is newer than the inputs does not count.
    /// `wanted` adds what the caller asks for that is not persisted, such as the ids of the [free
    /// outputs](Self::free_outputs): it is made too, unless it is in the catalog and exists.
    ///
    /// `is_persisted` and `exists` are asked for datasets of the catalog: whether what is saved is found by later runs, and whether
    /// it is there now. `exists` is asked once for a dataset, and only where the answer decides.
    ///
    /// # Errors
    ///
    /// Fails as `exists` does.
    ///
    /// ```
    /// use pipeline_core::dag::Selection;
    /// use pipeline_core::prelude::*;
    ///
    /// catalog! {
    ///     struct Catalog {
    ///         raw: Memory<String>,
    ///         clean: Memory<String> = Memory::new("two words".to_owned()),
    ///         report: Memory<String>,
    ///     }
    /// }
    /// pipeline! {
    ///     reporting for Catalog {
    ///         node(tidy, [raw] -> [clean]),
    ///         node(count, [clean] -> [n_words]),
    ///         node(render, [n_words] -> [report]),
    ///     }
    /// }
    /// fn tidy(raw: &str) -> String { raw.trim().to_owned() }
    /// fn count(clean: &str) -> usize { clean.split(' ').count() }
    /// fn render(n_words: usize) -> String { format!("{n_words} words") }
    ///
    /// # fn main() -> Result<(), pipeline_core::DatasetError> {
    /// let (dag, catalog) = (reporting::DAG, Catalog::default());
    /// let exists = |name: &str| catalog.dataset(name).map_or(Ok(false), |dataset| dataset.exists());
    /// let nodes = dag.missing_outputs(&Selection::whole(dag), |_| true, exists, [])?;
    /// assert_eq!(nodes, Selection::of(dag, |node| node.function() != "tidy"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn missing_outputs<E>(
        &self,
        selection: &Selection,
        is_persisted: impl Fn(&str) -> bool,
        mut exists: impl FnMut(&str) -> Result<bool, E>,
        wanted: impl IntoIterator<Item = DatasetId>,
    ) -> Result<Selection, E> {
        let wanted: HashSet<DatasetId> = wanted.into_iter().collect();
        let is_kept = |output: Dataset<'_>| output.kind() == Kind::Catalog && is_persisted(output.name());
        let mut must_run = |node: Node<'_>, running: &Selection| {
            let is_read = |output: Dataset<'_>| output.readers().any(|reader| running.contains(reader.id()));
            if node.outputs().len() == 0 || node.outputs().any(|output| !is_kept(output) && is_read(output)) {
                return Ok(true);
            }
            for output in node.outputs().filter(|&output| is_kept(output) || wanted.contains(&output.id())) {
                if output.kind() == Kind::Memory || !exists(output.name())? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut running = Selection::none(self);
        // Readers come before writers, so that it is known of each reader whether it runs.
        for node in selection.order().rev() {
            if must_run(self.node(node), &running)? {
                running.insert(node);
            }
        }
        Ok(running)
    }
}
