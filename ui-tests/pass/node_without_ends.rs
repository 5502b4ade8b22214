use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        started: Memory<bool>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(start, [] -> [started]),
        node(mean, [reviews] -> [average_rating]),
    }
}

fn start() -> bool {
    true
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, 5.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.started.load().unwrap(), true);
    assert_eq!(catalog.average_rating.load().unwrap(), 4.5);
}
