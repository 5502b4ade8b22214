//! A DAG that outlives the pipeline that it describes.

use std::ops::Deref;
use std::sync::Arc;

use super::Dag;
use super::join::Joined;

/// The DAG of a pipeline, or of a sum.
#[derive(Clone, Debug)]
pub(crate) enum SharedDag {
    Static(&'static Dag),
    Sum(Arc<Joined>),
}

impl Deref for SharedDag {
    type Target = Dag;

    fn deref(&self) -> &Dag {
        match self {
            Self::Static(dag) => dag,
            Self::Sum(joined) => &joined.dag,
        }
    }
}
