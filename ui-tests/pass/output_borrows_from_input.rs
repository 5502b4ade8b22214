use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(latest, [reviews] -> [latest_reviews]),
        node(mean, [latest_reviews] -> [average_rating]),
    }
}

fn latest(ratings: &[f64]) -> Vec<f64> {
    ratings[1..].to_vec()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![1.0, 4.0, 5.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 4.5);
}
