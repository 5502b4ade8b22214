//! The rules of a sum, checked when it compiles: constant functions over the static DAGs of its parts.
//!
//! `join` checks the same when a sum is made at run time, with the means that it has there.

use super::parts::{self, DatasetParts, NodeParts};
use super::{Dag, Kind, Parts};
use crate::{Outputs, Pipeline};

/// A part of a sum: what the user calls it, and its DAG.
pub type Part = (&'static str, &'static Dag);

/// A term of a sum over the catalog `C`: a struct, since of what stands in its field rustc says what it is instead, and no more.
#[derive(Debug)]
pub struct Term<C, O: Outputs> {
    /// The term.
    pub pipeline: Pipeline<C, O>,
}

/// What is known of a term when it compiles.
#[derive(Debug)]
pub struct Declared {
    /// The static DAG of the pipeline.
    pub dag: &'static Dag,
    /// Why it is not known.
    pub mistake: Option<Text>,
}

/// What a function that makes a pipeline tells: its DAG, if an item declares it.
#[must_use]
pub const fn declared<C, O: Outputs>(name: &str, _: fn() -> Term<C, O>) -> Declared {
    if let Some(dag) = O::DAG {
        return Declared { dag, mistake: None };
    }
    let text = Text::new().push("no `pipeline!` declares what `").push(name).push("` returns;");
    let text = text.push(" name the pipelines that it is made of, as in `data_processing() + data_science()`");
    Declared { dag: const { &parts::dag(&[], &[]) }, mistake: Some(text) }
}

/// As [`declared`], in a registry that is `#[portable]`.
#[must_use]
pub const fn declared_portable<C, O: Outputs>(name: &str, made: fn() -> Term<C, O>) -> Declared {
    let declared = declared(name, made);
    if declared.mistake.is_some() || O::IS_PORTABLE {
        return declared;
    }
    let text = Text::new().push("this registry is `#[portable]`, and `").push(name).push("` is not;");
    Declared { dag: declared.dag, mistake: Some(text.push(" write `#[portable]` before the pipeline")) }
}

/// Why two parts of a sum do not fit together: they write the same dataset, or have a node of the same name.
#[must_use]
pub const fn two_parts(first: Part, second: Part) -> Option<Text> {
    let ((a, dag_a), (b, dag_b)) = (first, second);
    let (mut i, datasets_a, datasets_b) = (0, datasets(dag_a), datasets(dag_b));
    while i < datasets_a.len() {
        let mut j = 0;
        while j < datasets_b.len() {
            if let Some((by_a, by_b)) = both_write(&datasets_a[i], &datasets_b[j]) {
                let text = Text::new().push("dataset `").push(datasets_a[i].name);
                let text = text.push("` is written by two pipelines: by node `").push(called(&nodes(dag_a)[by_a]));
                let text = text.push("` of `").push(a).push("` and node `").push(called(&nodes(dag_b)[by_b]));
                return Some(text.push("` of `").push(b).push("`"));
            }
            j += 1;
        }
        i += 1;
    }
    let (mut i, nodes_a, nodes_b) = (0, nodes(dag_a), nodes(dag_b));
    while i < nodes_a.len() {
        if let Some(name) = nodes_a[i].name
            && has_node(nodes_b, name)
        {
            let text = Text::new().push("two nodes are called `").push(name);
            return Some(text.push("`, in the pipelines `").push(a).push("` and `").push(b).push("`"));
        }
        i += 1;
    }
    None
}

/// Why a sum has no order: nodes wait for each other across its parts. `N` is the number of all nodes.
#[must_use]
pub const fn cycle<const N: usize>(parts: &[Part]) -> Option<Text> {
    let mut is_done = [false; N];
    let mut progress = true;
    while progress {
        progress = false;
        let mut node = 0;
        while node < N {
            if !is_done[node] && waits_for(parts, node, &is_done).is_none() {
                is_done[node] = true;
                progress = true;
            }
            node += 1;
        }
    }
    let mut start = 0;
    while start < N && is_done[start] {
        start += 1;
    }
    if start == N { None } else { Some(spell_out::<N>(parts, start, &is_done)) }
}

/// Whether any of these pipelines reads or writes a dataset of the catalog. One whose DAG a mistake has left empty may.
#[must_use]
pub const fn is_used(name: &str, parts: &[&'static Dag]) -> bool {
    let mut part = 0;
    while part < parts.len() {
        let datasets = datasets(parts[part]);
        if datasets.is_empty() {
            return true;
        }
        let mut i = 0;
        while i < datasets.len() {
            if matches!(datasets[i].kind, Kind::Catalog) && equal(datasets[i].name, name) {
                return true;
            }
            i += 1;
        }
        part += 1;
    }
    false
}

/// A dataset of the catalog, and whether a pipeline uses it.
#[derive(Debug)]
pub struct Dataset<const IS_USED: bool>;

impl Dataset<true> {
    /// All is well.
    pub const fn used_by_a_pipeline() {}
}

impl Dataset<false> {
    /// Stable Rust has no warnings from macros but this one.
    #[deprecated(note = "no pipeline of the registry reads or writes this dataset")]
    pub const fn used_by_a_pipeline() {}
}

/// From a node that waits, the way back over what it waits for runs into a circle; told from there, forwards.
const fn spell_out<const N: usize>(parts: &[Part], start: usize, is_done: &[bool; N]) -> Text {
    let mut node = start;
    let mut step = 0;
    while step < N {
        if let Some((_, writer)) = waits_for(parts, node, is_done) {
            node = writer;
        }
        step += 1;
    }
    // Now `node` lies on the circle. Datasets from its input back to its output.
    let (first, mut length) = (node, 0);
    let mut around = [""; N];
    loop {
        if let Some((dataset, writer)) = waits_for(parts, node, is_done) {
            around[length] = dataset;
            length += 1;
            node = writer;
        }
        if node == first || length == N {
            break;
        }
    }
    let mut text = Text::new().push("these datasets wait for each other: ");
    let mut left = length;
    while left > 0 {
        left -= 1;
        text = text.push(around[left]).push(" -> ");
    }
    text.push(around[length - 1])
}

/// The first input of a node whose writer is not done, and that writer. Nodes are counted through all parts.
const fn waits_for(parts: &[Part], node: usize, is_done: &[bool]) -> Option<(&'static str, usize)> {
    let (part, first) = part_of(parts, node);
    let (node, own) = (&nodes(parts[part].1)[node - first], datasets(parts[part].1));
    let mut i = 0;
    while i < node.inputs.len() {
        let dataset = &own[node.inputs[i] as usize];
        if let Some(writer) = writer(parts, first, dataset)
            && !is_done[writer]
        {
            return Some((dataset.name, writer));
        }
        i += 1;
    }
    None
}

/// The part that a node belongs to, and its first node.
const fn part_of(parts: &[Part], node: usize) -> (usize, usize) {
    let (mut part, mut first) = (0, 0);
    while node >= first + nodes(parts[part].1).len() {
        first += nodes(parts[part].1).len();
        part += 1;
    }
    (part, first)
}

/// Who writes a dataset of a part whose nodes begin at `first`: that part itself, or for one of the catalog another.
const fn writer(parts: &[Part], first: usize, dataset: &DatasetParts<&'static [u32]>) -> Option<usize> {
    if let Some(writer) = dataset.writer {
        return Some(first + writer as usize);
    }
    if !matches!(dataset.kind, Kind::Catalog) {
        return None;
    }
    let (mut part, mut first) = (0, 0);
    while part < parts.len() {
        let others = datasets(parts[part].1);
        let mut i = 0;
        while i < others.len() {
            if let Some(writer) = others[i].writer
                && matches!(others[i].kind, Kind::Catalog)
                && equal(others[i].name, dataset.name)
            {
                return Some(first + writer as usize);
            }
            i += 1;
        }
        first += nodes(parts[part].1).len();
        part += 1;
    }
    None
}

/// The two writers, if these are one dataset of the catalog.
const fn both_write(a: &DatasetParts<&'static [u32]>, b: &DatasetParts<&'static [u32]>) -> Option<(usize, usize)> {
    match (a.kind, b.kind, a.writer, b.writer) {
        (Kind::Catalog, Kind::Catalog, Some(by_a), Some(by_b)) if equal(a.name, b.name) => {
            Some((by_a as usize, by_b as usize))
        }
        _ => None,
    }
}

/// The name of a node, or that of its function.
const fn called(node: &NodeParts<&'static [u32]>) -> &'static str {
    if let Some(name) = node.name { name } else { node.function }
}

const fn has_node(nodes: &[NodeParts<&'static [u32]>], wanted: &str) -> bool {
    let mut i = 0;
    while i < nodes.len() {
        if let Some(name) = nodes[i].name
            && equal(name, wanted)
        {
            return true;
        }
        i += 1;
    }
    false
}

const fn nodes(dag: &Dag) -> &[NodeParts<&'static [u32]>] {
    match &dag.parts {
        Parts::Static(nodes, _) => nodes,
        Parts::Owned(..) => &[],
    }
}

const fn datasets(dag: &Dag) -> &[DatasetParts<&'static [u32]>] {
    match &dag.parts {
        Parts::Static(_, datasets) => datasets,
        Parts::Owned(..) => &[],
    }
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A message that is put together in a constant. What does not fit is left out.
#[derive(Debug)]
pub struct Text {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Text {
    const MOST: usize = 1024;

    const fn new() -> Self {
        Self { bytes: [0; Self::MOST], length: 0 }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        if self.length + text.len() <= Self::MOST {
            let mut i = 0;
            while i < text.len() {
                self.bytes[self.length + i] = text[i];
                i += 1;
            }
            self.length += text.len();
        }
        self
    }

    /// The message.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "the parts of this sum do not fit together",
        }
    }
}
