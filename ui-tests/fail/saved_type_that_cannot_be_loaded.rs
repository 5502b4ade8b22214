use pipeline_core::prelude::*;
use serde::Serialize;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        report: Json<Report> = "data/08_reporting/report.json",
    }
}

pipeline! {
    pub reporting for Catalog {
        node(summarize, [reviews] -> [report]),
    }
}

#[derive(Serialize)]
pub struct Report {
    n_reviews: usize,
}

fn summarize(reviews: &[f64]) -> Report {
    Report { n_reviews: reviews.len() }
}

fn main() {}
