//! The nodes of a pipeline as they stand in `pipeline!`.

use crate::shape::Shape;

/// What the nodes call, and what those read that read no other node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// A function of one input.
    pub(crate) one: &'static str,
    /// A function of two.
    pub(crate) two: &'static str,
    pub(crate) start: &'static str,
}

/// A `node(…)` for each node; those that no other reads have free outputs.
pub(crate) fn nodes(inputs: &[Vec<usize>], words: Words) -> Vec<String> {
    let Words { one, two, start } = words;
    let nodes = inputs.iter().zip(Shape::is_output(inputs)).enumerate();
    let text = |(node, (inputs, is_output)): (usize, (&Vec<usize>, bool))| {
        let ty = if is_output { ": u64" } else { "" };
        match inputs[..] {
            [] => format!("node({one}, [{start}] -> [d{node}{ty}])"),
            [input] => format!("node({one}, [d{input}] -> [d{node}{ty}])"),
            [first, second, ..] => format!("node({two}, [d{first}, d{second}] -> [d{node}{ty}])"),
        }
    };
    nodes.map(text).collect()
}
