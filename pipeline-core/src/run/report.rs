//! What became of a run.

use std::fmt;

use crate::dag::{Node, ResumeHint, SharedDag};
use crate::{Error, Outputs};

/// How a node fared in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its function was called and its outputs are saved.
    Completed,
    /// It could not be executed to its end.
    Failed,
    /// The runner only tells what it would do, as `DryRunner`.
    WouldExecute,
    /// It was not executed, and why.
    Skipped(&'static str),
}

impl Status {
    /// The slice leaves it out: nobody asked for it.
    pub(super) const NOT_SELECTED: Self = Self::Skipped("it is not selected");
}

/// What became of a run: of each node, of the free outputs, and the error that ended it.
///
/// Its `Display` is in Kedro's words, of the nodes that the run was asked for: those that a slice leaves out are not told.
#[derive(Debug)]
#[must_use = "a run that failed has a report too: `into_result` makes an error of it"]
pub struct Report<O: Outputs = ()> {
    /// The free outputs, each in an `Option`.
    pub outputs: O::Partial,
    dag: SharedDag,
    /// How each node fared, if not all are completed.
    statuses: Option<Box<[Status]>>,
    error: Option<Error>,
    resume_hint: Option<ResumeHint>,
}

impl<O: Outputs> Report<O> {
    pub(super) fn new(
        outputs: O::Partial,
        dag: SharedDag,
        statuses: Option<Box<[Status]>>,
        error: Option<Error>,
        resume_hint: Option<ResumeHint>,
    ) -> Self {
        Self { outputs, dag, statuses, error, resume_hint }
    }

    /// The nodes, in the order of execution, and how each fared.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (Node<'_>, Status)> {
        let status = |node: Node<'_>| match &self.statuses {
            None => Status::Completed,
            Some(statuses) => statuses[node.id().index()],
        };
        self.dag.nodes().map(move |node| (node, status(node)))
    }

    /// Whether all nodes are completed.
    pub(super) fn is_whole(&self) -> bool {
        self.statuses.is_none()
    }

    /// The error that ended the run.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// After a run that failed, where to resume it: Kedro's rule, the nearest nodes whose inputs are persisted.
    #[must_use]
    pub fn resume_hint(&self) -> Option<&ResumeHint> {
        self.resume_hint.as_ref()
    }

    /// The free outputs of a run that met no error.
    ///
    /// # Errors
    ///
    /// Returns the error that ended the run.
    pub fn into_result(self) -> Result<O::Partial, Error> {
        self.error.map_or(Ok(self.outputs), Err)
    }

    fn with_status(&self, wanted: Status) -> impl Iterator<Item = Node<'_>> {
        self.nodes().filter(move |&(_, status)| status == wanted).map(|(node, _)| node)
    }
}

impl<O: Outputs> fmt::Display for Report<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_would = self.with_status(Status::WouldExecute).count();
        if n_would > 0 {
            write!(f, "Actual run would execute {n_would} node{}:", if n_would == 1 { "" } else { "s" })?;
            return self.with_status(Status::WouldExecute).try_for_each(|node| write!(f, "\n{node}"));
        }
        let n_completed = self.with_status(Status::Completed).count();
        let n_selected = self.dag.len() - self.with_status(Status::NOT_SELECTED).count();
        write!(f, "Completed {n_completed} out of {n_selected} nodes")?;
        for (node, status) in self.nodes().filter(|&(_, status)| status != Status::NOT_SELECTED) {
            match status {
                Status::Failed => write!(f, "\nfailed: {node}")?,
                Status::Skipped(why) => write!(f, "\nskipped, because {why}: {node}")?,
                Status::Completed | Status::WouldExecute => {}
            }
        }
        Ok(())
    }
}
