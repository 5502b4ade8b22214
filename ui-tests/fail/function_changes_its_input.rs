use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(clean, [reviews] -> [clean_reviews]),
        node(mean, [clean_reviews] -> [average_rating]),
    }
}

fn clean(ratings: &mut Vec<f64>) -> Vec<f64> {
    ratings.retain(|rating| !rating.is_nan());
    ratings.clone()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
