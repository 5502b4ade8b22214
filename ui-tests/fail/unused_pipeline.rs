#![deny(dead_code)]

use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    data_processing for Catalog {
        node(mean, [reviews] -> [average_rating]),
    }
}

pipeline! {
    #[allow(dead_code)]
    kept_for_later for Catalog {
        node(mean, [reviews] -> [average_rating]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
