use pipeline_core::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Flower { species: String, petal_length: f64 }

catalog! {
    pub struct Catalog {
        flowers: Csv<Flower> = "data/01_raw/flowers.csv",
        report:  Json<f64>   = "data/08_reporting/mean_petal_length.json",
    }
}

pipeline! {
    /// The mean length of the petals.
    pub petals for Catalog {
        node(lengths, [flower] -> [lengths]),
        node(mean?,   [lengths] -> [report]),        // `?`: this function returns a Result
    }
}

fn lengths(flowers: &[Flower]) -> Vec<f64> { flowers.iter().map(|flower| flower.petal_length).collect() }

fn mean(xs: &[f64]) -> Result<f64, &'static str> {
    if xs.is_empty() { Err("there are no flowers") } else { Ok(xs.iter().sum::<f64>() / xs.len() as f64) }
}

fn main() -> Result<(), pipeline_core::Error> {
    SequentialRunner::new().run(&petals(), &Catalog::default())?;
    Ok(())
}
