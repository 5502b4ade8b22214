//! Which nodes of a pipeline are to run: Kedro's filters, by the names of nodes, tags and datasets.

use super::names::{self, Found, Known};
use super::selection::Selection;
use super::{Dag, Dataset, Node, NodeId, walk};
use crate::Error;
use crate::shell::quoted;

/// Some nodes of a pipeline, told by names: those from some node on, those that an output needs, those with a tag.
///
/// The words and the rules are those of `Pipeline.filter` in Kedro. Each filter is applied to the whole pipeline, and a node is
/// selected if all filters select it; so their order does not matter. A filter without names is none, and a slice without
/// filters selects everything. [`Dag::select`] applies it.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { flowers: Memory<Vec<f64>>, model: Memory<f64>, report: Memory<String> } }
/// pipeline! {
///     training for Catalog {
///         node(split, [flowers] -> [train, test], tags = ["prepare"]),
///         node(fit, [train] -> [model]),
///         node(score, [model, test] -> [accuracy]),
///         node(render, [accuracy] -> [report], name = "render_report"),
///     }
/// }
///
/// fn split(flowers: &[f64]) -> (Vec<f64>, Vec<f64>) { (flowers[1..].to_vec(), flowers[..1].to_vec()) }
/// fn fit(train: &[f64]) -> f64 { train.iter().sum() }
/// fn score(model: f64, test: &[f64]) -> f64 { model - test[0] }
/// fn render(accuracy: f64) -> String { accuracy.to_string() }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let functions = |slice: Slice| -> Result<Vec<&str>, pipeline_core::Error> {
///     Ok(training::DAG.select(&slice)?.order().map(|node| training::DAG.node(node).function()).collect())
/// };
/// assert_eq!(functions(Slice::new().to_outputs(["model"]))?, ["split", "fit"]);
/// assert_eq!(functions(Slice::new().from_nodes(["score"]))?, ["score", "render"]);
/// assert_eq!(functions(Slice::new().from_inputs(["train"]).to_nodes(["score"]))?, ["fit", "score"]);
/// assert_eq!(functions(Slice::new().to_outputs(["report"]).tags(["prepare"]))?, ["split"]);
///
/// let error = functions(Slice::new().nodes(["fitt"])).unwrap_err();
/// assert_eq!(error.to_string(), "there is no node `fitt` in the pipeline; did you mean `fit`?");
/// # Ok(())
/// # }
/// ```
///
/// # What a node is called
///
/// By the name that `name = "…"` gave it; or by its function, `fit`, if no other node calls that; or in full as it is
/// printed, `score([model;test]) -> [accuracy]`. A name that several nodes or datasets share in all respects, as those in the
/// memory of the parts of a sum may, means all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    from_nodes: Vec<String>,
    to_nodes: Vec<String>,
    nodes: Vec<String>,
    tags: Vec<String>,
    from_inputs: Vec<String>,
    to_outputs: Vec<String>,
}

impl Slice {
    /// Everything, until a filter is added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only these nodes and those that come after them, directly or not.
    #[must_use]
    pub fn from_nodes(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.from_nodes.extend(names.into_iter().map(Into::into));
        self
    }

    /// Only these nodes and those that they wait for, directly or not.
    #[must_use]
    pub fn to_nodes(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.to_nodes.extend(names.into_iter().map(Into::into));
        self
    }

    /// Only these nodes.
    #[must_use]
    pub fn nodes(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.nodes.extend(names.into_iter().map(Into::into));
        self
    }

    /// Only nodes that have any of these tags.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Only nodes that read any of these datasets or parameters, and those that come after them.
    #[must_use]
    pub fn from_inputs(mut self, datasets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.from_inputs.extend(datasets.into_iter().map(Into::into));
        self
    }

    /// Only nodes that write any of these datasets, and those that they wait for.
    #[must_use]
    pub fn to_outputs(mut self, datasets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.to_outputs.extend(datasets.into_iter().map(Into::into));
        self
    }

    /// How many filters there are.
    pub(crate) fn n_filters(&self) -> usize {
        self.filters().iter().filter(|(_, names)| !names.is_empty()).count()
    }

    /// How many names there are in all filters.
    pub(super) fn n_names(&self) -> usize {
        self.filters().iter().map(|(_, names)| names.len()).sum()
    }

    /// The filters by the flags of the command line, without their dashes.
    fn filters(&self) -> [(&'static str, &[String]); 6] {
        [
            ("from-nodes", &self.from_nodes),
            ("to-nodes", &self.to_nodes),
            ("nodes", &self.nodes),
            ("tags", &self.tags),
            ("from-inputs", &self.from_inputs),
            ("to-outputs", &self.to_outputs),
        ]
    }

    /// The filters as flags of the command line.
    pub(crate) fn flags(&self) -> String {
        let filters = self.filters().into_iter().filter(|(_, names)| !names.is_empty());
        let flags: Vec<String> = filters.map(|(flag, names)| format!("--{flag} {}", quoted(names))).collect();
        flags.join(" ")
    }

    /// Whether there are no filters, so that everything is selected.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

impl Dag {
    /// The nodes that a slice selects.
    ///
    /// Whether they find their inputs is another matter: see [`check_inputs`](Self::check_inputs).
    ///
    /// # Errors
    ///
    /// Fails if the slice names a node, a tag or a dataset that there is not, or calls a node by a function that others call too;
    /// the error has the nearest names. Fails too if the filters leave no node.
    pub fn select(&self, slice: &Slice) -> Result<Selection, Error> {
        let filters: [(&'static str, &[String], Filter<'_>); 6] = [
            ("tags", &slice.tags, &|tags| self.with_any_tag(tags)),
            ("from_nodes", &slice.from_nodes, &|names| Ok(walk::forwards(self, self.nodes_called(names)?))),
            ("to_nodes", &slice.to_nodes, &|names| Ok(walk::backwards(self, self.nodes_called(names)?))),
            ("nodes", &slice.nodes, &|names| {
                let nodes = self.nodes_called(names)?;
                Ok(Selection::of(self, |node| nodes.contains(&node.id())))
            }),
            ("from_inputs", &slice.from_inputs, &|datasets| {
                let datasets = self.datasets_called(datasets)?;
                Ok(walk::forwards(self, datasets.into_iter().flat_map(Dataset::readers).map(Node::id)))
            }),
            ("to_outputs", &slice.to_outputs, &|datasets| {
                let datasets = self.datasets_called(datasets)?;
                Ok(walk::backwards(self, datasets.into_iter().filter_map(Dataset::writer).map(Node::id)))
            }),
        ];
        let mut selection = Selection::whole(self);
        let mut applied = Vec::new();
        let mut alone_leaves_none = None;
        for (filter, names, select) in filters.into_iter().filter(|(_, names, _)| !names.is_empty()) {
            let selected = select(names)?;
            if selected.is_empty() {
                alone_leaves_none.get_or_insert((filter, names));
            }
            selection.intersect(&selected);
            applied.push(filter);
        }
        if selection.is_empty() && !applied.is_empty() {
            let reason = why_none(alone_leaves_none, &applied);
            return Err(Error::NothingSelected { pipeline: None, reason });
        }
        Ok(selection)
    }

    fn with_any_tag(&self, tags: &[String]) -> Result<Selection, Error> {
        check_known("tag", tags, self.nodes().flat_map(Node::tags).copied())?;
        Ok(Selection::of(self, |node| node.tags().iter().any(|&tag| tags.iter().any(|wanted| wanted == tag))))
    }

    fn datasets_called(&self, names: &[String]) -> Result<Vec<Dataset<'_>>, Error> {
        check_known("dataset", names, self.datasets().map(Dataset::name))?;
        Ok(self.datasets().filter(|dataset| names.iter().any(|name| name == dataset.name())).collect())
    }

    fn nodes_called(&self, names: &[String]) -> Result<Vec<NodeId>, Error> {
        let (mut nodes, mut unknown, mut unclear) = (Vec::new(), Vec::new(), None);
        for name in names {
            match names::find(self, name) {
                Found::Nodes(found) => nodes.extend(found),
                Found::Nothing => unknown.push(name.as_str()),
                Found::Unclear(calling) => unclear = unclear.or(Some((name, calling))),
            }
        }
        if !unknown.is_empty() {
            return Err(self.no_nodes_called(&unknown));
        }
        match unclear {
            Some((function, calling)) => Err(Error::UnclearNode {
                pipeline: None,
                function: function.clone(),
                nodes: names::labels(self, calling),
            }),
            None => Ok(nodes),
        }
    }

    #[cold]
    fn no_nodes_called(&self, names: &[&str]) -> Error {
        let labels: Vec<(Node<'_>, String)> = self.nodes().map(|node| (node, names::label(node))).collect();
        let known: Vec<Known<'_>> = labels
            .iter()
            .flat_map(|(node, label)| [(label.as_str(), label.as_str()), (node.function(), label)])
            .collect();
        not_in_pipeline("node", names, &known)
    }
}

type Filter<'a> = &'a dyn Fn(&[String]) -> Result<Selection, Error>;

fn check_known<'d>(kind: &'static str, names: &[String], known: impl Iterator<Item = &'d str>) -> Result<(), Error> {
    let known = names::once(known);
    let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(not_in_pipeline(kind, &unknown, &known.into_iter().map(|name| (name, name)).collect::<Vec<_>>()))
}

fn not_in_pipeline(kind: &'static str, unknown: &[&str], known: &[Known<'_>]) -> Error {
    let names = names::once(unknown.iter().copied());
    let hint = names::hint(kind, &names, known);
    Error::NotInPipeline { pipeline: None, kind, names: names.into_iter().map(str::to_owned).collect(), hint }
}

/// Why filters leave no node: one that does so alone, or all of them together.
fn why_none(alone: Option<(&str, &[String])>, applied: &[&str]) -> String {
    match alone {
        Some((filter, datasets)) => {
            let datasets: Vec<&str> = datasets.iter().map(String::as_str).collect();
            let verb = if filter == "from_inputs" { "reads" } else { "writes" };
            format!("no node {verb} {}", pipeline_graph::list(&datasets, "or"))
        }
        None => format!("no node passes {} at once", pipeline_graph::list(applied, "and")),
    }
}
