use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        clean_companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

mod data_processing {
    use super::Catalog;
    use pipeline_core::prelude::*;

    pipeline! {
        pipeline for Catalog {
            node(clean, [companies] -> [clean_companies]),
        }
    }

    fn clean(ratings: &[f64]) -> Vec<f64> {
        ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
    }
}

pipeline! {
    data_science for Catalog {
        node(mean, [clean_companies] -> [average_rating]),
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        __default__ = data_processing::pipeline() + data_science(),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
