use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        model: Memory<Model>,
        score: Memory<f64>,
    }
}

pipeline! {
    pub evaluation for Catalog {
        node(evaluate, [model] -> [score]),
    }
}

pub struct Model {
    weight: f64,
}

fn evaluate(model: &Model) -> f64 {
    model.weight / 2.0
}

fn main() {}
