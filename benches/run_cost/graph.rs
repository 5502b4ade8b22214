//! A DAG that is run, as those see it that make theirs at run time.

use crate::functions::{START, Work, two};
use crate::shape::Shape;

#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) shape: Shape,
    pub(crate) n_nodes: usize,
    pub(crate) work: Work,
    /// For each node, the nodes that it reads: two, or one, or none if it reads what the DAG starts from.
    pub(crate) inputs: Vec<Vec<usize>>,
    /// The nodes that no other reads.
    pub(crate) outputs: Vec<usize>,
}

impl Graph {
    pub(crate) fn new(shape: Shape, n_nodes: usize, work: Work) -> Self {
        let inputs = shape.inputs(n_nodes);
        let is_output = Shape::is_output(&inputs);
        let outputs = (0..n_nodes).filter(|&node| is_output[node]).collect();
        Self { shape, n_nodes, work, inputs, outputs }
    }

    /// The sum of the outputs: what each run has to return.
    pub(crate) fn sum(&self) -> u64 {
        let one = Work::Arithmetic.one();
        let mut values: Vec<u64> = Vec::new();
        for inputs in &self.inputs {
            let value = match inputs[..] {
                [] => one(START),
                [input] => one(values[input]),
                [first, second, ..] => two(values[first], values[second]),
            };
            values.push(value);
        }
        self.outputs.iter().fold(0, |sum, &output| sum.wrapping_add(values[output]))
    }
}
