//! Kedro's pipelines for Rust, checked by the compiler.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
pub mod dag;
pub mod dataset;
mod error;
mod macros;
mod memory;
mod outputs;
pub mod pass;
mod pipeline;
mod registry;
mod run;
mod runner;
mod slot;

/// What the macros' expansions name. Not part of the public API: it changes without notice, in any release.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use self::body::{CanBeSavedAs, CanBeShared};
pub use self::catalog::Catalog;
pub use self::dag::Dag;
pub use self::error::{BoxError, DatasetError, Error};
pub use self::outputs::Outputs;
pub use self::pipeline::Pipeline;
pub use self::registry::Pipelines;
pub use self::run::{Report, Run, Status};
#[cfg(feature = "rayon")]
pub use self::runner::ParallelRunner;
pub use self::runner::{DryRunner, Runner, RunnerExt, SequentialRunner};

/// What most programs need: `use pipeline_core::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "csv")]
    pub use crate::dataset::Csv;
    #[cfg(feature = "json")]
    pub use crate::dataset::Json;
    pub use crate::dataset::{Bytes, Dataset as _, Lambda, Load as _, Memory, Save as _, Text};
    #[cfg(feature = "rayon")]
    pub use crate::runner::ParallelRunner;
    pub use crate::runner::{DryRunner, Runner, RunnerExt as _, SequentialRunner};
    pub use crate::{Pipeline, Pipelines, catalog, pipeline, pipelines};
}
