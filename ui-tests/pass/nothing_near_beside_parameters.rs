use pipeline_core::prelude::*;

struct Parameters {
    factor: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { factor: 2.0 }
    }
}

catalog! {
    pub struct Catalog {
        params: Parameters,
        reviews: Memory<Vec<f64>>,
        weather: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(scale, [weather, params:factor] -> [scaled]),
        node(mean, [scaled] -> [average_rating]),
    }
}

fn scale(ratings: &[f64], factor: f64) -> Vec<f64> {
    ratings.iter().map(|rating| rating * factor).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
