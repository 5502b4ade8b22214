use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: f64,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [average_rating]),
        node(render, [average_rating] -> [report]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn render(rating: f64) -> String {
    format!("{rating} stars")
}

fn main() {}
