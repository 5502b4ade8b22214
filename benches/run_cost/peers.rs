//! Peers on the registry, each as its documentation says.

mod dag_exec;
mod dagx;
mod pipeline_dsl;
mod pondrs;

use crate::contestant::Contestant;

/// The peers. What each is, and cannot, says the report.
pub(crate) fn peers() -> Vec<Box<dyn Contestant>> {
    vec![
        Box::new(pipeline_dsl::PipelineDsl),
        Box::new(dag_exec::DagExec { is_parallel: false }),
        Box::new(dag_exec::DagExec { is_parallel: true }),
        Box::new(pondrs::Pondrs { is_parallel: false }),
        Box::new(pondrs::Pondrs { is_parallel: true }),
        Box::new(dagx::Dagx),
    ]
}
