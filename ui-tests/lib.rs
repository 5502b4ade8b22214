//! What the compiler says to mistakes: see `fail/`, and `pass/` for the repairs. The catalog here is that of another crate for them.

use pipeline_core::prelude::*;

catalog! {
    /// What the pipelines of a shuttle company read and write.
    pub struct Catalog {
        /// Ratings of companies.
        companies: Memory<Vec<f64>>,
        /// Ratings by reviewers.
        reviews: Memory<Vec<f64>>,
        /// The mean of some.
        average_rating: Memory<f64>,
        /// What to tell.
        report: Memory<String>,
        /// What there is to choose.
        params: Params,
    }
}

/// The parameters.
#[derive(Debug, Default)]
pub struct Params {
    /// What ratings are multiplied with.
    pub factor: f64,
}
