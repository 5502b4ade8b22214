mod data {
    use pipeline_core::prelude::*;

    catalog! {
        struct Catalog {
            reviews: Memory<Vec<f64>>,
            average_rating: Memory<f64>,
        }
    }
}

mod science {
    use crate::data::Catalog;
    use pipeline_core::prelude::*;

    pipeline! {
        pub pipeline for Catalog {
            node(mean, [reviews] -> [average_rating]),
        }
    }

    fn mean(ratings: &[f64]) -> f64 {
        ratings.iter().sum::<f64>() / ratings.len() as f64
    }
}

fn main() {}
