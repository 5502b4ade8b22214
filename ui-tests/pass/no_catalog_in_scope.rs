use pipeline_core::prelude::*;

catalog! {
    pub struct Datasets {
        reviews: Memory<Vec<f64>>,
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

pub fn rate(datasets: &Datasets) -> f64 {
    let rating = pipeline! { for Datasets; node(mean, [reviews] -> [average_rating]) };
    SequentialRunner::new().run(&rating, datasets).unwrap().average_rating
}

fn main() {
    let datasets = Datasets { reviews: Memory::new(vec![4.0, 5.0]) };
    assert_eq!(rate(&datasets), 4.5);
}
