//! What is asked to end does.

use pipeline_core::hook::{Hook, NodeEvent};
use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};

use crate::log::Log;
use crate::{Catalog, double, identity};

/// Cancels once a node is done.
pub(crate) struct CancelsAfter<'c>(pub(crate) &'static str, pub(crate) &'c Cancellation);

impl Hook for CancelsAfter<'_> {
    fn after_node_run(&self, event: &NodeEvent<'_>) {
        if event.node.name() == Some(self.0) {
            self.1.cancel();
        }
    }
}

pipeline! {
    #[portable]
    pub(crate) two_sides for Catalog {
        node(|a: i32, log: &Log| { log.note("left"); a }, [A, params:log] -> [left]),
        node(|a: i32, log: &Log| { log.note("right"); a }, [A, params:log] -> [right: i32]),
        node(double, [left] -> [B]),
    }
}

pub(crate) fn a_run_that_was_cancelled_before_executes_nothing(runner: &dyn Runner) {
    let (_folder, log) = Log::new();
    let (pipeline, catalog) = (two_sides(), Catalog::noting_in(&log));
    let cancellation = Cancellation::new();
    cancellation.cancel();
    for options in [RunOptions::new(), RunOptions::new().keep_going()] {
        let options = options.cancelled_by(&cancellation);
        let report = runner.run_with(&pipeline, &catalog, &options).expect("it can start");
        assert!(matches!(report.error(), Some(Error::Cancelled { .. })), "{:?}", report.error());
        assert!(report.nodes().all(|(_, status)| status == Status::Skipped("the run was cancelled")), "{report}");
        assert_eq!(report.outputs.right, None);
    }
    assert_eq!(log.notes(), [""; 0]);
    runner.run(&pipeline, &catalog).expect("without it, it runs");
    assert_eq!(log.notes().len(), 2);
}

pipeline! {
    #[portable]
    pub(crate) ending for Catalog {
        node(double, [A] -> [first]),
        node(identity, [first] -> [second: i32], name = "last"),
        node(double, [second] -> [third]),
        node(identity, [third] -> [B]),
    }
}

pub(crate) fn a_run_that_is_cancelled_starts_no_other_node(runner: &dyn Runner) {
    let cancellation = Cancellation::new();
    let hook = CancelsAfter("last", &cancellation);
    let options = RunOptions::new().cancelled_by(&cancellation).hook(&hook);
    let report = runner.run_with(&ending(), &Catalog::default(), &options).expect("it can start");
    let error = report.error().expect("it was cancelled").to_string();
    assert_eq!(error, "the run of pipeline `ending` was cancelled before node `double([second]) -> [third]`");
    let (completed, skipped) = (Status::Completed, Status::Skipped("the run was cancelled"));
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(status, [completed, completed, skipped, skipped]);
    assert!(!Cancellation::of_this_node().is_cancelled(), "outside of a node nobody cancels");
}
