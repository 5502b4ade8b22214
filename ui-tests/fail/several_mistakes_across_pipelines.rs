use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(clean, [companys] -> [clean_companies: Vec<f64>]),
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [companies] -> [average_rating]),
    }
}

pipeline! {
    pub reporting for Catalog {
        node(render, [companies] -> [report]),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn render(rating: f64) -> String {
    format!("average: {rating}")
}

fn main() {}
