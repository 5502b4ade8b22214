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
        node(lengths, [flowers] -> [lengths]),
        node(mean?,   [lengths] -> [report]),        // `?`: this function returns a Result
    }
}

fn lengths(flowers: &[Flower]) -> Vec<f64> { flowers.iter().map(|flower| flower.petal_length).collect() }

fn mean(xs: &[f64]) -> Result<f64, &'static str> {
    if xs.is_empty() { Err("there are no flowers") } else { Ok(xs.iter().sum::<f64>() / xs.len() as f64) }
}

fn main() -> Result<(), pipeline_core::Error> {
    let folder = std::env::temp_dir().join(format!("petals-{}", std::process::id()));
    let catalog = Catalog { flowers: Csv::new(folder.join("flowers.csv")), report: Json::new(folder.join("report.json")) };
    let flower = |petal_length| Flower { species: "setosa".to_owned(), petal_length };
    catalog.flowers.save(vec![flower(1.0), flower(2.0)])?;
    SequentialRunner::new().run(&petals(), &catalog)?;
    assert_eq!(catalog.report.load()?, 1.5);
    std::fs::remove_dir_all(folder).unwrap();
    Ok(())
}
