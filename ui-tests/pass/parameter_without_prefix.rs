use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        params: Params,
    }
}

#[derive(Default)]
pub struct Params {
    pub factor: f64,
}

pipeline! {
    pub data_processing for Catalog {
        node(scale, [reviews, params:factor] -> [scaled: Vec<f64>]),
    }
}

fn scale(ratings: &[f64], factor: f64) -> Vec<f64> {
    ratings.iter().map(|rating| factor * rating).collect()
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![1.0]), params: Params { factor: 2.0 } };
    assert_eq!(SequentialRunner::new().run(&data_processing(), &catalog).unwrap().scaled, [2.0]);
}
