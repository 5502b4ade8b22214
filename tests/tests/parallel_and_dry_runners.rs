//! What only one of the library's runners does: the parallel one several nodes at once, the dry one nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Status};
use pipeline_tests::InPool;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
        C: Memory<i32>,
        never: Memory<i32>,
    }
}

fn double(value: i32) -> i32 {
    2 * value
}

// Parallel runs.

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
             <closure>([sum]) -> None\n\
             <closure>(None) -> [one]"
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
