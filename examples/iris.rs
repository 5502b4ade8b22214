//! Tells the species of an iris by its measurements: from a CSV file to predictions, a report, and an accuracy.
//!
//! ```text
//! cargo run --example iris
//! cargo run --example iris -- run --runner ParallelRunner
//! cargo run --example iris -- registry list
//! ```
//!
//! The files are in `target/iris`, below the folder that it is run from.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "what is counted is flowers, and there are 150"
)]

use std::process::ExitCode;

use pipeline_core::BoxError;
use pipeline_core::prelude::*;
use serde::{Deserialize, Serialize};

catalog! {
    /// Where the data lives, and what there is to choose.
    struct Catalog {
        flowers:     Csv<Flower>     = "target/iris/01_raw/iris.csv",
        predictions: Csv<Prediction> = "target/iris/07_model_output/predictions.csv",
        report:      Json<Report>    = "target/iris/08_reporting/report.json",
        params:      Params          = Params { test_ratio: 0.2, seed: 42 },
    }
}

pipeline! {
    /// Predicts the species of some flowers from the others, and scores the predictions.
    ///
    /// The catalog has no `train` and no `test`, so these stay in memory; `accuracy` is what a run returns.
    iris for Catalog {
        node(split?,  [flowers, params:test_ratio, params:seed] -> [train, test]),
        node(predict, [train, test] -> [predictions]),
        node(score,   [predictions] -> [report, accuracy: f64]),
    }
}

pipelines! {
    /// What `run --pipeline NAME` finds; without a name it runs the default.
    fn pipelines() for Catalog {
        iris = iris(),
        __default__ = iris,
    }
}

/// The parameters: a node takes the whole of them as `params`, or one as `params:test_ratio`.
struct Params {
    /// The part of the flowers to test with, between 0 and 1.
    test_ratio: f64,
    /// The same seed shuffles the flowers in the same way.
    seed: u64,
}

/// A row of `iris.csv`: the measurements of a flower, in centimetres, and its species.
#[derive(Serialize, Deserialize)]
struct Flower {
    sepal_length: f64,
    sepal_width: f64,
    petal_length: f64,
    petal_width: f64,
    species: Species,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Species {
    Setosa,
    Versicolor,
    Virginica,
}

/// A row of `predictions.csv`: what a flower is, and what it was taken for.
#[derive(Serialize, Deserialize)]
struct Prediction {
    species: Species,
    predicted: Species,
}

/// All of `report.json`.
#[derive(Serialize, Deserialize)]
struct Report {
    tested: usize,
    correct: usize,
    accuracy: f64,
}

/// Shuffles the flowers and deals them out: some to learn from, some to test with.
///
/// It can fail, so its node is `split?`: the run then ends with this message, under the names of the node and the pipeline.
fn split(mut flowers: Vec<Flower>, test_ratio: f64, seed: u64) -> Result<(Vec<Flower>, Vec<Flower>), String> {
    let n_test = (flowers.len() as f64 * test_ratio).round() as usize;
    if n_test == 0 || n_test >= flowers.len() {
        return Err(format!("a test ratio of {test_ratio} leaves one side without flowers"));
    }
    fastrand::Rng::with_seed(seed).shuffle(&mut flowers);
    let train = flowers.split_off(n_test);
    Ok((train, flowers))
}

/// Takes each flower for the species of its nearest neighbour.
fn predict(train: &[Flower], test: &[Flower]) -> Vec<Prediction> {
    let guess = |flower: &Flower| {
        let nearest = train.iter().min_by(|a, b| a.squared_distance(flower).total_cmp(&b.squared_distance(flower)));
        nearest.expect("`split` leaves flowers to learn from").species
    };
    test.iter().map(|flower| Prediction { species: flower.species, predicted: guess(flower) }).collect()
}

/// Counts what is right. Two outputs are a tuple.
fn score(predictions: &[Prediction]) -> (Report, f64) {
    let tested = predictions.len();
    let correct = predictions.iter().filter(|row| row.predicted == row.species).count();
    let accuracy = correct as f64 / tested as f64;
    (Report { tested, correct, accuracy }, accuracy)
}

impl Flower {
    /// How unlike two flowers are, by their measurements.
    fn squared_distance(&self, other: &Self) -> f64 {
        let measurements = |f: &Self| [f.sepal_length, f.sepal_width, f.petal_length, f.petal_width];
        measurements(self).iter().zip(measurements(other)).map(|(a, b)| (a - b).powi(2)).sum()
    }
}

/// The flowers that Edgar Anderson measured and R. A. Fisher published in 1936.
fn measured_flowers() -> Vec<Flower> {
    let iris = linfa_datasets::iris();
    let species = [Species::Setosa, Species::Versicolor, Species::Virginica];
    let rows = iris.records.outer_iter().zip(&iris.targets);
    rows.map(|(row, &class)| Flower {
        sepal_length: row[0],
        sepal_width: row[1],
        petal_length: row[2],
        petal_width: row[3],
        species: species[class],
    })
    .collect()
}

fn main() -> Result<ExitCode, BoxError> {
    let catalog = Catalog::default();
    // The first time, the file has to be written.
    if !catalog.flowers.exists()? {
        catalog.flowers.save(measured_flowers())?;
    }
    if std::env::args().len() > 1 {
        return Ok(pipeline_core::cli::main(pipelines()));
    }

    let outputs = SequentialRunner::new().run(&iris(), &catalog)?;
    println!("accuracy: {:.4}", outputs.accuracy);
    for (name, dataset) in catalog.datasets() {
        println!("{name}: {}", dataset.describe());
    }
    Ok(ExitCode::SUCCESS)
}
