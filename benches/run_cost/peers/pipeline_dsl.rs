//! The crate `pipeline-dsl`, whose macro writes straight-line calls.

use crate::contestant::{Contestant, Place, Prepared};
use crate::graph::Graph;

#[derive(Clone, Copy, Debug)]
pub(crate) struct PipelineDsl;

impl Contestant for PipelineDsl {
    fn name(&self) -> &'static str {
        "pipeline-dsl"
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn prepare(&self, graph: &Graph, _: Place) -> Option<Prepared> {
        generated::prepare(graph)
    }

    fn run_blocks(&self) -> bool {
        generated::run_blocks()
    }
}

mod generated {
    #![expect(
        clippy::too_many_lines,
        clippy::trivially_copy_pass_by_ref,
        reason = "they are generated, as the macro wants them"
    )]

    use std::hint::black_box;

    use pipeline_dsl::{Value, pipeline};

    use crate::blocks::Block;
    use crate::contestant::{Prepared, on_this_thread};
    use crate::functions::{START, Work};
    use crate::graph::Graph;
    use crate::shape::Shape;

    /// What a run leaves in the pipeline.
    trait Sum {
        fn sum(&self) -> u64;
    }

    fn prepared<P: Sum + 'static>(mut pipeline: P, compute: fn(&mut P) -> Result<(), pipeline_dsl::Error>) -> Prepared {
        on_this_thread(move || {
            compute(&mut pipeline).expect("it runs");
            black_box(&mut pipeline).sum()
        })
    }

    include!(concat!(env!("OUT_DIR"), "/pipeline_dsl.rs"));
}
