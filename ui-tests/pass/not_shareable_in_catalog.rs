use std::sync::Arc;

use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Arc<[f64]>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [average_rating]),
    }
}

fn mean(ratings: &Arc<[f64]>) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new([4.0, 5.0].into()), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 4.5);
}
