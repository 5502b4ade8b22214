use pipeline_core::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Review {
    stars: f64,
}

catalog! {
    pub struct Catalog {
        reviews: Csv<Review> = "data/01_raw/reviews.csv",
        average_rating: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(mean, [reviews] -> [average_rating]),
    }
}

fn mean(reviews: &[Review]) -> f64 {
    reviews.iter().map(|review| review.stars).sum::<f64>() / reviews.len() as f64
}

fn main() {
    assert_eq!(data_science().name(), Some("data_science"));
    let _ = Catalog::default();
}
