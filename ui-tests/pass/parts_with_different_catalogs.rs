use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        clean_companies: Memory<Vec<f64>>,
    }
}

catalog! {
    pub struct Reporting {
        clean_companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(clean, [companies] -> [clean_companies]),
    }
}

pipeline! {
    pub reporting for Catalog {
        node(mean, [clean_companies] -> [average_rating: f64]),
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        __default__ = data_processing() + reporting(),
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, f64::NAN, 2.0]), ..Catalog::default() };
    SequentialRunner::new().run(pipelines().get("__default__").unwrap(), &catalog).unwrap();
    assert!(!catalog.clean_companies.exists().unwrap(), "it passed from node to node");
}
