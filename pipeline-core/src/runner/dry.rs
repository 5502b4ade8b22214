//! Tells what would run.

use super::Runner;
use crate::{Error, Run};

/// Executes nothing: the report of its run lists the nodes that another runner would execute, in Kedro's words.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// fn identity<T>(value: T) -> T { value }
///
/// catalog! { struct Catalog { C: Memory<i32>, E: Memory<i32> } }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let de = pipeline! { for Catalog; node(identity, [C] -> [D]), node(identity, [D] -> [E], name = "node3") };
/// let report = DryRunner::new().run_report(&de, &Catalog::default())?;
/// assert_eq!(
///     report.to_string(),
///     "Actual run would execute 2 nodes:\n\
///      identity([C]) -> [D]\n\
///      node3: identity([D]) -> [E]"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DryRunner {
    _private: (),
}

impl DryRunner {
    /// A dry runner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runner for DryRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        run.nodes().for_each(|node| run.would_execute(node.id()));
        Ok(())
    }
}
