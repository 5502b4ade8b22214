use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
        params: Params,
    }
}

#[derive(Default)]
pub struct Params {
    factor: f64,
}

pipeline! {
    pub data_processing for Catalog {
        node(scale, [reviews, params:factor] -> [scaled]),
        node(mean, [scaled] -> [average_rating]),
    }
}

fn scale(ratings: &[f64], factor: f64) -> Vec<f64> {
    ratings.iter().map(|rating| rating * factor).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let (reviews, params) = (Memory::new(vec![4.0, 5.0]), Params { factor: 2.0 });
    let catalog = Catalog { reviews, params, ..Catalog::default() };
    SequentialRunner::new().run(&data_processing(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 9.0);
}
