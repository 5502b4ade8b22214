//! The hook `Tracing`: which spans it opens, and that what a node tells is told in the node's.

#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use pipeline_core::hook::{Hook, NodeEvent, RunEvent, Tracing};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, DatasetError, RunOptions};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info};

// A subscriber that keeps what it is told.

#[derive(Debug)]
struct SpanSeen {
    /// With its fields, behind those around it, as `run pipeline=p > node node=n`.
    path: String,
    n_handles: usize,
    n_entered: usize,
}

#[derive(Clone, Default)]
struct Seen(Arc<Kept>);

#[derive(Default)]
struct Kept {
    spans: Mutex<Vec<SpanSeen>>,
    /// Each event behind its spans.
    events: Mutex<Vec<String>>,
}

thread_local! {
    static CURRENT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64() - 1).unwrap()
}

struct Fields<'t>(&'t mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let quoted = format!("{value:?}");
        let value = quoted.trim_matches('"');
        if field.name() == "message" { write!(self.0, " {value}") } else { write!(self.0, " {field}={value}") }
            .unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        write!(self.0, " {field}={value}").unwrap();
    }
}

impl Seen {
    /// Where something is that has this parent, or the current span around it.
    fn path(&self, parent: Option<&Id>, is_contextual: bool) -> String {
        let current = CURRENT.with_borrow(|stack| stack.last().map(|id| Id::from_u64(*id)));
        let parent = parent.cloned().or(current.filter(|_| is_contextual));
        parent.map_or_else(String::new, |id| format!("{} > ", self.0.spans.lock().unwrap()[place(&id)].path))
    }

    fn spans(&self) -> Vec<String> {
        self.0.spans.lock().unwrap().iter().map(|span| span.path.clone()).collect()
    }

    fn events(&self) -> Vec<String> {
        self.0.events.lock().unwrap().clone()
    }

    /// That nobody is in a span any more, and that no span is kept open.
    fn assert_all_closed(&self) {
        for span in &*self.0.spans.lock().unwrap() {
            assert_eq!((span.n_handles, span.n_entered), (0, 0), "{span:?}");
        }
    }

    fn during<T>(&self, body: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(self.clone(), body)
    }
}

impl Subscriber for Seen {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pipeline_core") || metadata.target().starts_with("spans")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut path = self.path(attributes.parent(), attributes.is_contextual());
        path.push_str(attributes.metadata().name());
        attributes.record(&mut Fields(&mut path));
        let mut spans = self.0.spans.lock().unwrap();
        spans.push(SpanSeen { path, n_handles: 1, n_entered: 0 });
        Id::from_u64(u64::try_from(spans.len()).unwrap())
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.path(event.parent(), event.is_contextual());
        text.push_str(event.metadata().level().as_str());
        event.record(&mut Fields(&mut text));
        self.0.events.lock().unwrap().push(text);
    }

    fn enter(&self, id: &Id) {
        self.0.spans.lock().unwrap()[place(id)].n_entered += 1;
        CURRENT.with_borrow_mut(|stack| stack.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        self.0.spans.lock().unwrap()[place(id)].n_entered -= 1;
        // On the thread that entered it, or this fails.
        CURRENT.with_borrow_mut(|stack| {
            let at = stack.iter().rposition(|entered| *entered == id.into_u64()).unwrap();
            stack.remove(at);
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.spans.lock().unwrap()[place(id)].n_handles += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let n_handles = &mut self.0.spans.lock().unwrap()[place(&id)].n_handles;
        *n_handles -= 1;
        *n_handles == 0
    }
}

// The pipelines.

fn load_fails() -> Result<i32, DatasetError> {
    info!("loading");
    Err("there is none".into())
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        broken: Lambda<i32> = Lambda::read_only(load_fails),
    }
}

fn tell(name: &'static str) {
    info!("in {name}");
}

fn double(a: i32) -> i32 {
    tell("double");
    2 * a
}

pipeline! {
    doubling for Catalog { node(double, [A] -> [twice], name = "first"), node(double, [twice] -> [B], name = "second") }
}

fn run(seen: &Seen, pipeline: &Pipeline<Catalog>, runner: &dyn Runner, hooks: &[&dyn Hook]) -> Option<String> {
    let options = hooks.iter().fold(RunOptions::new(), |options, hook| options.hook(*hook));
    let run = || runner.run_with(pipeline, &Catalog::default(), &options).unwrap();
    let error = seen.during(run).error().map(ToString::to_string);
    seen.assert_all_closed();
    // Outside of a run, nothing is current.
    assert!(CURRENT.with_borrow(Vec::is_empty));
    error
}

const FIRST: &str = "run pipeline=doubling > node node=first: double([A]) -> [twice]";
const SECOND: &str = "run pipeline=doubling > node node=second: double([twice]) -> [B]";

#[test]
fn each_node_has_a_span_in_that_of_its_run() {
    let seen = Seen::default();
    assert_eq!(run(&seen, &doubling().without_outputs(), &SequentialRunner::new(), &[&Tracing::new()]), None);
    assert_eq!(
        seen.spans(),
        [
            "run pipeline=doubling".to_owned(),
            FIRST.to_owned(),
            format!("{FIRST} > load dataset=A"),
            format!("{FIRST} > save dataset=twice"),
            SECOND.to_owned(),
            format!("{SECOND} > load dataset=twice"),
            format!("{SECOND} > save dataset=B"),
        ]
    );
    assert_eq!(seen.events(), [format!("{FIRST} > INFO in double"), format!("{SECOND} > INFO in double")]);
}

#[test]
fn a_run_lies_in_the_span_around_it_and_may_have_no_name() {
    let seen = Seen::default();
    let pipeline = pipeline! { for Catalog; node(|a: i32| a, [A] -> [B], name = "n") }.without_outputs();
    seen.during(|| {
        let _around = tracing::info_span!("around").entered();
        let tracing = Tracing::new();
        SequentialRunner::new()
            .run_with(&pipeline, &Catalog::default(), &RunOptions::new().hook(&tracing))
            .unwrap()
            .into_result()
            .unwrap();
    });
    assert_eq!(seen.spans()[..3], ["around", "around > run", "around > run > node node=n: <closure>([A]) -> [B]"]);
    seen.assert_all_closed();
}

#[test]
fn what_fails_is_an_event_in_the_span_of_its_node() {
    let refusing = pipeline! { for Catalog; node((|_: i32| Err::<i32, _>("refused"))?, [A] -> [B], name = "n") };
    let panicking =
        pipeline! { for Catalog; node(|a: i32| if a > 0 { panic!("no") } else { a }, [A] -> [B], name = "n") };
    let loading = pipeline! { for Catalog; node(|a: i32| a, [broken] -> [B], name = "n") };
    let of_node = |text: &str| {
        let node = if text.contains("broken") { "<closure>([broken]) -> [B]" } else { "<closure>([A]) -> [B]" };
        format!("run > node node=n: {node}")
    };
    for (pipeline, error) in [
        (refusing.without_outputs(), "node `n: <closure>([A]) -> [B]` failed"),
        (panicking.without_outputs(), "node `n: <closure>([A]) -> [B]` panicked: no"),
        (loading.without_outputs(), "cannot load dataset `broken` for node `n: <closure>([broken]) -> [B]`"),
    ] {
        let seen = Seen::default();
        assert_eq!(run(&seen, &pipeline, &SequentialRunner::new(), &[&Tracing::new()]).as_deref(), Some(error));
        let mut events = seen.events();
        assert_eq!(events.pop(), Some(format!("run > ERROR the run failed error={error}")));
        assert_eq!(events.pop(), Some(format!("{} > ERROR the node failed error={error}", of_node(error))));
        // What a dataset tells while it loads is in the span of the load.
        let told = format!("{} > load dataset=broken > INFO loading", of_node(error));
        assert_eq!(events, if error.contains("broken") { vec![told] } else { Vec::new() });
    }
}

/// Fails where it is told to.
struct Failing(&'static str);

impl Hook for Failing {
    fn before_pipeline_run(&self, _: &RunEvent<'_>) -> Result<(), BoxError> {
        if self.0 == "before run" { Err("vetoed".into()) } else { Ok(()) }
    }

    fn after_pipeline_run(&self, _: &RunEvent<'_>) {
        assert_ne!(self.0, "after run");
    }

    fn before_node_run(&self, _: &NodeEvent<'_>) -> Result<(), BoxError> {
        if self.0 == "before node" { Err("vetoed".into()) } else { Ok(()) }
    }

    fn after_node_run(&self, _: &NodeEvent<'_>) {
        assert_ne!(self.0, "after node");
    }

    fn on_node_error(&self, _: &NodeEvent<'_>, _: &pipeline_core::Error) {
        assert_ne!(self.0, "after node");
    }
}

#[test]
fn all_spans_are_closed_whatever_other_hooks_do() {
    for at in ["before run", "after run", "before node", "after node"] {
        for is_first in [true, false] {
            let (seen, tracing, failing) = (Seen::default(), Tracing::new(), Failing(at));
            let hooks: [&dyn Hook; 2] = if is_first { [&failing, &tracing] } else { [&tracing, &failing] };
            let error = run(&seen, &doubling().without_outputs(), &SequentialRunner::new(), &hooks).unwrap();
            assert!(error.starts_with("hook `Failing` failed"), "{at}: {error}");
            assert_eq!(format!("{tracing:?}"), format!("{:?}", Tracing::new()), "{at}: nothing is kept open");
        }
    }
}

// Threads.

/// Runs on threads, each of which tells the subscriber of the test.
fn on_threads(pool: &rayon::ThreadPool, seen: &Seen, pipeline: &Pipeline<Catalog>, tracing: &Tracing) {
    let options = RunOptions::new().hook(tracing);
    let run = || ParallelRunner::new().run_with(pipeline, &Catalog::default(), &options).unwrap();
    assert!(pool.install(run).error().is_none());
    pool.broadcast(|_| assert!(CURRENT.with_borrow(Vec::is_empty)));
    seen.assert_all_closed();
}

fn pool(seen: &Seen, n_threads: usize) -> rayon::ThreadPool {
    let spawn = |thread: rayon::ThreadBuilder| {
        let seen = seen.clone();
        std::thread::spawn(move || seen.during(|| thread.run()));
        Ok(())
    };
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).spawn_handler(spawn).build().unwrap()
}

#[test]
fn what_nodes_tell_on_several_threads_is_told_in_their_own_spans() {
    let seen = Seen::default();
    let pool = pool(&seen, 4);
    let wide = pipeline! {
        for Catalog;
        node(|_: i32| tell("a"), [A] -> [], name = "a"),
        node(|_: i32| tell("b"), [A] -> [], name = "b"),
        node(|_: i32| tell("c"), [A] -> [], name = "c"),
        node(|_: i32| tell("d"), [A] -> [], name = "d"),
    };
    let tracing = Tracing::new();
    for _ in 0..50 {
        on_threads(&pool, &seen, &wide.clone().without_outputs(), &tracing);
    }
    let events = seen.events();
    assert_eq!(events.len(), 200);
    for event in events {
        let name = event.chars().last().unwrap();
        assert_eq!(event, format!("run > node node={name}: <closure>([A]) -> None > INFO in {name}"));
    }
}

#[test]
fn no_span_of_a_node_lies_in_that_of_a_node_in_which_its_thread_waits() {
    let seen = Seen::default();
    let pool = pool(&seen, 2);
    // One of two threads is busy, so the other one could take up the second node only where it waits in the first.
    let (end, until_end) = std::sync::mpsc::channel::<()>();
    let (busy, until_busy) = std::sync::mpsc::channel();
    pool.spawn(move || {
        busy.send(()).unwrap();
        assert!(until_end.recv().is_err(), "nobody sends, but it ends");
    });
    until_busy.recv().unwrap();
    let waiting = pipeline! {
        for Catalog;
        node(|_: i32| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(100) {
                rayon::yield_now();
            }
            tell("waiting");
        }, [A] -> [], name = "waiting"),
        node(|_: i32| tell("other"), [A] -> [], name = "other"),
    };
    let (tracing, waiting) = (Tracing::new(), waiting.without_outputs());
    let options = RunOptions::new().hook(&tracing);
    let run = || ParallelRunner::new().run_with(&waiting, &Catalog::default(), &options).unwrap();
    assert!(pool.install(run).error().is_none());
    drop(end);
    let told = |node: &str| format!("run > node node={node}: <closure>([A]) -> None > INFO in {node}");
    assert_eq!(seen.events(), [told("waiting"), told("other")]);
    seen.assert_all_closed();
}

#[test]
fn a_run_in_a_node_of_another_lies_in_its_span() {
    let seen = Seen::default();
    let inner = pipeline! { for Catalog; node(|_: i32| tell("inner"), [A] -> [], name = "inner") }.named("inside");
    let inner = inner.without_outputs();
    let outer = pipeline! {
        for Catalog;
        node((move |_: i32| {
            tell("before");
            let tracing = Tracing::new();
            let options = RunOptions::new().hook(&tracing);
            SequentialRunner::new().run_with(&inner, &Catalog::default(), &options).unwrap().into_result().unwrap();
            tell("after");
        }), [A] -> [], name = "outer"),
    };
    let outer = outer.named("around").without_outputs();
    assert_eq!(run(&seen, &outer, &SequentialRunner::new(), &[&Tracing::new()]), None);
    let outer = "run pipeline=around > node node=outer: <closure>([A]) -> None";
    assert_eq!(
        seen.events(),
        [
            format!("{outer} > INFO in before"),
            format!("{outer} > run pipeline=inside > node node=inner: <closure>([A]) -> None > INFO in inner"),
            format!("{outer} > INFO in after"),
        ]
    );
}

#[test]
fn two_runs_at_once_with_one_hook_do_not_meet() {
    let (seen, tracing, barrier) = (Seen::default(), Tracing::new(), Arc::new(Barrier::new(2)));
    let meeting = |name: &'static str| {
        let barrier = Arc::clone(&barrier);
        let node = move |_: i32| {
            // Both runs are in the middle of this node.
            barrier.wait();
            tell(name);
            barrier.wait();
        };
        pipeline! { for Catalog; node((node), [A] -> [], name = "n") }.named(name).without_outputs()
    };
    // One pipeline under two names, so that the nodes of both runs are the same.
    let (one, other) = (meeting("one"), meeting("other"));
    std::thread::scope(|scope| {
        for pipeline in [&one, &other] {
            let (seen, tracing) = (&seen, &tracing);
            scope.spawn(move || {
                let options = RunOptions::new().hook(tracing);
                let run = || SequentialRunner::new().run_with(pipeline, &Catalog::default(), &options).unwrap();
                assert!(seen.during(run).error().is_none());
            });
        }
    });
    seen.assert_all_closed();
    let mut events = seen.events();
    events.sort();
    let of = |name: &str| format!("run pipeline={name} > node node=n: <closure>([A]) -> None > INFO in {name}");
    assert_eq!(events, [of("one"), of("other")]);
}

#[test]
fn without_a_subscriber_nothing_happens() {
    let (tracing, catalog) = (Tracing::new(), Catalog::default());
    let report = SequentialRunner::new().run_with(&doubling(), &catalog, &RunOptions::new().hook(&tracing)).unwrap();
    assert!(report.error().is_none());
    assert_eq!(catalog.B.load().unwrap(), 4);
}
