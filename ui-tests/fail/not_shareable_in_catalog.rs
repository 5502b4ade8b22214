use std::rc::Rc;

use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Rc<[f64]>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [average_rating]),
    }
}

fn mean(ratings: &Rc<[f64]>) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
