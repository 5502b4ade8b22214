use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(clean, [reviews] -> [clean_reviews]),
        node(mean, [clean_reviews] -> [average_rating: f64]),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, 5.0]) };
    let outputs = SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(outputs.average_rating, 4.5);
}
