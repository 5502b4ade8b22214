use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        clean_companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

mod data_processing {
    use super::*;

    pipeline! {
        pub pipeline for Catalog {
            node(clean, [companies] -> [clean_companies], name = "prepare"),
        }
    }
}

mod data_science {
    use super::*;

    pipeline! {
        pub pipeline for Catalog {
            node(mean, [clean_companies] -> [average_rating]),
        }
    }
}

pipelines! {
    pub fn pipelines() for Catalog {
        data_processing = data_processing::pipeline(),
        again = pipeline!< node(repeat, [average_rating] -> [repeated]) >,
        __default__ = data_processing + data_science::pipeline() + again,
    }
}

fn clean(ratings: &[f64]) -> Vec<f64> {
    ratings.iter().copied().filter(|rating| !rating.is_nan()).collect()
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

fn repeat(rating: f64) -> Vec<f64> {
    vec![rating]
}

fn main() {
    let catalog = Catalog { companies: Memory::new(vec![4.0, f64::NAN, 2.0]), ..Catalog::default() };
    SequentialRunner::new().run(pipelines().get("__default__").unwrap(), &catalog).unwrap();
    assert!(!catalog.average_rating.exists().unwrap(), "it passed from node to node");
}
