use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        companies: Memory<Vec<f64>>,
        average_rating: Memory<f64>,
    }
}

mod archive {
    use pipeline_core::prelude::*;

    catalog! {
        pub struct Archive {
            companies: Memory<Vec<f64>>,
            average_rating: Memory<f64>,
        }
    }
}

fn mean(ratings: &[f64]) -> f64 {
    ratings.iter().sum::<f64>() / ratings.len() as f64
}

pipelines! {
    fn registry() for Catalog {
        __default__ = pipeline! { for archive::Archive; node(mean, [companies] -> [average_rating]) },
    }
}

fn main() {
    let _ = registry();
    let _ = archive::Archive::default();
}
