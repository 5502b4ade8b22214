//! What the expansions of the macros name; the macro crate names nothing else of this crate.

pub use crate::Pipeline;
pub use crate::body::{Body, HoldsAResult, HoldsAny, InMemory, Key, missing, pipeline};
pub use crate::catalog::{Catalog, If, Seen, Sees};
pub use crate::collect::Collect;
pub use crate::dag::Dag;
pub use crate::dataset::{AnyDataset, FromLocation, NeedsNoLocation, a_dataset};
pub use crate::outputs::Outputs;
pub use crate::pass::ask::{TakesAsDeclared, TakesReference, TakesValue};
#[cfg(feature = "process")]
pub use crate::portable::{HidesItsValues, ShowsItsValues};
pub use crate::registry::Pipelines;
pub use pipeline_macros::{catalog, pipeline_with, pipelines_with};

/// What the static DAG is written with.
pub mod dag {
    pub use crate::dag::parts::{DatasetParts, NodeParts, dag, in_catalog, in_memory, node, parameter};
}

/// What a sum in `pipelines!` is checked with.
pub mod sum {
    pub use crate::dag::check_sum::{
        Addend, Checked, Dataset, Declared, Part, Sum, Term, Text, are_used, declared, declared_portable, literal,
    };
}
