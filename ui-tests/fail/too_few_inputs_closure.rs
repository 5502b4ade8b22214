use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        companies: Memory<Vec<f64>>,
        company_rating: Memory<f64>,
        difference: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [rating]),
        node(mean, [companies] -> [company_rating]),
        node(|a: f64, b: f64| a - b, [rating] -> [difference]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
