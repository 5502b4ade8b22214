//! What was measured, in words and tables.

use std::fmt::{self, Write as _};

use crate::code::Registry;
use crate::shape::Shape;
use crate::usage::Usage;

/// The cost of one pipeline: CPU time over the same code without it, and memory in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) shape: Shape,
    pub(crate) n_nodes: usize,
    pub(crate) check: Usage,
    pub(crate) release: Usage,
}

impl Row {
    pub(crate) const HEADING: &str = "\
| shape | nodes | check, s | ms a node | peak, MB | release, s | ms a node | peak, MB |
|---|---:|---:|---:|---:|---:|---:|---:|";

    /// Milliseconds a node.
    pub(crate) fn a_node(&self, usage: Usage) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        let n_nodes = self.n_nodes as f64;
        usage.seconds * 1000.0 / n_nodes
    }
}

impl fmt::Display for Row {
    /// A line of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} |", self.shape, self.n_nodes)?;
        [self.check, self.release].into_iter().try_for_each(|usage| {
            write!(f, " {:.2} | {:.2} | {:.0} |", usage.seconds, self.a_node(usage), usage.megabytes)
        })
    }
}

/// The cost of a registry: of all code together, and how much of its CPU time the registry takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfRegistry {
    pub(crate) registry: Registry,
    pub(crate) check: (Usage, f64),
    pub(crate) build: (Usage, f64),
}

impl OfRegistry {
    pub(crate) const HEADING: &str = "\
| code | check, s | of that the registry | peak, MB | debug build, s | of that the registry | peak, MB |
|---|---:|---:|---:|---:|---:|---:|";
}

impl fmt::Display for OfRegistry {
    /// A line of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} |", self.registry)?;
        [self.check, self.build]
            .into_iter()
            .try_for_each(|(all, registry)| write!(f, " {:.2} | {registry:.2} | {:.0} |", all.seconds, all.megabytes))
    }
}

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) registries: Vec<OfRegistry>,
    /// A pipeline of two nodes from nothing: without features, and with all.
    pub(crate) hello: [Usage; 2],
    pub(crate) rustc: String,
}

impl Report {
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "# What a pipeline costs to compile\n\n\
             Written by `cargo run --release -p pipeline-benches --bin compile-cost`, with {}.\n\n\
             CPU time of all processes together over the same code without the pipeline; dependencies are built before, \
             `CARGO_INCREMENTAL=0`, least of three runs (of two from 1,000 nodes on). The first nodes of a pipeline carry the fixed \
             costs. *Chain*: each node reads what the one before it wrote. *Layers*: √N nodes wide, each reads two datasets and each \
             dataset has two readers. *Wide*: each node has a free output. Peak memory is that of the largest process, in all.\n\n\
             ![milliseconds of CPU time a node](compile-cost.svg)\n\n{}\n",
            self.rustc,
            Row::HEADING
        );
        for row in &self.rows {
            let _ = writeln!(text, "{row}");
        }
        let _ = write!(
            text,
            "\n## Sums and registries\n\n\
             CPU time of all code together, and how much less it is without `pipelines!`. Parts of a sum are chains that meet in the \
             catalog, so 1 × 1,000 nodes are what the sums of 1,000 nodes have to be compared with.\n\n{}\n",
            OfRegistry::HEADING
        );
        for row in &self.registries {
            let _ = writeln!(text, "{row}");
        }
        let _ = write!(text, "\n{}\n", self.hello_world());
        text
    }

    pub(crate) fn hello_world(&self) -> String {
        let [without, with] = self.hello.map(|usage| usage.seconds);
        format!(
            "A debug build of two nodes and all dependencies, from nothing: {without:.1} s of CPU time without features, {with:.1} s \
             with the default ones."
        )
    }
}
