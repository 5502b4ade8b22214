use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(collect, [reviews] -> [collected]),
        node(mean, [collected] -> [average_rating]),
    }
}

fn collect<C: FromIterator<f64>>(ratings: &[f64]) -> C {
    ratings.iter().copied().collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
