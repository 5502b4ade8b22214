use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub rating for Catalog {
        node(mean, [companies] -> [average_rating]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

pipelines! {
    fn registry(scale: f64) for Catalog {
        __default__ = rating(),
    }
}

fn main() {
    let _ = registry();
}
