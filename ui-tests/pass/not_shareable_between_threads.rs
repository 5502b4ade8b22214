use std::sync::Arc;

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
    weights: Arc<[f64]>,
}

fn fit(reviews: &[f64]) -> Model {
    Model { weights: reviews.into() }
}

fn evaluate(model: &Model) -> f64 {
    model.weights.iter().sum()
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![1.0, 2.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.score.load().unwrap(), 3.0);
}
