//! Kedro's pipelines for Rust, checked by the compiler.
//!
//! Plain functions are nodes. Names in a typed catalog are their inputs and outputs. Runners execute them one by one or on a
//! work-stealing pool. A name that nothing provides, a value of the wrong type, a dataset with two writers, nodes that wait for
//! each other: all these do not compile, with an error under the name that is wrong.
//!
//! ```
//! use pipeline_core::prelude::*;
//!
//! catalog! {
//!     /// Everything that the pipeline reads and writes.
//!     pub struct Catalog {
//!         xs: Memory<Vec<f64>> = Memory::new(vec![1.0, 2.0, 3.0]),
//!     }
//! }
//!
//! pipeline! {
//!     /// The variance of `xs`.
//!     pub variance for Catalog {
//!         node(mean, [xs] -> [m]),
//!         node(mean_of_squares, [xs] -> [m2]),
//!         node(|m: f64, m2: f64| m2 - m * m, [m, m2] -> [v: f64]),
//!     }
//! }
//!
//! fn mean(xs: &[f64]) -> f64 { xs.iter().sum::<f64>() / xs.len() as f64 }
//! fn mean_of_squares(xs: &[f64]) -> f64 { xs.iter().map(|x| x * x).sum::<f64>() / xs.len() as f64 }
//!
//! # fn main() -> Result<(), pipeline_core::Error> {
//! let outputs = SequentialRunner::new().run(&variance(), &Catalog::default())?;
//! assert!((outputs.v - 2.0 / 3.0).abs() < 1e-12);
//! println!("{}", variance::DAG);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | how a catalog is declared | [`catalog!`] |
//! | how a pipeline is declared | [`pipeline!`], [`pipelines!`] |
//! | what holds data, and how to write your own | [`dataset`] |
//! | how values become arguments, and results datasets | [`pass`], [`outputs`] |
//! | what runs pipelines, and how to write your own | [`Runner`] |
//! | what a pipeline looks like from outside | [`Dag`] |
//! | how to tell a part of a pipeline | [`Slice`] |
//! | a command line | [`cli`] |
//!
//! # Features
//!
//! All but `tracing` are on by default; without them the crate holds the macros, the DAG, the datasets without a format, and the runners that need no
//! other crate.
//!
//! | feature | what it brings |
//! |---|---|
//! | `cli` | [`cli`], with clap and ctrlc |
//! | `csv` | [`dataset::Csv`] |
//! | `json` | [`dataset::Json`] |
//! | `process` | [`ProcessRunner`], [`worker`], and `#[portable]` |
//! | `rayon` | [`ParallelRunner`] |
//! | `serde` | what `csv` and `json` share |
//! | `tracing` | the hook `hook::Tracing`, with spans of the crate tracing |
//!
//! The words are [Kedro](https://kedro.org)'s: node, dataset, catalog, parameters, pipeline, runner, free input and output.

mod body;
mod cancellation;
mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
mod collect;
pub mod dag;
pub mod dataset;
mod error;
pub mod hook;
mod io;
mod macros;
mod memory;
mod node;
pub mod outputs;
mod panics;
pub mod pass;
mod pipeline;
#[cfg(feature = "process")]
pub mod portable;
mod registry;
mod run;
mod runner;
mod shell;
mod slot;
mod sync;
#[cfg(feature = "process")]
pub mod worker;

/// What the macros' expansions name. Not part of the public API: it changes without notice, in any release.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// Where `pipeline!` and `pipelines!` call the macro of their catalog. If there is none, rustc says so, and that the error originates in
/// one of these: so their names say what to do.
#[doc(hidden)]
pub mod no_such_catalog_is_in_scope {
    pub use pipeline_macros::{
        pipeline_in as declare_one_with_catalog_or_import_it, pipelines_in as declare_it_with_catalog_or_import_it,
    };
}

pub use self::cancellation::Cancellation;
pub use self::catalog::Catalog;
pub use self::dag::{Dag, Slice};
pub use self::error::{BoxError, Cause, DatasetError, Error};
pub use self::outputs::Outputs;
pub use self::pipeline::Pipeline;
pub use self::registry::Pipelines;
pub use self::run::{Report, Run, RunOptions, Status};
#[cfg(feature = "rayon")]
pub use self::runner::ParallelRunner;
#[cfg(feature = "process")]
pub use self::runner::ProcessRunner;
pub use self::runner::{DryRunner, Runner, RunnerExt, SequentialRunner, ThreadRunner};

/// What most programs need: `use pipeline_core::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "csv")]
    pub use crate::dataset::Csv;
    #[cfg(feature = "json")]
    pub use crate::dataset::Json;
    pub use crate::dataset::{Bytes, Dataset as _, Lambda, Load as _, Memory, Save as _, Text};
    #[cfg(feature = "rayon")]
    pub use crate::runner::ParallelRunner;
    #[cfg(feature = "process")]
    pub use crate::runner::ProcessRunner;
    pub use crate::runner::{DryRunner, Runner, RunnerExt as _, SequentialRunner, ThreadRunner};
    pub use crate::{Catalog as _, Pipeline, Pipelines, Slice, catalog, pipeline, pipelines};
}

/// The code of the README compiles.
#[cfg(all(doctest, feature = "csv", feature = "json"))]
#[doc = include_str!("../../README.md")]
struct Readme;
