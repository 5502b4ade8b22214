//! Writes random pipelines for the tests in `tests/random_runs`, and others for the faults in
//! `faults`: the same ones in every build, unless `RANDOM_PIPELINES` is another seed.

#[path = "faults/generate.rs"]
mod faults;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

const N_PIPELINES: usize = 200;
/// How many datasets the catalog has for nodes to write.
const N_IN_CATALOG: usize = 4;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=faults/generate.rs");
    println!("cargo::rerun-if-env-changed=RANDOM_PIPELINES");
    let seed = env::var("RANDOM_PIPELINES").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut code = String::new();
    for place in 0..N_PIPELINES {
        let nodes = nodes(&mut random).join("\n    ");
        writeln!(code, "pipeline! {{ #[portable] random_{place} for Catalog {{\n    {nodes}\n}} }}")
            .expect("a string grows");
    }
    let all: Vec<String> = (0..N_PIPELINES).map(|place| format!("Box::new(random_{place}())")).collect();
    writeln!(code, "fn pipelines() -> Vec<Box<dyn Shape>> {{\n    vec![{}]\n}}", all.join(", "))
        .expect("a string grows");
    let entries: Vec<String> = (0..N_PIPELINES).map(|place| format!("random_{place} = random_{place}()")).collect();
    let registry = format!("#[portable] fn registry() for Catalog {{\n    {}\n}}", entries.join(", "));
    writeln!(code, "pipelines! {{ {registry} }}").expect("a string grows");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::write(folder.join("random_pipelines.rs"), code).expect("cargo's folder can be written");
    fs::write(folder.join("faults.rs"), faults::code(seed)).expect("cargo's folder can be written");
}

/// A dataset that a node has written.
struct Written {
    name: String,
    /// One in memory that nobody reads is a free output, and has its type written.
    n_readers: usize,
}

/// A node before it is written down.
struct Node {
    /// The datasets that it reads, and whether each by value.
    inputs: Vec<(usize, bool)>,
    outputs: Vec<usize>,
    /// What stands behind its name.
    options: String,
}

/// The nodes of a pipeline, in any order. Node 7 is called `n7` and tells its plan so.
fn nodes(random: &mut fastrand::Rng) -> Vec<String> {
    let mut datasets: Vec<Written> = Vec::new();
    let mut n_in_catalog = 0;
    let n_nodes = random.usize(2..=14);
    // Wide ones have few edges, deep ones read what was written last.
    let (max_inputs, is_deep) = (random.usize(1..=4), random.bool());
    let nodes: Vec<Node> = (0..n_nodes)
        .map(|_| {
            let mut inputs: Vec<(usize, bool)> = Vec::new();
            for _ in 0..random.usize(0..=max_inputs) {
                let first = if is_deep { datasets.len().saturating_sub(3) } else { 0 };
                if first < datasets.len() {
                    let dataset = random.usize(first..datasets.len());
                    if inputs.iter().all(|&(input, _)| input != dataset) {
                        datasets[dataset].n_readers += 1;
                        inputs.push((dataset, random.bool()));
                    }
                }
            }
            let n_outputs = if inputs.is_empty() { 1 } else { [0, 1, 1, 1, 2][random.usize(0..5)] };
            let outputs = (0..n_outputs)
                .map(|_| {
                    let is_in_catalog = n_in_catalog < N_IN_CATALOG && random.u8(0..4) == 0;
                    let name = if is_in_catalog { format!("K{n_in_catalog}") } else { format!("x{}", datasets.len()) };
                    n_in_catalog += usize::from(is_in_catalog);
                    datasets.push(Written { name, n_readers: 0 });
                    datasets.len() - 1
                })
                .collect();
            Node { inputs, outputs, options: options(random) }
        })
        .collect();
    let mut written: Vec<String> =
        nodes.iter().enumerate().map(|(place, node)| declare(place, node, &datasets)).collect();
    random.shuffle(&mut written);
    written
}

/// Retries for some nodes, and timeouts for others: one that the node always overruns, or one that it never does.
fn options(random: &mut fastrand::Rng) -> String {
    let mut options = String::new();
    if random.u8(0..4) == 0 {
        // Few have one, for it is waited for.
        let backoff = if random.u8(0..10) == 0 { ", backoff = \"1ms\"" } else { "" };
        write!(options, ", retries = {}{backoff}", random.u8(1..=3)).expect("a string grows");
    }
    match random.u8(0..100) {
        0 => options.push_str(", timeout = \"1ms\""),
        1..=5 => options.push_str(", timeout = \"1h\""),
        _ => {}
    }
    options
}

fn declare(place: usize, node: &Node, datasets: &[Written]) -> String {
    let parameters: Vec<String> = node
        .inputs
        .iter()
        .map(|&(input, by_value)| format!("i{input}: {}Value, ", if by_value { "" } else { "&" }))
        .collect();
    let arguments: Vec<String> =
        node.inputs.iter().map(|&(input, by_value)| format!("{}i{input}", if by_value { "&" } else { "" })).collect();
    let inputs: Vec<String> = node.inputs.iter().map(|&(input, _)| format!("{}, ", datasets[input].name)).collect();
    let outputs: Vec<String> = node
        .outputs
        .iter()
        .map(|&output| {
            let Written { name, n_readers } = &datasets[output];
            if *n_readers == 0 && name.starts_with('x') { format!("{name}: Value") } else { name.clone() }
        })
        .collect();
    let (returned, function) = [("()", "none"), ("Value", "one"), ("(Value, Value)", "two")][node.outputs.len()];
    format!(
        "node((|{}plan: &Plan| -> Result<{returned}, Refused> {{ plan.{function}({place}, &[{}]) }})?, \
         [{}params:plan] -> [{}], name = \"n{place}\"{}),",
        parameters.concat(),
        arguments.join(", "),
        inputs.concat(),
        outputs.join(", "),
        node.options
    )
}
