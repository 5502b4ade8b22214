//! The text of the code that is measured. Only the build script uses it.

use std::fmt::Write as _;

use crate::shape::Shape;
use crate::source::{self, Words};

/// A DAG to write code for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Graph {
    pub(crate) shape: Shape,
    pub(crate) n_nodes: usize,
    /// The variant of `Work` whose functions the nodes call.
    pub(crate) work: &'static str,
}

impl Graph {
    fn name(&self) -> String {
        format!("{}_{}_{}", self.shape, self.n_nodes, self.work.to_lowercase())
    }

    fn inputs(&self) -> Vec<Vec<usize>> {
        self.shape.inputs(self.n_nodes)
    }

    fn function(&self) -> &'static str {
        match self.work {
            "Sleep" => "sleep",
            "Spin" => "spin",
            _ => "one",
        }
    }

    /// The pattern that stands for it in a `match`.
    fn pattern(&self) -> String {
        format!("(Work::{}, Shape::{:?}, {})", self.work, self.shape, self.n_nodes)
    }

    /// A sum of `of(output)` for all that no node reads.
    fn sum(inputs: &[Vec<usize>], of: impl Fn(usize) -> String) -> String {
        let outputs = (0..).zip(Shape::is_output(inputs)).filter(|&(_, is_output)| is_output);
        let mut text = "    let mut sum = 0_u64;\n".to_owned();
        for (node, _) in outputs {
            let _ = writeln!(text, "    sum = sum.wrapping_add({});", of(node));
        }
        text + "    sum\n"
    }
}

/// `pipeline!` for each DAG, the sum of what a run of it returns and reports, and a function that finds it.
pub(crate) fn pipelines(graphs: &[Graph]) -> String {
    let mut text = String::new();
    let mut arms = String::new();
    for graph in graphs {
        let (name, inputs) = (graph.name(), graph.inputs());
        let words = Words { one: graph.function(), two: "two", start: "params:start" };
        let nodes = source::nodes(&inputs, words).join(",\n        ");
        let sum = Graph::sum(&inputs, |node| format!("self.d{node}"));
        let partial_sum = Graph::sum(&inputs, |node| format!("self.d{node}.unwrap_or_default()"));
        let _ = write!(
            text,
            "pipeline! {{\n    pub(crate) {name} for Catalog {{\n        {nodes},\n    }}\n}}\n\n\
             impl Sum for {name} {{\nfn sum(&self) -> u64 {{\n{sum}}}\n}}\n\n\
             impl Sum for <{name} as Outputs>::Partial {{\nfn sum(&self) -> u64 {{\n{partial_sum}}}\n}}\n\n"
        );
        let _ = writeln!(arms, "        {} => prepared({name}(), ours, place),", graph.pattern());
    }
    text + &format!(
        "pub(crate) fn prepare(graph: &Graph, ours: &Ours, place: Place) -> Option<Prepared> {{\n    \
             Some(match (graph.work, graph.shape, graph.n_nodes) {{\n{arms}        _ => return None,\n    }})\n}}\n"
    )
}

/// A function of straight-line calls for each DAG, and one that finds it.
pub(crate) fn straight(graphs: &[Graph]) -> String {
    let mut text = String::new();
    let mut arms = String::new();
    for graph in graphs {
        let (name, inputs) = (graph.name(), graph.inputs());
        let function = graph.function();
        let _ = writeln!(text, "fn {name}(start: u64) -> u64 {{");
        for (node, inputs) in inputs.iter().enumerate() {
            let call = match inputs[..] {
                [] => format!("{function}(start)"),
                [input] => format!("{function}(d{input})"),
                [first, second, ..] => format!("two(d{first}, d{second})"),
            };
            let _ = writeln!(text, "    let d{node} = {call};");
        }
        let _ = write!(text, "{}}}\n\n", Graph::sum(&inputs, |node| format!("d{node}")));
        let _ = writeln!(arms, "        {} => {name},", graph.pattern());
    }
    text + &format!(
        "pub(crate) fn find(graph: &Graph) -> Option<fn(u64) -> u64> {{\n    \
             Some(match (graph.work, graph.shape, graph.n_nodes) {{\n{arms}        _ => return None,\n    }})\n}}\n"
    )
}

/// A pipeline of the crate `pipeline-dsl` for each DAG of arithmetic, one of blocks, and a function that finds them.
pub(crate) fn pipeline_dsl(graphs: &[Graph]) -> String {
    let mut text = String::new();
    let mut arms = String::new();
    for graph in graphs.iter().filter(|graph| graph.work == "Arithmetic") {
        let (name, inputs) = (graph.name(), graph.inputs());
        let is_output = Shape::is_output(&inputs);
        let functions = if inputs.iter().any(|inputs| inputs.len() > 1) { "{one, two}" } else { "one" };
        let _ = write!(
            text,
            "#[pipeline(name = \"P_{name}\", args = \"start\")]\npub(crate) mod {name} {{\n    \
                 use crate::functions::{functions};\n    use pipeline_dsl::stage;\n"
        );
        for (node, inputs) in inputs.iter().enumerate() {
            let (parameters, call) = match inputs[..] {
                [] => ("start: &u64".to_owned(), "one(*start)".to_owned()),
                [input] => (format!("d{input}: &u64"), format!("one(*d{input})")),
                [first, second, ..] => {
                    (format!("d{first}: &u64, d{second}: &u64"), format!("two(*d{first}, *d{second})"))
                }
            };
            let unused = if is_output[node] { "#[unused] " } else { "" };
            let _ = write!(
                text,
                "    #[stage]\n    pub(crate) fn n{node}({parameters}, #[skip_reset] {unused}d{node}: &mut u64) {{\n        *d{node} = {call};\n    }}\n"
            );
        }
        let _ = write!(
            text,
            "}}\n\nimpl Sum for P_{name} {{\nfn sum(&self) -> u64 {{\n{}}}\n}}\n\n",
            Graph::sum(&inputs, |node| format!("self.d{node}"))
        );
        let _ = writeln!(arms, "        {} => prepared(P_{name}::new(START), P_{name}::compute),", graph.pattern());
    }
    text += &pipeline_dsl_of_blocks();
    text + &format!(
        "pub(crate) fn prepare(graph: &Graph) -> Option<Prepared> {{\n    \
             Some(match (graph.work, graph.shape, graph.n_nodes) {{\n{arms}        _ => return None,\n    }})\n}}\n"
    )
}

/// A chain of 20 blocks, whose slots are of the crate's own type.
fn pipeline_dsl_of_blocks() -> String {
    let mut text = "\
#[pipeline(name = \"P_blocks\")]
pub(crate) mod blocks {
    use crate::blocks::{Block, first_block, next_block};
    use pipeline_dsl::{Error, Value, stage};
    #[stage]
    pub(crate) fn n0(b0: &mut Value<Block>) {
        b0.set(first_block());
    }
"
    .to_owned();
    for (before, node) in (0..).zip(1..20) {
        let unused = if node == 19 { "#[unused] " } else { "" };
        let _ = write!(
            text,
            "    #[stage]\n    pub(crate) fn n{node}(b{before}: &Value<Block>, {unused}b{node}: &mut Value<Block>) -> Result<(), Error> {{\n        \
                 b{node}.set(next_block(b{before}.get()?));\n        Ok(())\n    }}\n"
        );
    }
    text + "}\n\npub(crate) fn run_blocks() -> bool {\n    let mut pipeline = P_blocks::new();\n    \
            pipeline.compute().is_ok() && pipeline.b19.get().is_ok_and(Block::is_last)\n}\n\n"
}
