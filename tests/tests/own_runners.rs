//! Runners of one's own: what they are told, what they cannot do, and what they may leave out.

use std::sync::Mutex;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Run, Status};

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
        C: Memory<i32>,
    }
}

fn double(value: i32) -> i32 {
    2 * value
}

// What a runner is told.

#[test]
fn a_run_tells_its_runner_the_pipeline_and_its_datasets() {
    struct Asking(Mutex<Vec<String>>);
    impl Runner for Asking {
        fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
            let exists = |name: &str| run.dataset(name).map(|dataset| dataset.exists().unwrap_or(false));
            let mut heard = self.0.lock().expect("no panic");
            heard.push(format!(
                "{:?} {} {:?}",
                run.pipeline(),
                run.dag().len(),
                [exists("A"), exists("B"), exists("x")]
            ));
            run.execute_in_order()
        }
    }
    let asking = Asking(Mutex::default());
    let catalog = Catalog::default();
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [B]) };
    asking.run(&pipeline, &catalog).unwrap();
    asking.run(&pipeline.named("doubling"), &catalog).unwrap();
    let heard = ["None 1 [Some(true), Some(false), None]", "Some(\"doubling\") 1 [Some(true), Some(true), None]"];
    assert_eq!(*asking.0.lock().unwrap(), heard);
}

// What a runner must not do.

/// Executes the nodes at these places, in this order, and stops at the first error.
struct AtPlaces(&'static [usize]);

impl Runner for AtPlaces {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let order: Vec<_> = run.dag().order().collect();
        self.0.iter().try_for_each(|&place| run.execute(order[place]))
    }
}

fn chain() -> Pipeline<Catalog, impl pipeline_core::Outputs> {
    pipeline! {
        for Catalog;
        node(double, [A] -> [B]),
        node(double, [B] -> [doubled], name = "second"),
        node(double, [doubled] -> [C]),
        node(|a: i32| a, [A] -> [free]),
    }
}

#[test]
fn a_runner_cannot_execute_a_node_twice() {
    let error = AtPlaces(&[0, 1, 1]).run(&chain().named("chain"), &Catalog::default()).err().unwrap();
    let Error::OutOfTurn { pipeline, node, when } = &error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), node.as_str()), (Some("chain"), "second: double([B]) -> [doubled]"));
    assert_eq!(when, "twice");
    assert_eq!(
        error.to_string(),
        "the runner cannot execute node `second: double([B]) -> [doubled]` of pipeline `chain` twice"
    );
}

#[test]
fn a_runner_cannot_execute_a_node_out_of_turn() {
    let runs: [(&'static [usize], &str, &str); 3] = [
        (&[1], "second: double([B]) -> [doubled]", "B"),
        (&[0, 2], "double([doubled]) -> [C]", "doubled"),
        (&[3, 2], "double([doubled]) -> [C]", "doubled"),
    ];
    for (places, wrong, input) in runs {
        let catalog = Catalog { B: Memory::new(5), ..Catalog::default() };
        let error = AtPlaces(places).run(&chain(), &catalog).err().unwrap();
        assert_eq!(
            error.to_string(),
            format!("the runner cannot execute node `{wrong}` before the node that writes its input `{input}`")
        );
    }
}

#[test]
fn a_runner_cannot_execute_what_it_has_executed_in_order() {
    struct TwiceInOrder;
    impl Runner for TwiceInOrder {
        fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
            run.execute_in_order()?;
            run.execute_in_order()
        }
    }
    let error = TwiceInOrder.run(&chain(), &Catalog::default()).err().unwrap();
    assert!(matches!(&error, Error::OutOfTurn { node, .. } if node == "double([A]) -> [B]"), "{error:?}");
}

#[test]
fn after_a_runner_was_out_of_turn_another_runs_the_pipeline() {
    let (pipeline, catalog) = (chain(), Catalog::default());
    AtPlaces(&[0, 2]).run(&pipeline, &catalog).err().unwrap();
    AtPlaces(&[0, 0]).run(&pipeline, &catalog).err().unwrap();
    SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(catalog.C.load().unwrap(), 24);
}

#[test]
fn a_runner_may_end_a_run_with_an_error_of_its_own_making() {
    struct Refusing;
    impl Runner for Refusing {
        fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
            Err(Error::UnknownRunner { name: format!("for {} nodes", run.dag().len()), hint: String::new() })
        }
    }
    let error = Refusing.run(&chain(), &Catalog::default()).err().unwrap();
    assert_eq!(error.to_string(), "there is no runner `for 4 nodes`");
    let report = Refusing.run_report(&chain(), &Catalog::default()).unwrap();
    assert!(report.nodes().all(|(_, status)| status == Status::Skipped("the run failed")));
}

// Runners that leave nodes out.

#[test]
fn a_runner_may_leave_nodes_out_and_the_report_says_which() {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [early]),
        node(double, [early] -> [B]),
        node(double, [B] -> [late]),
        node(double, [A] -> [other]),
    };
    let catalog = Catalog::default();
    let report = AtPlaces(&[0, 1, 3]).run_report(&pipeline, &catalog).unwrap();
    let left_out = Status::Skipped("the runner left it out");
    assert_eq!(
        report.nodes().map(|(node, status)| (node.to_string(), status)).collect::<Vec<_>>(),
        [
            ("double([A]) -> [early]".to_owned(), Status::Completed),
            ("double([early]) -> [B]".to_owned(), Status::Completed),
            ("double([B]) -> [late]".to_owned(), left_out),
            ("double([A]) -> [other]".to_owned(), Status::Completed),
        ]
    );
    assert_eq!((report.outputs.late, report.outputs.other), (None, Some(6)));
    assert!(report.error().is_none());
    assert_eq!(
        report.to_string(),
        "Completed 3 out of 4 nodes\nskipped, because the runner left it out: double([B]) -> [late]"
    );
    assert_eq!(catalog.B.load().unwrap(), 12);
    let error = AtPlaces(&[0, 1, 3]).run(&pipeline, &catalog).err().unwrap();
    assert!(matches!(&error, Error::LeftOut { nodes, .. } if nodes == &["double([B]) -> [late]"]), "{error:?}");
}

#[test]
fn a_runner_may_keep_going_after_an_error() {
    struct KeepGoing;
    impl Runner for KeepGoing {
        fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
            run.dag().order().for_each(|node| drop(run.execute(node)));
            Ok(())
        }
    }
    let pipeline = pipeline! {
        for Catalog;
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [refused]),
        node(double, [refused] -> [after]),
        node(double, [A] -> [other]),
    };
    let report = KeepGoing.run_report(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((report.outputs.after, report.outputs.other), (None, Some(6)));
    let statuses: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Skipped("a node that it waits for failed"), Status::Completed]);
    let error = KeepGoing.run(&pipeline, &Catalog::default()).err().unwrap();
    assert!(matches!(error, Error::LeftOut { .. }), "{error:?}");
}

#[test]
fn outputs_of_a_report_are_what_was_written_before_the_error() {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [before]),
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [refused]),
        node(double, [A] -> [after]),
    };
    let report = SequentialRunner::new().run_report(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((report.outputs.before, report.outputs.refused, report.outputs.after), (Some(6), None, None));
}
