//! Runners: what holds for every one of them, and what a runner of one's own can and cannot do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Run, Status};

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
        C: Memory<i32>,
        never: Memory<i32>,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

// Runners of one's own.

/// Executes the layers one after the other, each from its end.
struct LayerRunner;

impl Runner for LayerRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            layer.iter().rev().try_for_each(|node| run.execute(node.id()))?;
        }
        Ok(())
    }
}

/// Executes each layer on threads of its own.
struct ThreadPerNodeRunner;

impl Runner for ThreadPerNodeRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            thread::scope(|scope| {
                let threads: Vec<_> = layer.iter().map(|node| scope.spawn(|| run.execute(node.id()))).collect();
                threads.into_iter().try_for_each(|thread| thread.join().expect("a node's panic is an error"))
            })?;
        }
        Ok(())
    }
}

/// The suite that holds for every runner.
macro_rules! every_runner {
    ($($name:ident: $runner:expr;)+) => {$(
        mod $name {
            use super::*;

            #[test]
            fn executes_each_node_once_after_those_it_waits_for() {
                suite::executes_each_node_once_after_those_it_waits_for(&$runner);
            }

            #[test]
            fn returns_what_a_sequential_run_returns() {
                suite::returns_what_a_sequential_run_returns(&$runner);
            }

            #[test]
            fn returns_the_error_of_a_failing_node_with_its_names() {
                suite::returns_the_error_of_a_failing_node_with_its_names(&$runner);
            }

            #[test]
            fn makes_an_error_of_a_panic() {
                suite::makes_an_error_of_a_panic(&$runner);
            }

            #[test]
            fn executes_nothing_that_waits_for_a_failed_node() {
                suite::executes_nothing_that_waits_for_a_failed_node(&$runner);
            }

            #[test]
            fn runs_again_after_an_error() {
                suite::runs_again_after_an_error(&$runner);
            }

            #[test]
            fn returns_the_error_of_an_input_that_was_never_saved() {
                suite::returns_the_error_of_an_input_that_was_never_saved(&$runner);
            }

            #[test]
            fn reports_every_node() {
                suite::reports_every_node(&$runner);
            }

            #[test]
            fn runs_a_wide_and_a_deep_pipeline() {
                suite::runs_a_wide_and_a_deep_pipeline(&$runner);
            }
        }
    )+};
}

every_runner! {
    sequential: SequentialRunner::new();
    parallel: ParallelRunner::new();
    parallel_in_a_pool_of_one_thread: InPool(1, ParallelRunner::new());
    parallel_in_a_pool_of_four_threads: InPool(4, ParallelRunner::new());
    layers: LayerRunner;
    thread_per_node: ThreadPerNodeRunner;
    by_reference: &&SequentialRunner::new();
    boxed: Box::new(ParallelRunner::new());
    boxed_dyn: Box::new(LayerRunner) as Box<dyn Runner>;
}

/// Runs in a pool of so many threads.
struct InPool<R>(usize, R);

impl<R: Runner + Sync> Runner for InPool<R> {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.0).build().expect("there are threads");
        pool.install(|| self.1.execute(run))
    }
}

mod suite {
    //! The suite itself. It is given its runner as `dyn`, so that works too.

    use super::*;

    pub(super) fn executes_each_node_once_after_those_it_waits_for(runner: &dyn Runner) {
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

    pub(super) fn returns_what_a_sequential_run_returns(runner: &dyn Runner) {
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

    pub(super) fn returns_the_error_of_a_failing_node_with_its_names(runner: &dyn Runner) {
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

    pub(super) fn makes_an_error_of_a_panic(runner: &dyn Runner) {
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

    pub(super) fn executes_nothing_that_waits_for_a_failed_node(runner: &dyn Runner) {
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

    pub(super) fn runs_again_after_an_error(runner: &dyn Runner) {
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

    pub(super) fn returns_the_error_of_an_input_that_was_never_saved(runner: &dyn Runner) {
        let pipeline = pipeline! { for Catalog; node(double, [A] -> [B]), node(double, [never] -> [C]) }.named("p");
        let error = runner.run(&pipeline, &Catalog::default()).expect_err("it fails");
        let Error::Load { pipeline, node, dataset, .. } = &error else { panic!("{error:?}") };
        assert_eq!(
            (pipeline.as_deref(), node.as_str(), dataset.as_str()),
            (Some("p"), "double([never]) -> [C]", "never")
        );
    }

    pub(super) fn reports_every_node(runner: &dyn Runner) {
        let pipeline = pipeline! {
            for Catalog;
            node(double, [A] -> [B]),
            node(double, [B] -> [doubled]),
        };
        let report = runner.run_report(&pipeline, &Catalog::default()).expect("it can start");
        assert!(report.error().is_none());
        let nodes: Vec<(&str, Status)> = report.nodes().collect();
        let completed = Status::Completed;
        assert_eq!(nodes, [("double([A]) -> [B]", completed), ("double([B]) -> [doubled]", completed)]);
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

    pub(super) fn runs_a_wide_and_a_deep_pipeline(runner: &dyn Runner) {
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
}

// A runner in every shape.

#[test]
fn runners_are_chosen_when_the_program_runs() {
    let runners: Vec<Box<dyn Runner>> =
        vec![Box::new(SequentialRunner::new()), Box::new(ParallelRunner::new()), Box::new(LayerRunner)];
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [doubled]) };
    for runner in &runners {
        assert_eq!(runner.run(&pipeline, &Catalog::default()).unwrap().doubled, 6);
        let by_reference: &dyn Runner = &**runner;
        assert_eq!(by_reference.run(&pipeline, &Catalog::default()).unwrap().doubled, 6);
        assert_eq!(by_reference.run_report(&pipeline, &Catalog::default()).unwrap().outputs.doubled, Some(6));
    }
}

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

#[test]
fn a_parallel_runner_executes_nodes_at_the_same_time() {
    // Each node waits for the other's greeting, so one after the other could not end well. The timeout only keeps a failure short.
    let meet = |own: mpsc::SyncSender<()>, others: mpsc::Receiver<()>| {
        let others = Mutex::new(others);
        move || own.send(()).is_ok() && others.lock().expect("no panic").recv_timeout(Duration::from_secs(30)).is_ok()
    };
    let ((to_left, from_right), (to_right, from_left)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
    let (left, right) = (meet(to_right, from_right), meet(to_left, from_left));
    let pipeline = pipeline! {
        for Catalog;
        node(move || left(), [] -> [left]),
        node(move || right(), [] -> [right]),
    };
    let outputs = InPool(2, ParallelRunner::new()).run(&pipeline, &Catalog::default()).unwrap();
    assert!(outputs.left && outputs.right);
}

#[test]
fn a_node_may_use_the_pool_that_it_runs_in() {
    use rayon::prelude::*;
    fn sum_up_to(n: i32) -> (i32, usize) {
        ((0..=n * 1000).into_par_iter().map(|x| x % 7).sum(), rayon::current_num_threads())
    }
    let pipeline = pipeline! {
        for Catalog;
        node(sum_up_to, [A] -> [left, left_threads]),
        node(sum_up_to, [A] -> [right, right_threads]),
    };
    let outputs = InPool(3, ParallelRunner::new()).run(&pipeline, &Catalog::default()).unwrap();
    let expected = (0..=3000).map(|x| x % 7).sum::<i32>();
    assert_eq!((outputs.left, outputs.right), (expected, expected));
    assert_eq!((outputs.left_threads, outputs.right_threads), (3, 3));
}

#[test]
fn a_parallel_runner_may_run_inside_a_node_of_its_own() {
    let inner = pipeline! { for Catalog; node(double, [A] -> [x]), node(double, [A] -> [y]), node(|x: i32, y: i32| x + y, [x, y] -> [sum]) };
    let (left, right) = (inner.clone(), inner);
    let outer = pipeline! {
        for Catalog;
        node((move || ParallelRunner::new().run(&left, &Catalog::default()).map(|outputs| outputs.sum))?, [] -> [left]),
        node((move || ParallelRunner::new().run(&right, &Catalog::default()).map(|outputs| outputs.sum))?, [] -> [right]),
    };
    let outputs = InPool(2, ParallelRunner::new()).run(&outer, &Catalog::default()).unwrap();
    assert_eq!((outputs.left, outputs.right), (12, 12));
}

#[test]
fn after_an_error_a_parallel_runner_starts_nothing_new() {
    let n_calls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&n_calls);
    let count = move |value: i32| {
        counts.fetch_add(1, Ordering::SeqCst);
        value
    };
    let (second, third) = (count.clone(), count);
    let pipeline = pipeline! {
        for Catalog;
        node((|a: i32| -> Result<i32, &str> { if a > 0 { Err("refused") } else { Ok(a) } })?, [A] -> [first]),
        node(move |first: i32| second(first), [first] -> [second]),
        node(move |second: i32| third(second), [second] -> [third]),
    };
    InPool(1, ParallelRunner::new()).run(&pipeline, &Catalog::default()).err().unwrap();
    assert_eq!(n_calls.load(Ordering::SeqCst), 0);
}

// Dry runs.

mod dry {
    //! A dry run tells what would run, in Kedro's words, and does nothing.

    use super::*;

    static WAS_CALLED: AtomicBool = AtomicBool::new(false);

    fn notice(value: i32) -> i32 {
        WAS_CALLED.store(true, Ordering::SeqCst);
        value
    }

    fn pipeline() -> Pipeline<Catalog, impl pipeline_core::Outputs> {
        pipeline! {
            for Catalog;
            node(notice, [B] -> [C], name = "last"),
            node(notice, [A] -> [B]),
            node(|a: i32, never: &i32| a + never, [A, never] -> [sum]),
            node(|| 1, [] -> [one]),
            node(|sum: &i32| assert_ne!(*sum, 0), [sum] -> []),
        }
    }

    #[test]
    fn the_report_is_in_kedros_words() {
        let report = DryRunner::new().run_report(&pipeline(), &Catalog::default()).unwrap();
        assert_eq!(
            report.to_string(),
            "Actual run would execute 5 nodes:\n\
             notice([A]) -> [B]\n\
             last: notice([B]) -> [C]\n\
             <closure>([A;never]) -> [sum]\n\
             <closure>(None) -> [one]\n\
             <closure>([sum]) -> None"
        );
        assert!(report.error().is_none());
        assert!(report.nodes().all(|(_, status)| status == Status::WouldExecute));
    }

    #[test]
    fn nothing_is_run_or_saved() {
        let catalog = Catalog::default();
        let report = DryRunner::new().run_report(&pipeline(), &catalog).unwrap();
        assert!(!WAS_CALLED.load(Ordering::SeqCst));
        assert!(!catalog.B.exists().unwrap() && !catalog.C.exists().unwrap());
        drop(report);
        let outputs =
            DryRunner::new().run_report(&pipeline! { for Catalog; node(|| 1, [] -> [one]) }, &catalog).unwrap().outputs;
        assert_eq!(outputs.one, None);
    }

    #[test]
    fn a_dry_run_has_no_outputs_to_return() {
        let error = DryRunner::new().run(&pipeline().named("dry"), &Catalog::default()).err().unwrap();
        let Error::LeftOut { pipeline, nodes } = &error else { panic!("{error:?}") };
        assert_eq!((pipeline.as_deref(), nodes.len(), nodes[1].as_str()), (Some("dry"), 5, "last: notice([B]) -> [C]"));
        assert_eq!(
            error.to_string(),
            "the run of pipeline `dry` returns no outputs: 5 nodes were left out, `notice([A]) -> [B]` the first; \
             `run_report` accepts a runner that leaves nodes out"
        );
        let one = pipeline! { for Catalog; node(double, [A] -> [B]) };
        assert_eq!(
            DryRunner::new().run(&one, &Catalog::default()).unwrap_err().to_string(),
            "the run returns no outputs: node `double([A]) -> [B]` was left out; \
             `run_report` accepts a runner that leaves nodes out"
        );
    }
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
        report.nodes().collect::<Vec<_>>(),
        [
            ("double([A]) -> [early]", Status::Completed),
            ("double([early]) -> [B]", Status::Completed),
            ("double([B]) -> [late]", left_out),
            ("double([A]) -> [other]", Status::Completed),
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
    assert_eq!(statuses, [Status::Failed, Status::Skipped("the runner left it out"), Status::Completed]);
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
