use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        clean_companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        data_processing = pipeline!< node(clean, [companies] -> [clean_companies]) >,
        data_science = pipeline!< node(mean, [clean_companies] -> [average_rating]) >,
        __default__ = data_processing + data_science,
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, f64::NAN, 2.0]), ..Catalog::default() };
    SequentialRunner::new().run(pipelines().get("__default__").unwrap(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 3.0);
}
