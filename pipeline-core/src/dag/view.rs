//! Nodes and datasets as their readers see them: small copies of a place in a DAG that answer questions.

use std::fmt;
use std::time::Duration;

use super::parts::{DatasetParts, NodeParts};
use super::{Dag, DatasetId, Kind, NodeId};

/// A node of a [`Dag`].
///
/// Its `Display` is Kedro's: `name: function([input;input]) -> [output]`, without `name: ` if it has no name.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(super) dag: &'a Dag,
    pub(super) id: NodeId,
}

impl<'a> Node<'a> {
    fn parts(self) -> NodeParts<&'a [u32]> {
        self.dag.node_parts(self.id)
    }

    pub(crate) fn dag(self) -> &'a Dag {
        self.dag
    }

    /// Its place in [`Dag::nodes`].
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The name that `name = "…"` gave it.
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        self.parts().name
    }

    /// The function that it calls: the last part of its path, or `<closure>`.
    #[must_use]
    pub fn function(self) -> &'a str {
        self.parts().function
    }

    /// Its tags, as written.
    #[must_use]
    pub fn tags(self) -> &'a [&'a str] {
        self.parts().tags
    }

    /// What it reads, in the order of the function's arguments.
    #[must_use]
    pub fn inputs(self) -> impl ExactSizeIterator<Item = Dataset<'a>> {
        self.parts().inputs.iter().map(move |&id| self.dag.dataset(DatasetId(id)))
    }

    /// What it writes, in the order of the function's results.
    #[must_use]
    pub fn outputs(self) -> impl ExactSizeIterator<Item = Dataset<'a>> {
        self.parts().outputs.iter().map(move |&id| self.dag.dataset(DatasetId(id)))
    }

    /// The [layer](Dag::layers) that it stands in, from 0.
    #[must_use]
    pub fn layer(self) -> usize {
        self.parts().layer as usize
    }

    /// How many other nodes must be done before it can run.
    #[must_use]
    pub fn n_predecessors(self) -> usize {
        self.parts().n_predecessors as usize
    }

    /// How many more times it is tried after a failure, at most: what `retries = 3` gave it.
    #[must_use]
    pub fn retries(self) -> u32 {
        self.parts().patience.retries
    }

    /// How long it waits before it is tried again; each time twice as long as the time before. What `backoff = "1s"` gave it.
    #[must_use]
    pub fn backoff(self) -> Duration {
        self.parts().patience.backoff
    }

    /// How long it may take: what `timeout = "30s"` gave it.
    #[must_use]
    pub fn timeout(self) -> Option<Duration> {
        self.parts().patience.timeout
    }

    /// The nodes that read what it writes, each once.
    #[must_use]
    pub fn successors(self) -> impl ExactSizeIterator<Item = Node<'a>> {
        self.parts().successors.iter().map(move |&id| self.dag.node(NodeId(id)))
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            write!(f, "{name}: ")?;
        }
        write!(f, "{}(", self.function())?;
        write_names(f, self.inputs())?;
        f.write_str(") -> ")?;
        write_names(f, self.outputs())
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({self})")
    }
}

fn write_names<'a>(f: &mut fmt::Formatter<'_>, datasets: impl Iterator<Item = Dataset<'a>>) -> fmt::Result {
    let mut opening = "[";
    for dataset in datasets {
        write!(f, "{opening}{}", dataset.name())?;
        opening = ";";
    }
    f.write_str(if opening == "[" { "None" } else { "]" })
}

/// A dataset of a [`Dag`], or a parameter.
#[derive(Clone, Copy)]
pub struct Dataset<'a> {
    pub(super) dag: &'a Dag,
    pub(super) id: DatasetId,
}

impl<'a> Dataset<'a> {
    fn parts(self) -> DatasetParts<&'a [u32]> {
        self.dag.dataset_parts(self.id)
    }

    /// Its place in [`Dag::datasets`].
    #[must_use]
    pub fn id(self) -> DatasetId {
        self.id
    }

    /// Its name; that of a parameter begins with `params:`.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.parts().name
    }

    /// Where it lives.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.parts().kind
    }

    /// The node that writes it; none for a free input.
    #[must_use]
    pub fn writer(self) -> Option<Node<'a>> {
        self.parts().writer.map(|id| self.dag.node(NodeId(id)))
    }

    /// The nodes that read it; a node that reads it twice is there twice.
    #[must_use]
    pub fn readers(self) -> impl ExactSizeIterator<Item = Node<'a>> {
        self.parts().readers.iter().map(move |&id| self.dag.node(NodeId(id)))
    }

    /// How many times it is read.
    #[must_use]
    pub fn n_readers(self) -> usize {
        self.parts().readers.len()
    }
}

impl fmt::Display for Dataset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Dataset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({}, {:?})", self.name(), self.kind())
    }
}
