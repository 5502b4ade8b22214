use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [average_rating]),
        node(render, [average_rating] -> [report]),
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn render(rating: f64) -> String {
    format!("{rating} stars")
}

fn main() {
    let catalog = Catalog { reviews: Memory::new(vec![4.0, 5.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(*catalog.report.load().unwrap(), "4.5 stars");
}
