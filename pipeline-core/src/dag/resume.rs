//! Where a run that failed can be taken up again.

use std::fmt;

use super::selection::Selection;
use super::{Dag, Kind, NodeId, names, walk};
use crate::shell::quoted;

/// Where a run that failed can be taken up again; its `Display` tells the user in Kedro's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeHint {
    n_left: usize,
    from_nodes: Vec<String>,
    /// Whether some nodes need not run again.
    saves_nodes: bool,
}

impl ResumeHint {
    /// How many nodes have not run to their end.
    #[must_use]
    pub fn n_left(&self) -> usize {
        self.n_left
    }

    /// The nodes to start from, by the names that [`Slice::from_nodes`](super::Slice::from_nodes) takes, sorted. Empty if no node
    /// ran.
    #[must_use]
    pub fn from_nodes(&self) -> &[String] {
        &self.from_nodes
    }
}

impl fmt::Display for ResumeHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from_nodes.is_empty() {
            return f.write_str("No node was completed, so there is nothing to resume: repeat the previous command once the cause is mended.");
        }
        let (are, s, have) = if self.n_left == 1 { ("is", "", "has") } else { ("are", "s", "have") };
        writeln!(f, "There {are} {} node{s} that {have} not run.", self.n_left)?;
        if !self.saves_nodes {
            return f
                .write_str("No node can be left out of a new run. Repeat the previous command to attempt a new run.");
        }
        write!(
            f,
            "You can resume the pipeline run from the nearest nodes with persisted inputs by adding the following \
             argument to your previous command:\n  --from-nodes {}",
            quoted(&self.from_nodes)
        )
    }
}

impl Dag {
    /// Where a run of `selection` can be taken up again, if any of its nodes has not completed.
    ///
    /// Kedro's rule: from the nearest nodes with persisted inputs. Nodes that have not completed run again; so does the writer of an
    /// input that is not persisted, as none in memory is, and in turn all that comes after it. `is_persisted` is asked for datasets of
    /// the catalog, whether a later run finds what this one saved.
    ///
    /// The nodes that are named run all that is needed and need nothing else, if `from_nodes` with them takes the place of any
    /// `from_nodes` of the run that failed, and all other filters stay.
    ///
    /// ```
    /// use pipeline_core::dag::Selection;
    /// use pipeline_core::prelude::*;
    ///
    /// catalog! { struct Catalog { raw: Text = "raw.txt", clean: Text = "clean.txt", report: Text = "report.txt" } }
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
    /// # fn main() {
    /// let has_run = |node| reporting::DAG.node(node).function() != "render";
    /// let hint = reporting::DAG.resume_hint(&Selection::whole(reporting::DAG), has_run, |_| true).unwrap();
    /// assert_eq!(
    ///     hint.to_string(),
    ///     "There is 1 node that has not run.\n\
    ///      You can resume the pipeline run from the nearest nodes with persisted inputs by adding the following argument \
    ///      to your previous command:\n  --from-nodes \"count\""
    /// );
    /// # }
    /// ```
    pub fn resume_hint(
        &self,
        selection: &Selection,
        is_completed: impl Fn(NodeId) -> bool,
        is_persisted: impl Fn(&str) -> bool,
    ) -> Option<ResumeHint> {
        let left: Vec<NodeId> = selection.order().filter(|&node| !is_completed(node)).collect();
        if left.is_empty() {
            return None;
        }
        let (n_left, n_selected) = (left.len(), selection.len());
        if n_left == n_selected {
            return Some(ResumeHint { n_left, from_nodes: Vec::new(), saves_nodes: false });
        }
        let nodes = walk::again(self, selection, left, |input| match input.kind() {
            Kind::Memory => true,
            Kind::Catalog => !is_persisted(input.name()),
            Kind::Parameter => false,
        });
        let mut from_nodes = names::labels(self, walk::first(self, &nodes));
        from_nodes.sort_unstable();
        Some(ResumeHint { n_left, from_nodes, saves_nodes: nodes.len() < n_selected })
    }
}
