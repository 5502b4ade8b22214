use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(split, [reviews] -> [tarin, test: Vec<f64>]),
        node(mean, [train] -> [average_rating]),
    }
}

fn split(ratings: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (train, test) = ratings.split_at(ratings.len() / 2);
    (train.to_vec(), test.to_vec())
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
