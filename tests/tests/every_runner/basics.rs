//! What a run returns, its errors and its report. The runner is given as `dyn`, so that works too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pipeline_core::prelude::*;
use pipeline_core::{Error, Status};

use crate::{Catalog, double, identity};

pub(crate) fn executes_each_node_once_after_those_it_waits_for(runner: &dyn Runner) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let [start, left, right, lone, end] = ["start", "left", "right", "lone", "end"].map(|name| {
        let log = Arc::clone(&log);
        move || log.lock().expect("no panic").push(name)
    });
    let diamond = pipeline! {
        for Catalog;
        node(move |l: i32, r: i32| { end(); l + r }, [left, right] -> [end]),
        node(move |s: i32| { right(); s + 2 }, [start] -> [right]),
        node(move || { lone(); 7 }, [] -> [lone]),
        node(move |s: i32| { left(); s + 1 }, [start] -> [left]),
        node(move |a: i32| { start(); a }, [A] -> [start]),
    };
    for _ in 0..20 {
        let outputs = runner.run(&diamond, &Catalog::default()).expect("it runs");
        assert_eq!((outputs.end, outputs.lone), (9, 7));
        let mut log = std::mem::take(&mut *log.lock().expect("no panic"));
        let place = |name: &str| log.iter().position(|logged| *logged == name).expect("it ran");
        assert!(place("start") < place("left") && place("start") < place("right"), "{log:?}");
        assert!(place("left") < place("end") && place("right") < place("end"), "{log:?}");
        log.sort_unstable();
        assert_eq!(log, ["end", "left", "lone", "right", "start"]);
    }
}

pub(crate) fn returns_what_a_sequential_run_returns(runner: &dyn Runner) {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [B]),
        node(|b: i32| vec![b; 3], [B] -> [bs]),
        node(|bs: Vec<i32>, b: i32| bs.iter().sum::<i32>() + b, [bs, B] -> [sum]),
        node(|bs: &[i32]| bs.len(), [bs] -> [len]),
        node(identity, [sum] -> [C]),
        node(|sum: &i32, len: &usize| format!("{sum} of {len}"), [sum, len] -> [text]),
    };
    let (expected_catalog, catalog) = (Catalog::default(), Catalog::default());
    let expected = SequentialRunner::new().run(&pipeline, &expected_catalog).expect("it runs");
    let outputs = runner.run(&pipeline, &catalog).expect("it runs");
    assert_eq!(outputs.text, "24 of 3");
    assert_eq!(outputs.text, expected.text);
    let saved = |catalog: &Catalog| [&catalog.B, &catalog.C].map(|dataset| *dataset.load().expect("it is saved"));
    assert_eq!(saved(&catalog), [6, 24]);
    assert_eq!(saved(&catalog), saved(&expected_catalog));
}

pub(crate) fn returns_the_error_of_a_failing_node_with_its_names(runner: &dyn Runner) {
    fn parse(value: i32) -> Result<i32, std::num::ParseIntError> {
        format!("x{value}").parse()
    }
    let named = pipeline! {
        for Catalog;
        node(double, [A] -> [doubled]),
        node(parse?, [doubled] -> [parsed], name = "parsing"),
        node(double, [parsed] -> [last]),
    };
    let error = runner.run(&named.clone().named("numbers"), &Catalog::default()).expect_err("it fails");
    let Error::Node { pipeline, node, source } = &error else { panic!("{error:?}") };
    assert_eq!(pipeline.as_deref(), Some("numbers"));
    assert_eq!(node, "parsing: parse([doubled]) -> [parsed]");
    assert!(source.is::<std::num::ParseIntError>(), "{source:?}");
    let cause = std::error::Error::source(&error).expect("the cause is kept");
    assert_eq!(cause.to_string(), "invalid digit found in string");
    assert_eq!(
        format!("{error:?}"),
        "node `parsing: parse([doubled]) -> [parsed]` of pipeline `numbers` failed\n  \
         caused by: invalid digit found in string"
    );
    let error = runner.run(&named, &Catalog::default()).expect_err("it fails");
    assert_eq!(error.to_string(), "node `parsing: parse([doubled]) -> [parsed]` failed");
}

pub(crate) fn makes_an_error_of_a_panic(runner: &dyn Runner) {
    fn with_text(_: i32) -> i32 {
        panic!("just text")
    }
    fn with_format(value: i32) -> i32 {
        panic!("the value was {value}")
    }
    fn with_something_else(_: i32) -> i32 {
        std::panic::panic_any(5)
    }
    let message = |pipeline: &Pipeline<Catalog>, node: &str| {
        let pipeline = pipeline.clone().named("panicking");
        let error = runner.run(&pipeline, &Catalog::default()).expect_err("it panics");
        let Error::Panicked { pipeline, node: panicked, message } = &error else { panic!("{error:?}") };
        assert_eq!((pipeline.as_deref(), panicked.as_str()), (Some("panicking"), node));
        assert_eq!(error.to_string(), format!("node `{node}` of pipeline `panicking` panicked: {message}"));
        message.clone()
    };
    let text = pipeline! { for Catalog; node(with_text, [A] -> [B]) };
    assert_eq!(message(&text, "with_text([A]) -> [B]"), "just text");
    let format = pipeline! { for Catalog; node(with_format, [A] -> [B], name = "n") };
    assert_eq!(message(&format, "n: with_format([A]) -> [B]"), "the value was 3");
    let something_else = pipeline! { for Catalog; node(with_something_else, [A] -> [B]) };
    assert_eq!(message(&something_else, "with_something_else([A]) -> [B]"), "it gave no message");
}

pub(crate) fn executes_nothing_that_waits_for_a_failed_node(runner: &dyn Runner) {
    let n_calls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&n_calls);
    let pipeline = pipeline! {
        for Catalog;
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [refused]),
        node(move |refused: i32| { counts.fetch_add(1, Ordering::SeqCst); refused }, [refused] -> [after]),
        node(identity, [after] -> [B]),
    };
    let catalog = Catalog::default();
    runner.run(&pipeline, &catalog).expect_err("it fails");
    assert_eq!(n_calls.load(Ordering::SeqCst), 0);
    assert!(!catalog.B.exists().expect("memory can tell"));
}

pub(crate) fn runs_again_after_an_error(runner: &dyn Runner) {
    let mood = Arc::new(Mutex::new("fail"));
    let asks = Arc::clone(&mood);
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [first]),
        node(double, [A] -> [second]),
        node(
            (move |first: i32, second: &i32| {
                let mood = *asks.lock().expect("no panic while it is locked");
                match mood {
                    "fail" => Err("refused"),
                    "panic" => panic!("on purpose"),
                    _ => Ok(first + second),
                }
            })?,
            [first, second] -> [sum]
        ),
        node(|second: i32, sum: i32| second + sum, [second, sum] -> [total]),
    };
    let catalog = Catalog::default();
    let run_in = |new: &'static str| {
        *mood.lock().expect("no panic while it is locked") = new;
        runner.run(&pipeline, &catalog).map(|outputs| outputs.total)
    };
    for _ in 0..3 {
        assert!(matches!(run_in("fail"), Err(Error::Node { .. })));
        assert_eq!(run_in("well").expect("it runs"), 18);
        assert!(matches!(run_in("panic"), Err(Error::Panicked { .. })));
        assert!(matches!(run_in("fail"), Err(Error::Node { .. })));
        assert_eq!(run_in("well").expect("it runs"), 18);
    }
}

pub(crate) fn returns_the_error_of_an_input_that_was_never_saved(runner: &dyn Runner) {
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [B]), node(double, [never] -> [C]) }.named("p");
    let error = runner.run(&pipeline, &Catalog::default()).expect_err("it fails");
    let Error::Load { pipeline, node, dataset, .. } = &error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), node.as_str(), dataset.as_str()), (Some("p"), "double([never]) -> [C]", "never"));
}

pub(crate) fn reports_every_node(runner: &dyn Runner) {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [B]),
        node(double, [B] -> [doubled]),
    };
    let report = runner.run_report(&pipeline, &Catalog::default()).expect("it can start");
    assert!(report.error().is_none());
    let nodes: Vec<(String, Status)> = report.nodes().map(|(node, status)| (node.to_string(), status)).collect();
    let completed = Status::Completed;
    assert_eq!(
        nodes,
        [("double([A]) -> [B]".to_owned(), completed), ("double([B]) -> [doubled]".to_owned(), completed)]
    );
    assert_eq!(report.outputs.doubled, Some(12));
    assert_eq!(report.to_string(), "Completed 2 out of 2 nodes");
    assert_eq!(report.into_result().expect("there was no error").outputs.doubled, Some(12));

    let failing = pipeline! {
        for Catalog;
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [refused]),
        node(identity, [refused] -> [end]),
    };
    let report = runner.run_report(&failing, &Catalog::default()).expect("it can start");
    assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
    let statuses: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Status::Failed, Status::Skipped("the run failed")]);
    assert_eq!(report.outputs.end, None);
    assert_eq!(
        report.to_string(),
        "Completed 0 out of 2 nodes\n\
         failed: <closure>([A]) -> [refused]\n\
         skipped, because the run failed: identity([refused]) -> [end]"
    );
    assert!(matches!(report.into_result(), Err(Error::Node { .. })));
}

pub(crate) fn runs_a_wide_and_a_deep_pipeline(runner: &dyn Runner) {
    let wide = pipeline! {
        for Catalog;
        node(identity, [A] -> [w0]), node(identity, [A] -> [w1]), node(identity, [A] -> [w2]),
        node(identity, [A] -> [w3]), node(identity, [A] -> [w4]), node(identity, [A] -> [w5]),
        node(identity, [A] -> [w6]), node(identity, [A] -> [w7]), node(identity, [A] -> [w8]),
        node(
            |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32| a + b + c + d + e + f + g + h + i,
            [w0, w1, w2, w3, w4, w5, w6, w7, w8] -> [B]
        ),
    };
    let deep = pipeline! {
        for Catalog;
        node(double, [B] -> [d0]), node(double, [d0] -> [d1]), node(double, [d1] -> [d2]),
        node(double, [d2] -> [d3]), node(double, [d3] -> [d4]), node(double, [d4] -> [d5]),
        node(double, [d5] -> [d6]), node(double, [d6] -> [d7]), node(double, [d7] -> [C]),
    };
    let catalog = Catalog::default();
    let sum = wide + deep;
    for _ in 0..20 {
        runner.run(&sum, &catalog).expect("it runs");
        assert_eq!(catalog.B.load().expect("it is saved"), 27);
        assert_eq!(catalog.C.load().expect("it is saved"), 27 * 512);
    }
}
