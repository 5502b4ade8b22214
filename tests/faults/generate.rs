//! Random pipelines over files and values in memory, each dataset of which knows what is to be in
//! it. `build.rs` writes them.

use std::fmt::Write as _;

const N_PIPELINES: usize = 16;

/// What a dataset is kept as: its type in the catalog, the end of its file, the type of its value,
/// and that of a parameter that reads it.
const KINDS: [[&str; 4]; 4] = [
    ["Json<Payload>", "json", "Payload", "Payload"],
    ["Csv<Row>", "csv", "Vec<Row>", "[Row]"],
    ["Text", "txt", "String", "str"],
    ["Bytes", "bin", "Vec<u8>", "[u8]"],
];
/// In memory it has the type of the first.
const IN_MEMORY: usize = KINDS.len();

struct Node {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    options: String,
}

/// The catalog, the pipelines and their registry, and the table of all files: `FILES`.
pub(crate) fn code(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut fields, mut pipelines, mut files) = (String::new(), String::new(), String::new());
    for place in 0..N_PIPELINES {
        let (nodes, kinds) = pipeline(&mut random);
        let mut names = Vec::new();
        for (dataset, &kind) in kinds.iter().enumerate().filter(|(_, kind)| **kind != IN_MEMORY) {
            let ([dataset_type, end, ..], name) = (KINDS[kind], format!("p{place}_d{dataset}"));
            writeln!(fields, "    {name}: {dataset_type} = \"data/{name}.{end}\",").expect("a string grows");
            names.push(format!("\"{name}.{end}\""));
        }
        let nodes: Vec<String> = nodes.iter().enumerate().map(|(node, it)| declare(place, node, it, &kinds)).collect();
        writeln!(pipelines, "    random_{place} = pipeline!<\n        {}\n    >,", nodes.join("\n        "))
            .expect("a string grows");
        writeln!(files, "    &[{}],", names.join(", ")).expect("a string grows");
    }
    format!(
        "catalog! {{ pub struct Catalog {{\n    start: Memory<u64> = Memory::new(1),\n{fields}}} }}\n\n\
         pipelines! {{ #[portable] pub fn pipelines() for Catalog {{\n{pipelines}}} }}\n\n\
         /// The files that each pipeline writes.\npub const FILES: &[&[&str]] = &[\n{files}];\n"
    )
}

/// Nodes, and what each of their datasets is kept as.
fn pipeline(random: &mut fastrand::Rng) -> (Vec<Node>, Vec<usize>) {
    let mut kinds: Vec<usize> = Vec::new();
    let mut is_read: Vec<bool> = Vec::new();
    let is_deep = random.bool();
    let nodes = (0..random.usize(3..=9))
        .map(|_| {
            let first = if is_deep { kinds.len().saturating_sub(3) } else { 0 };
            let mut inputs: Vec<usize> = (first..kinds.len()).collect();
            random.shuffle(&mut inputs);
            inputs.truncate(random.usize(0..=3));
            for input in &inputs {
                is_read[*input] = true;
            }
            let outputs: Vec<usize> = (kinds.len()..).take(random.usize(1..=2)).collect();
            kinds.extend(outputs.iter().map(|_| random.usize(0..=IN_MEMORY)));
            is_read.extend(outputs.iter().map(|_| false));
            let retries = if random.u8(0..4) == 0 { ", retries = 1" } else { "" };
            let timeout = if random.u8(0..4) == 0 { ", timeout = \"20s\"" } else { "" };
            Node { inputs, outputs, options: format!("{retries}{timeout}") }
        })
        .collect();
    for (kind, is_read) in kinds.iter_mut().zip(is_read) {
        // What is in memory and not read would be a free output.
        *kind = if *kind == IN_MEMORY && !is_read { 0 } else { *kind };
    }
    (nodes, kinds)
}

fn declare(place: usize, node: usize, Node { inputs, outputs, options }: &Node, kinds: &[usize]) -> String {
    let name = |dataset: usize| format!("p{place}_d{dataset}");
    let kind = |dataset: usize| KINDS[kinds[dataset] % IN_MEMORY];
    let list =
        |of: &[usize], write: &dyn Fn(usize) -> String| of.iter().map(|it| write(*it)).collect::<Vec<_>>().join(", ");
    let mut parameters = list(inputs, &|input| format!("{}: &{}", name(input), kind(input)[3]));
    let mut read = list(inputs, &name);
    if inputs.is_empty() {
        (parameters, read) = ("_: u64".to_owned(), "start".to_owned());
    }
    let checks = list(inputs, &|input| format!("{0}.check(\"{0}\")", name(input)));
    let (mut returned, mut made) = (
        list(outputs, &|output| kind(output)[2].to_owned()),
        list(outputs, &|output| format!("Made::made(\"{}\")", name(output))),
    );
    if outputs.len() > 1 {
        (returned, made) = (format!("({returned})"), format!("({made})"));
    }
    format!(
        "node((|{parameters}| -> Result<{returned}, String> {{ work(\"n{node}\", [{checks}])?; Ok({made}) }})?, \
         [{read}] -> [{}], name = \"n{node}\"{options}),",
        list(outputs, &name)
    )
}
