use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        report: Memory<String>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(clean, [companies] -> [clean_companies: Vec<f64>]),
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [companies] -> [average_rating: f64]),
    }
}

pipeline! {
    pub reporting for Catalog {
        node(mean, [companies] -> [average_rating]),
        node(render, [average_rating] -> [report]),
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

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, 2.0]), ..Catalog::default() };
    let runner = SequentialRunner::new();
    assert_eq!(runner.run(&data_processing(), &catalog).unwrap().clean_companies, vec![4.0, 2.0]);
    assert_eq!(runner.run(&data_science(), &catalog).unwrap().average_rating, 3.0);
    runner.run(&reporting(), &catalog).unwrap();
    assert_eq!(catalog.report.load().unwrap(), "average: 3".to_owned());
}
