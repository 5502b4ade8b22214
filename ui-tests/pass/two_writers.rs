use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        reviews: Memory<Vec<f64>>,
        clean_reviews: Memory<Vec<f64>>,
        model_input: Memory<Vec<f64>>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(clean, [companies] -> [clean_companies]),
        node(scale, [reviews] -> [clean_reviews]),
        node(join, [clean_companies, clean_reviews] -> [model_input]),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn scale(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().map(|rating| rating / 5.0).collect()
}

fn join(companies: Vec<f64>, reviews: Vec<f64>) -> Vec<f64> {
    [companies, reviews].concat()
}

fn main() {
    let (companies, reviews) = (Memory::new(vec![4.0, f64::NAN]), Memory::new(vec![5.0]));
    let catalog = Catalog { companies, reviews, ..Catalog::default() };
    SequentialRunner::new().run(&data_processing(), &catalog).unwrap();
    assert_eq!(catalog.model_input.load().unwrap(), vec![4.0, 1.0]);
}
