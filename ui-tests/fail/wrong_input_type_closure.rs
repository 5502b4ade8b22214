use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        report: Memory<String>,
    }
}

pipeline! {
    pub reporting for Catalog {
        node(mean, [reviews] -> [average_rating]),
        node(|rating: &str| format!("average: {rating}"), [average_rating] -> [report]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
