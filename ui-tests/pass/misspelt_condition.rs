#![deny(unexpected_cfgs)]

use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(mean, [companies] -> [average_rating]),
        #[cfg(test)]
        node(count, [companies] -> [n_companies: usize]),
        #[cfg(test)]
        node(is_plausible, [n_companies] -> [plausible: bool]),
    }
}

pub fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

pub fn count(ratings: &[f64]) -> usize {
    ratings.len()
}

pub fn is_plausible(n_companies: usize) -> bool {
    n_companies > 0
}

fn main() {}
