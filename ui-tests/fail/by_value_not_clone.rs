use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        score: Memory<f64>,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(fit, [reviews] -> [model]),
        node(evaluate, [model] -> [score]),
        node(render, [model] -> [report]),
    }
}

struct Model {
    weight: f64,
}

fn fit(reviews: &[f64]) -> Model {
    Model { weight: reviews.iter().sum() }
}

fn evaluate(model: Model) -> f64 {
    model.weight / 2.0
}

fn render(model: &Model) -> String {
    format!("weight: {}", model.weight)
}

fn main() {}
