//! Hooks are called in order, may refuse, and never get a panic past the run.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use pipeline_core::hook::{DatasetEvent, Hook, NodeEvent, RunEvent};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Error, RunOptions, Status};

use crate::{Catalog, double, refuse};

type Events = Mutex<Vec<String>>;

/// Notes what it is called for, and does something at one event.
struct Noting<'e> {
    name: &'static str,
    events: &'e Events,
    at: &'static str,
    does: Does,
}

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Nothing,
    Refuse,
    Panic,
}

impl<'e> Noting<'e> {
    fn new(name: &'static str, events: &'e Events) -> Self {
        Self { name, events, at: "", does: Does::Nothing }
    }

    fn at(self, at: &'static str, does: Does) -> Self {
        Self { at, does, ..self }
    }

    fn note(&self, event: &str) -> Result<(), BoxError> {
        let does = if event == self.at { self.does } else { Does::Nothing };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}: {event}", self.name));
        match does {
            Does::Nothing => Ok(()),
            Does::Refuse => Err("not now".into()),
            // As a panic, but that nothing is printed.
            Does::Panic => resume_unwind(Box::new("not now")),
        }
    }

    fn tell(&self, event: &str) {
        drop(self.note(event));
    }
}

fn name(node: pipeline_core::dag::Node<'_>) -> String {
    node.name().unwrap_or_default().to_owned()
}

fn told(value: &dyn Any) -> String {
    value.downcast_ref::<i32>().map_or_else(|| "?".to_owned(), ToString::to_string)
}

impl Hook for Noting<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn after_catalog_created(&self, datasets: &[(&'static str, &dyn pipeline_core::dataset::AnyDataset)]) {
        self.tell(&format!("catalog of {}", datasets.len()));
    }

    fn before_pipeline_run(&self, _: &RunEvent<'_>) -> Result<(), BoxError> {
        self.note("before the run")
    }

    fn after_pipeline_run(&self, _: &RunEvent<'_>) {
        self.tell("after the run");
    }

    fn on_pipeline_error(&self, _: &RunEvent<'_>, _: &Error) {
        self.tell("the run failed");
    }

    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        self.note(&format!("before {}", name(event.node)))
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        self.tell(&format!("after {}", name(event.node)));
    }

    fn on_node_error(&self, event: &NodeEvent<'_>, _: &Error) {
        self.tell(&format!("{} failed", name(event.node)));
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.note(&format!("load {}", event.dataset.name()))
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, value: &dyn Any) {
        self.tell(&format!("loaded {} = {}", event.dataset.name(), told(value)));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, value: &dyn Any) -> Result<(), BoxError> {
        self.note(&format!("save {} = {}", event.dataset.name(), told(value)))
    }

    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        self.tell(&format!("saved {}", event.dataset.name()));
    }
}

fn taken(events: &Events) -> Vec<String> {
    std::mem::take(&mut *events.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What happens in a run of [`chain`].
const ALL: [&str; 16] = [
    "catalog of 17",
    "before the run",
    "before n1",
    "load A",
    "loaded A = 3",
    "save x = 6",
    "saved x",
    "after n1",
    "before n2",
    "load x",
    "loaded x = 6",
    "save B = 12",
    "saved B",
    "after n2",
    "after the run",
    "",
];

pipeline! {
    #[portable]
    pub(crate) chain for Catalog { node(double, [A] -> [x], name = "n1"), node(double, [x] -> [B], name = "n2") }
}

pipeline! { #[portable] pub(crate) refusing for Catalog { node(refuse?, [A] -> [B], name = "n1") } }

pub(crate) fn hear_of_all_in_order(runner: &dyn Runner) {
    let events = Events::default();
    let (first, second) = (Noting::new("first", &events), Noting::new("second", &events));
    let options = RunOptions::new().hook(&first).hook(&second);
    runner.run_with(&chain(), &Catalog::default(), &options).expect("it starts").into_result().expect("it runs");
    let expected: Vec<String> =
        ALL[..15].iter().flat_map(|event| [format!("first: {event}"), format!("second: {event}")]).collect();
    // Hooks that are called with a list are called one after the other too.
    assert_eq!(taken(&events), expected);

    let options = RunOptions::new().hook(&first);
    runner
        .run_with(&refusing(), &Catalog::default(), &options)
        .expect("it starts")
        .into_result()
        .expect_err("it fails");
    let expected =
        ["catalog of 17", "before the run", "before n1", "load A", "loaded A = 3", "n1 failed", "the run failed"];
    assert_eq!(taken(&events), expected.map(|event| format!("first: {event}")));
}

pub(crate) fn can_refuse_everything_before_it_happens(runner: &dyn Runner) {
    for at in ["before the run", "before n1", "before n2", "load A", "load x", "save x = 6", "save B = 12"] {
        refused(runner, at, Does::Refuse, "not now");
    }
}

pub(crate) fn that_panic_are_errors(runner: &dyn Runner) {
    for at in &ALL[..15] {
        refused(runner, at, Does::Panic, "it panicked: not now");
    }
}

/// A hook does something at an event; the run ends there with an error, the next hook hears of nothing, and the next run works.
fn refused(runner: &dyn Runner, at: &'static str, does: Does, cause: &str) {
    let events = Events::default();
    let (hook, second) = (Noting::new("hook", &events).at(at, does), Noting::new("second", &events));
    let (pipeline, catalog) = (chain(), Catalog::default());
    let options = RunOptions::new().hook(&hook).hook(&second);
    let report = runner.run_with(&pipeline, &catalog, &options).expect("it starts");
    let Some(Error::Hook { node, hook, source, .. }) = report.error() else { panic!("{at}: {:?}", report.error()) };
    assert_eq!((hook.as_str(), source.to_string().as_str()), ("hook", cause), "{at}");
    let place = ALL.iter().position(|event| *event == at).expect("it is an event");
    let expected = match place {
        2..=7 => Some("n1: double([A]) -> [x]"),
        8..=13 => Some("n2: double([x]) -> [B]"),
        _ => None,
    };
    assert_eq!(node.as_deref(), expected, "{at}");
    let events = taken(&events);
    // What is over is told to all.
    let is_over = ["loaded", "saved", "after"].iter().any(|over| at.starts_with(over));
    assert_eq!(events.contains(&format!("second: {at}")), is_over, "{at}: {events:?}");
    if place < 14 {
        assert_eq!(events.last().map(String::as_str), Some("second: the run failed"), "{at}");
    }
    assert_eq!(catalog.B.exists().expect("memory can tell"), place > 11, "{at}");
    let completed = report.nodes().filter(|&(_, status)| status == Status::Completed).count();
    assert_eq!(completed, [0, 1, 2][usize::from(place > 7) + usize::from(place > 13)], "{at}");
    runner.run(&pipeline, &catalog).expect("it runs again");
    assert_eq!(catalog.B.load().expect("it is saved"), 12);
}

pub(crate) fn that_panic_over_an_error_leave_it_as_it_is(runner: &dyn Runner) {
    let refusing = refusing();
    for at in ["n1 failed", "the run failed"] {
        let events = Events::default();
        let hook = Noting::new("hook", &events).at(at, Does::Panic);
        let options = RunOptions::new().hook(&hook);
        let report = runner.run_with(&refusing, &Catalog::default(), &options).expect("it starts");
        assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
        assert!(taken(&events).contains(&format!("hook: {at}")));
    }
}
