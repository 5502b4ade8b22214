use pipeline_core::DatasetError;
use pipeline_core::dataset::{AnyProcess, Dataset, FromLocation, Load};
use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        reviews: LineCount = "data/01_raw/reviews.csv",
        n_reviews: Memory<usize>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(count, [n_reviews] -> [reviews]),
    }
}

fn count(n_reviews: usize) -> usize {
    n_reviews - 1
}

/// The number of lines in a file.
pub struct LineCount {
    path: String,
}

impl Dataset for LineCount {
    type Value = usize;
    type Reach = AnyProcess;
}

impl FromLocation for LineCount {
    fn from_location(location: &str) -> Self {
        Self { path: location.to_owned() }
    }
}

impl Load for LineCount {
    type Loaded = usize;

    fn load(&self) -> Result<usize, DatasetError> {
        Ok(self.path.len())
    }
}

fn main() {}
