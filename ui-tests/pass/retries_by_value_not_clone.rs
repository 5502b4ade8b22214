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
        node(evaluate?, [model] -> [score], retries = 3),
    }
}

#[derive(Clone)]
struct Model {
    weight: f64,
}

fn fit(reviews: &[f64]) -> Model {
    Model { weight: reviews.iter().sum() }
}

fn evaluate(model: Model) -> Result<f64, &'static str> {
    Ok(model.weight / 2.0)
}

fn main() {}
