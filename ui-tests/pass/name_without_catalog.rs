use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub rating for Catalog {
        node(mean, [companies] -> [average_rating]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, 2.0]), ..Catalog::default() };
    SequentialRunner::new().run(&rating(), &catalog).unwrap();
    assert_eq!(catalog.average_rating.load().unwrap(), 3.0);
}
