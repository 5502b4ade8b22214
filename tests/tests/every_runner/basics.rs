//! What a run returns, its errors and its report. The runner is given as `dyn`, so that works too.

use pipeline_core::dataset::Dataset;
use pipeline_core::prelude::*;
use pipeline_core::{Error, Status};

use crate::log::Log;
use crate::{Answer, Catalog, double, identity, refuse};

pipeline! {
    #[portable]
    pub(crate) diamond for Catalog {
        node(|l: i32, r: i32, log: &Log| { log.note("end"); l + r }, [left, right, params:log] -> [end: i32]),
        node(|s: i32, log: &Log| { log.note("right"); s + 2 }, [start, params:log] -> [right]),
        node(|log: &Log| { log.note("lone"); 7 }, [params:log] -> [lone: i32]),
        node(|s: i32, log: &Log| { log.note("left"); s + 1 }, [start, params:log] -> [left]),
        node(|a: i32, log: &Log| { log.note("start"); a }, [A, params:log] -> [start]),
    }
}

pub(crate) fn executes_each_node_once_after_those_it_waits_for(runner: &dyn Runner) {
    let (_folder, log) = Log::new();
    let (diamond, catalog) = (diamond(), Catalog::noting_in(&log));
    for _ in 0..20 {
        let outputs = runner.run(&diamond, &catalog).expect("it runs");
        assert_eq!((outputs.end, outputs.lone), (9, 7));
        let mut log = log.take();
        let place = |name: &str| log.iter().position(|logged| *logged == name).expect("it ran");
        assert!(place("start") < place("left") && place("start") < place("right"), "{log:?}");
        assert!(place("left") < place("end") && place("right") < place("end"), "{log:?}");
        log.sort_unstable();
        assert_eq!(log, ["end", "left", "lone", "right", "start"]);
    }
}

pipeline! {
    #[portable]
    pub(crate) sums for Catalog {
        node(double, [A] -> [B]),
        node(|b: i32| vec![b; 3], [B] -> [bs]),
        node(|bs: Vec<i32>, b: i32| bs.iter().sum::<i32>() + b, [bs, B] -> [sum]),
        node(|bs: &[i32]| bs.len(), [bs] -> [len]),
        node(identity, [sum] -> [C]),
        node(|sum: &i32, len: &usize| format!("{sum} of {len}"), [sum, len] -> [text: String]),
    }
}

pub(crate) fn returns_what_a_sequential_run_returns(runner: &dyn Runner) {
    let sums = sums();
    let (expected_catalog, catalog) = (Catalog::default(), Catalog::default());
    let expected = SequentialRunner::new().run(&sums, &expected_catalog).expect("it runs");
    let outputs = runner.run(&sums, &catalog).expect("it runs");
    assert_eq!(outputs.text, "24 of 3");
    assert_eq!(outputs.text, expected.text);
    for catalog in [&catalog, &expected_catalog] {
        // What passes from node to node is released.
        assert!(!catalog.B.exists().expect("it is in memory"));
        assert_eq!(*catalog.C.load().expect("it is saved"), 24);
    }
}

fn parse(value: i32) -> Result<i32, std::num::ParseIntError> {
    format!("x{value}").parse()
}

pipeline! {
    #[portable]
    pub(crate) numbers for Catalog {
        node(double, [A] -> [doubled]),
        node(parse?, [doubled] -> [parsed], name = "parsing"),
        node(double, [parsed] -> [last: i32]),
    }
}

pub(crate) fn returns_the_error_of_a_failing_node_with_its_names(runner: &dyn Runner) {
    let error = runner.run(&numbers(), &Catalog::default()).expect_err("it fails");
    let Error::Node { pipeline, node, .. } = &error else { panic!("{error:?}") };
    assert_eq!(pipeline.as_deref(), Some("numbers"));
    assert_eq!(node, "parsing: parse([doubled]) -> [parsed]");
    let cause = std::error::Error::source(&error).expect("the cause is kept");
    assert_eq!(cause.to_string(), "invalid digit found in string");
    assert_eq!(
        format!("{error:?}"),
        "node `parsing: parse([doubled]) -> [parsed]` of pipeline `numbers` failed\n  \
         caused by: invalid digit found in string"
    );
}

fn with_text(_: i32) -> i32 {
    panic!("just text")
}

fn with_format(value: i32) -> i32 {
    panic!("the value was {value}")
}

fn with_something_else(_: i32) -> i32 {
    std::panic::panic_any(5)
}

pipeline! { #[portable] pub(crate) text for Catalog { node(with_text, [A] -> [B]) } }
pipeline! { #[portable] pub(crate) format for Catalog { node(with_format, [A] -> [B], name = "n") } }
pipeline! { #[portable] pub(crate) something_else for Catalog { node(with_something_else, [A] -> [B]) } }

pub(crate) fn makes_an_error_of_a_panic(runner: &dyn Runner) {
    let message = |pipeline: Pipeline<Catalog>, node: &str| {
        let error = runner.run(&pipeline, &Catalog::default()).expect_err("it panics");
        let name = pipeline.name().expect("an item has a name");
        let Error::Panicked { pipeline, node: panicked, message } = &error else { panic!("{error:?}") };
        assert_eq!((pipeline.as_deref(), panicked.as_str()), (Some(name), node));
        assert_eq!(error.to_string(), format!("node `{node}` of pipeline `{name}` panicked: {message}"));
        message.clone()
    };
    assert_eq!(message(text().without_outputs(), "with_text([A]) -> [B]"), "just text");
    assert_eq!(message(format().without_outputs(), "n: with_format([A]) -> [B]"), "the value was 3");
    let something_else = something_else().without_outputs();
    assert_eq!(message(something_else, "with_something_else([A]) -> [B]"), "it gave no message");
}

pipeline! {
    #[portable]
    pub(crate) refused for Catalog {
        node(refuse?, [A] -> [refused]),
        node(|refused: i32, log: &Log| { log.note("after"); refused }, [refused, params:log] -> [after]),
        node(identity, [after] -> [B]),
    }
}

pub(crate) fn executes_nothing_that_waits_for_a_failed_node(runner: &dyn Runner) {
    let (_folder, log) = Log::new();
    let catalog = Catalog::noting_in(&log);
    runner.run(&refused(), &catalog).expect_err("it fails");
    assert_eq!(log.notes(), [""; 0]);
    assert!(!catalog.B.exists().expect("memory can tell"));
}

fn answer_with(sum: i32, answer: Answer) -> Result<i32, &'static str> {
    match answer {
        Answer::Well => Ok(sum),
        Answer::Refuse => Err("refused"),
        // As a panic, but that nothing is printed.
        Answer::Panic => std::panic::resume_unwind(Box::new("on purpose")),
    }
}

pipeline! {
    #[portable]
    pub(crate) adding for Catalog {
        node(double, [A] -> [first]),
        node(double, [A] -> [second]),
        node(
            (|first: i32, second: &i32, answer: Answer| answer_with(first + second, answer))?,
            [first, second, params:answer] -> [sum]
        ),
        node(|second: i32, sum: i32| second + sum, [second, sum] -> [total: i32]),
    }
}

pub(crate) fn runs_again_after_an_error(runner: &dyn Runner) {
    let (adding, mut catalog) = (adding(), Catalog::default());
    let mut run_with = |answer| {
        catalog.params.answer = answer;
        runner.run(&adding, &catalog).map(|outputs| outputs.total)
    };
    for _ in 0..3 {
        assert!(matches!(run_with(Answer::Refuse), Err(Error::Node { .. })));
        assert_eq!(run_with(Answer::Well).expect("it runs"), 18);
        assert!(matches!(run_with(Answer::Panic), Err(Error::Panicked { .. })));
        assert!(matches!(run_with(Answer::Refuse), Err(Error::Node { .. })));
        assert_eq!(run_with(Answer::Well).expect("it runs"), 18);
    }
}

pipeline! {
    #[portable]
    pub(crate) lacking for Catalog { node(double, [A] -> [B]), node(double, [never] -> [C]) }
}

pub(crate) fn returns_the_error_of_an_input_that_was_never_saved(runner: &dyn Runner) {
    let error = runner.run(&lacking(), &Catalog::default()).expect_err("it fails");
    let Error::Load { pipeline, node, dataset, .. } = &error else { panic!("{error:?}") };
    let (pipeline, node, dataset) = (pipeline.as_deref(), node.as_str(), dataset.as_str());
    assert_eq!((pipeline, node, dataset), (Some("lacking"), "double([never]) -> [C]", "never"));
}

pipeline! {
    #[portable]
    pub(crate) doubling for Catalog { node(double, [A] -> [B]), node(double, [B] -> [doubled: i32]) }
}

pipeline! {
    #[portable]
    pub(crate) failing for Catalog {
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [refused]),
        node(identity, [refused] -> [end: i32]),
    }
}

pub(crate) fn reports_every_node(runner: &dyn Runner) {
    let report = runner.run_report(&doubling(), &Catalog::default()).expect("it can start");
    assert!(report.error().is_none());
    let nodes: Vec<(String, Status)> = report.nodes().map(|(node, status)| (node.to_string(), status)).collect();
    let completed = Status::Completed;
    assert_eq!(
        nodes,
        [("double([A]) -> [B]".to_owned(), completed), ("double([B]) -> [doubled]".to_owned(), completed)]
    );
    assert_eq!(report.outputs.doubled, Some(12));
    assert_eq!(report.to_string(), "Completed 2 out of 2 nodes");
    assert_eq!(report.into_result().expect("there was no error").doubled, Some(12));

    let report = runner.run_report(&failing(), &Catalog::default()).expect("it can start");
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

pipeline! {
    #[portable]
    pub(crate) wide for Catalog {
        node(identity, [A] -> [w0]), node(identity, [A] -> [w1]), node(identity, [A] -> [w2]),
        node(identity, [A] -> [w3]), node(identity, [A] -> [w4]), node(identity, [A] -> [w5]),
        node(identity, [A] -> [w6]), node(identity, [A] -> [w7]), node(identity, [A] -> [w8]),
        node(
            |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32| a + b + c + d + e + f + g + h + i,
            [w0, w1, w2, w3, w4, w5, w6, w7, w8] -> [B]
        ),
    }
}

pipeline! {
    #[portable]
    pub(crate) deep for Catalog {
        node(double, [B] -> [d0]), node(double, [d0] -> [d1]), node(double, [d1] -> [d2]),
        node(double, [d2] -> [d3]), node(double, [d3] -> [d4]), node(double, [d4] -> [d5]),
        node(double, [d5] -> [d6]), node(double, [d6] -> [d7]), node(double, [d7] -> [C]),
    }
}

pub(crate) fn runs_a_wide_and_a_deep_pipeline(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let sum = (wide() + deep()).named("wide_and_deep");
    for _ in 0..20 {
        runner.run(&sum, &catalog).expect("it runs");
        assert_eq!(catalog.C.load().expect("it is saved"), 27 * 512);
    }
}
