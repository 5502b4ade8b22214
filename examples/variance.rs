//! The variance of three numbers: the catalog decides what stays in memory and what goes to a file. Kedro's page on pipelines
//! with IO.
//!
//! ```text
//! cargo run --example variance
//! ```
//!
//! Kedro words it so, in Python:
//!
//! ```text
//! pipeline = Pipeline([
//!     Node(len, "xs", "n"),
//!     Node(mean, ["xs", "n"], "m"),
//!     Node(mean_of_squares, ["xs", "n"], "m2"),
//!     Node(variance, ["m", "m2"], "v"),
//! ])
//! io = DataCatalog(dict(xs=MemoryDataset([1, 2, 3])))
//! SequentialRunner().run(pipeline, catalog=io)             # {'v': 0.666666666666667}
//!
//! io = DataCatalog(dict(xs=MemoryDataset([1, 2, 3]), v=JSONDataset(filepath="v.json")))
//! SequentialRunner().run(pipeline, catalog=io)             # {}
//! ```

#![expect(clippy::cast_precision_loss, reason = "three is no large number")]
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use pipeline_core::BoxError;
use pipeline_core::prelude::*;

catalog! {
    /// Declares what goes in. All else is in the memory of the run.
    struct InMemory {
        xs: Memory<Vec<f64>> = Memory::new(vec![1.0, 2.0, 3.0]),
    }
}

catalog! {
    /// Declares what comes out as well.
    struct OnDisk {
        xs: Memory<Vec<f64>> = Memory::new(vec![1.0, 2.0, 3.0]),
        v: Json<f64> = "v.json",
    }
}

/// The same nodes for either catalog; the compiler checks them against each.
macro_rules! variance {
    (for $Catalog:ident) => {
        pipeline! {
            for $Catalog;
            node(Vec::len, [xs] -> [n]),
            node(mean, [xs, n] -> [m]),
            node(mean_of_squares, [xs, n] -> [m2]),
            node(|m: f64, m2: f64| m2 - m * m, [m, m2] -> [v], name = "variance"),
        }
    };
}

fn mean(xs: &[f64], n: usize) -> f64 {
    xs.iter().sum::<f64>() / n as f64
}

fn mean_of_squares(xs: &[f64], n: usize) -> f64 {
    xs.iter().map(|x| x * x).sum::<f64>() / n as f64
}

fn main() -> Result<(), BoxError> {
    let runner = SequentialRunner::new();

    // Nobody reads `v` and no catalog keeps it, so the run returns it.
    let outputs = runner.run(&variance!(for InMemory), &InMemory::default())?;
    println!("returned: {:.15}", outputs.v);

    // This catalog keeps `v`, so there is nothing to return.
    let folder = tempfile::tempdir()?;
    let catalog = OnDisk { v: Json::new(folder.path().join("v.json")), ..OnDisk::default() };
    let () = runner.run(&variance!(for OnDisk), &catalog)?;
    println!("read back: {:.15}", catalog.v.load()?);
    Ok(())
}
