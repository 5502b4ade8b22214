use pipeline_core::prelude::*;

#[derive(Default)]
pub struct Params {
    limit: f64,
}

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        low: Memory<Vec<f64>>,
        high: Memory<Vec<f64>>,
        n_low: Memory<usize>,
        params: Params,
    }
}

pipeline! {
    pub splitting for Catalog {
        node(split, [companies, params:limit] -> [low, high]),
        node(count, [low] -> [n_low]),
    }
}

fn split(ratings: &[f64], limit: f64) -> (Vec<f64>, Vec<f64>) {
    ratings.iter().partition(|rating| **rating < limit)
}

fn count(ratings: &[f64]) -> usize {
    ratings.len()
}

fn main() {
    let _ = splitting();
}
