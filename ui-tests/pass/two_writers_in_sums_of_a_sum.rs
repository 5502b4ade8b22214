use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        clean_companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
        best_rating: Memory<f64>,
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        cleaning = pipeline!< node(clean, [companies] -> [clean_companies]) >,
        averages = cleaning + pipeline!< node(mean, [clean_companies] -> [average_rating]) >,
        best = cleaning + pipeline!< node(max, [clean_companies] -> [best_rating]) >,
        __default__ = averages + best,
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn max(ratings: &[f64]) -> f64 {
    ratings.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, f64::NAN, 2.0]), ..Catalog::default() };
    let pipelines = pipelines();
    let all = pipelines.get("__default__").unwrap();
    assert_eq!(all.dag().unwrap().len(), 3);
    SequentialRunner::new().run(all, &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 3.0);
    assert_eq!(catalog.best_rating.load().unwrap(), 4.0);
}
