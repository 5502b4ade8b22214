use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
    }
}

pipeline! {
    pub reporting for Catalog {
        node(mean, [reviews] -> [average_rating: f64]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, 5.0]) };
    let outputs = SequentialRunner::new().run(&reporting(), &catalog).unwrap();
    assert_eq!(outputs.average_rating, 4.5);
}
