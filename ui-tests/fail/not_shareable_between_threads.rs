use std::rc::Rc;

use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        score: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(fit, [reviews] -> [model]),
        node(evaluate, [model] -> [score]),
    }
}

struct Model {
    weights: Rc<[f64]>,
}

fn fit(reviews: &[f64]) -> Model {
    Model { weights: reviews.into() }
}

fn evaluate(model: &Model) -> f64 {
    model.weights.iter().sum()
}

fn main() {}
