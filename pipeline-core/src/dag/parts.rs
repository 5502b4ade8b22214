//! What a DAG is stored as: plain data that a `static` can hold. `pipeline!` writes it, with the functions here; a sum computes it.
//!
//! The lists of places are slices in a `static` and vectors in a sum, so their type is a parameter.

use std::panic::Location;
use std::time::Duration;

use super::{Dag, Kind, Parts};

/// A node.
#[derive(Clone, Copy, Debug)]
pub struct NodeParts<List> {
    pub(super) name: Option<&'static str>,
    pub(super) function: &'static str,
    pub(super) tags: &'static [&'static str],
    pub(super) inputs: List,
    pub(super) outputs: List,
    pub(super) n_predecessors: u32,
    pub(super) layer: u32,
    pub(super) successors: List,
    pub(super) patience: Patience,
}

/// How often a node may be called, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) retries: u32,
    pub(super) backoff: Duration,
    pub(super) timeout: Option<Duration>,
}

impl Patience {
    /// Once, for as long as it likes.
    pub(super) const NO_LIMIT: Self = Self { retries: 0, backoff: Duration::ZERO, timeout: None };
}

/// A dataset.
#[derive(Clone, Copy, Debug)]
pub struct DatasetParts<List> {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) writer: Option<u32>,
    pub(super) readers: List,
}

impl NodeParts<Vec<u32>> {
    pub(super) fn borrow(&self) -> NodeParts<&[u32]> {
        let Self { name, function, tags, inputs, outputs, n_predecessors, layer, successors, patience } = self;
        NodeParts {
            name: *name,
            function,
            tags,
            inputs,
            outputs,
            n_predecessors: *n_predecessors,
            layer: *layer,
            successors,
            patience: *patience,
        }
    }
}

impl DatasetParts<Vec<u32>> {
    pub(super) fn borrow(&self) -> DatasetParts<&[u32]> {
        let Self { name, kind, writer, readers } = self;
        DatasetParts { name, kind: *kind, writer: *writer, readers }
    }
}

type List = &'static [u32];

/// The DAG of these nodes, in the order of execution, and datasets, those in memory first.
#[must_use]
#[track_caller]
pub const fn dag(nodes: &'static [NodeParts<List>], datasets: &'static [DatasetParts<List>]) -> Dag {
    Dag { parts: Parts::Static(nodes, datasets), declared_at: Some(Location::caller()) }
}

/// A node that calls `function`, with the places of its inputs and outputs among the datasets.
#[must_use]
pub const fn node(function: &'static str, inputs: List, outputs: List) -> NodeParts<List> {
    NodeParts {
        name: None,
        function,
        tags: &[],
        inputs,
        outputs,
        n_predecessors: 0,
        layer: 0,
        successors: &[],
        patience: Patience::NO_LIMIT,
    }
}

impl NodeParts<List> {
    /// The name that the user gave it.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Its tags.
    #[must_use]
    pub const fn tagged(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// How many other nodes must be done before it.
    #[must_use]
    pub const fn after(mut self, n_predecessors: u32) -> Self {
        self.n_predecessors = n_predecessors;
        self
    }

    /// The longest way to it from a node that waits for none, in nodes.
    #[must_use]
    pub const fn in_layer(mut self, layer: u32) -> Self {
        self.layer = layer;
        self
    }

    /// The places of the nodes that wait for it, ascending, each once.
    #[must_use]
    pub const fn before(mut self, successors: List) -> Self {
        self.successors = successors;
        self
    }

    /// How many more times it is tried, and how many milliseconds it waits before the first of them.
    #[must_use]
    pub const fn retrying(mut self, retries: u32, backoff: u64) -> Self {
        self.patience.retries = retries;
        self.patience.backoff = Duration::from_millis(backoff);
        self
    }

    /// How many milliseconds it may take.
    #[must_use]
    pub const fn within(mut self, timeout: u64) -> Self {
        self.patience.timeout = Some(Duration::from_millis(timeout));
        self
    }
}

/// A dataset that the catalog declares.
#[must_use]
pub const fn in_catalog(name: &'static str) -> DatasetParts<List> {
    dataset(name, Kind::Catalog)
}

/// A dataset in memory.
#[must_use]
pub const fn in_memory(name: &'static str) -> DatasetParts<List> {
    dataset(name, Kind::Memory)
}

/// A parameter, or all of them.
#[must_use]
pub const fn parameter(name: &'static str) -> DatasetParts<List> {
    dataset(name, Kind::Parameter)
}

const fn dataset(name: &'static str, kind: Kind) -> DatasetParts<List> {
    DatasetParts { name, kind, writer: None, readers: &[] }
}

impl DatasetParts<List> {
    /// The place of the node that writes it.
    #[must_use]
    pub const fn written_by(mut self, node: u32) -> Self {
        self.writer = Some(node);
        self
    }

    /// The places of the nodes that read it, ascending, once for each time that a node reads it.
    #[must_use]
    pub const fn read_by(mut self, nodes: List) -> Self {
        self.readers = nodes;
        self
    }
}
