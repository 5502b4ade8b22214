use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
    }
}

pub struct Rating(f64);

pipeline! {
    pub data_processing for Catalog {
        node(mean, [companies] -> [average_rating]),
        node(stars, [average_rating: Rating] -> [stars: usize]),
    }
}

fn mean(ratings: &[f64]) -> Rating {
    Rating(ratings.iter().sum::<f64>() / ratings.len() as f64)
}

fn stars(rating: &Rating) -> usize {
    rating.0.round() as usize
}

fn main() {}
