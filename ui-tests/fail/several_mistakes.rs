use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        reviews: Memory<Vec<f64>>,
        company_rating: Memory<f64>,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(clean, [companeis] -> [clean_companies]),
        node(mean, [reviews] -> [rating], tag = ["reviews"]),
        node(meen, [clean_companies] -> [rating]),
        node(compare, [rating, company_rating] -> [difference]),
        node(render, [difference] -> [report]),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn compare(rating: f64, company_rating: f64) -> f64 {
    rating - company_rating
}

fn render(difference: &str) -> String {
    format!("difference: {difference}")
}

fn main() {}
