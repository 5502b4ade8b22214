use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(split, [reviews] -> [train, test: Vec<f64>]),
        node(mean, [train] -> [average_rating]),
    }
}

fn split(ratings: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (train, test) = ratings.split_at(ratings.len() / 2);
    (train.to_vec(), test.to_vec())
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, 5.0]), ..Catalog::default() };
    let outputs = SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 4.0);
    assert_eq!(outputs.test, [5.0]);
}
