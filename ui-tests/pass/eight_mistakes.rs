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
        node(clean, [companies] -> [clean_companies]),
        node(mean, [clean_companies] -> [company_rating], tags = ["companies"]),
        node(mean, [reviews] -> [review_rating]),
        node(scale, [companies, params:factor] -> [scaled]),
        node(mean, [scaled] -> [average_rating]),
        node(compare, [company_rating, average_rating] -> [difference]),
        node(scale, [reviews, params:factor] -> [scaled_reviews]),
        node(summarise, [difference, scaled_reviews, review_rating] -> [report]),
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

fn compare(company_rating: f64, average_rating: f64) -> f64 {
    company_rating - average_rating
}

fn summarise(difference: f64, reviews: &[f64], _: f64) -> String {
    format!("{difference}: {}", reviews.len())
}

fn main() {
    let catalog = Catalog {
        companies: Memory::new(vec![1.0, 2.0]),
        reviews: Memory::new(vec![3.0]),
        params: Params { factor: 2.0 },
        ..Catalog::default()
    };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.report.load().unwrap().as_str(), "-1.5: 1");
}
