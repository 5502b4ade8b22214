use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(latest, [reviews] -> [latest_reviews]),
        node(mean, [latest_reviews] -> [average_rating]),
    }
}

fn latest(ratings: &[f64]) -> &[f64] {
    &ratings[1..]
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
