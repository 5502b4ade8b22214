use pipeline_core::prelude::*;

#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
struct Company {
    rating: f64,
}

catalog! {
    pub struct Catalog {
        companies: Csv<Company> = "data/companies.csv",
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(clean, [companies] -> [clean_companies]),
        node(mean, [clean_companies] -> [average_rating]),
    }
}

fn clean(companies: &[Company]) -> Vec<f64> {
    companies.iter().map(|company| company.rating).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {}
