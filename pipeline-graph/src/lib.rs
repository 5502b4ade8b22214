//! What the macros and the run time of `pipeline-core` both work out: the order of a pipeline's nodes, and the names
//! that are nearest to a misspelt one.
//!
//! `pipeline-core` depends on this crate; nobody else needs to.

mod memory;
mod nearest;
mod order;

pub use self::nearest::{did_you_mean, is_near, list, nearest};
pub use self::order::{Cycle, Ends, Order, order};
