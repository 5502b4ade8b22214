use pipeline_core::prelude::*;

catalog! {
    /// What the pipelines of a shuttle company read and write.
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
        report: Memory<String>,
        params: Params,
    }
}

#[derive(Default)]
pub struct Params {
    pub factor: f64,
}

pipeline! {
    pub data_science for Catalog {
        node(clean, [companeis] -> [clean_companies]),
        node(mean, [clean_companies] -> [company_rating], tag = ["companies"]),
        node(mean, [reviews] -> [company_rating]),
        node(scale, [average_rating, params:factor] -> [scaled]),
        node(render, [reviews] -> [average_rating]),
        node(compare, [company_rating, average_rating, scaled] -> [difference]),
        node(scale, [reviews, params:factr] -> [scaled_reviews]),
        node(summarise?, [difference, scaled_reviews] -> [report]),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn scale(ratings: &[f64], factor: f64) -> Vec<f64> {
    ratings.iter().map(|rating| factor * rating).collect()
}

fn render(ratings: &[f64]) -> String {
    format!("{ratings:?}")
}

fn compare(company_rating: f64, average_rating: f64) -> f64 {
    company_rating - average_rating
}

fn summarise(difference: f64, reviews: &[f64]) -> String {
    format!("{difference}: {}", reviews.len())
}

fn main() {}
