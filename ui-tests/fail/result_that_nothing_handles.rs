use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        __default__ = pipeline!< node(mean, [reviews] -> [average_rating]) >,
    }
}

fn mean(ratings: &[f64]) -> Result<f64, String> {
    if ratings.is_empty() {
        return Err("there are no ratings".to_owned());
    }
    Ok(ratings.iter().sum::<f64>() / ratings.len() as f64)
}

fn main() {}
