use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(clean, [reviews] -> [clean_reviews]),
        node(mean, [clean_reviews] -> [average_rating]),
    }
}

fn clean(mut ratings: Vec<f64>) -> Vec<f64> {
    ratings.retain(|rating| !rating.is_nan());
    ratings
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, f64::NAN, 5.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 4.5);
}
