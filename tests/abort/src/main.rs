//! What a hook refuses is an error also where a panic ends the process: the test `panic_abort` builds this with `panic = "abort"`.

#![expect(clippy::print_stdout, reason = "it says what it has tried")]

use std::any::Any;

use pipeline_core::hook::{DatasetEvent, Hook, NodeEvent, RunEvent};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Error, RunOptions};

catalog! {
    struct Catalog {
        n: Memory<u64> = Memory::new(1),
        kept: Memory<u64>,
    }
}

fn add(n: u64) -> u64 {
    n + 1
}

fn length(text: &str, same: &str) -> (u64, String) {
    (text.len() as u64, same.to_owned())
}

pipeline! {
    adding for Catalog {
        node(add, [n] -> [x], name = "first"),
        node(|x: u64| x.to_string(), [x] -> [text], name = "second"),
        node(length, [text, text] -> [kept, free: String], name = "third"),
        node(add, [kept] -> [last: u64], name = "fourth", retries = 1),
    }
}

/// Refuses one thing.
struct Refuse(&'static str);

impl Refuse {
    fn at(&self, event: &str) -> Result<(), BoxError> {
        if event == self.0 { Err(format!("not {event}").into()) } else { Ok(()) }
    }
}

impl Hook for Refuse {
    fn before_pipeline_run(&self, _: &RunEvent<'_>) -> Result<(), BoxError> {
        self.at("run")
    }

    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        self.at(event.node.name().unwrap_or_default())
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.at(&format!("load {}", event.dataset))
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, _: &dyn Any) -> Result<(), BoxError> {
        self.at(&format!("save {}", event.dataset))
    }
}

fn main() {
    let aborts = cfg!(panic = "abort");
    assert!(aborts, "it is built with `panic = \"abort\"`");
    let places = [
        "run",
        "first",
        "fourth",
        "load n",
        "save x",
        "load x",
        "save text",
        "load text",
        "save kept",
        "save free",
        "load kept",
        "save last",
    ];
    let runners: [&dyn Runner; 2] = [&SequentialRunner::new(), &ThreadRunner::new()];
    for runner in runners {
        for place in places {
            for options in [RunOptions::new(), RunOptions::new().keep_going(), RunOptions::new().is_async()] {
                let hook = Refuse(place);
                let report = runner.run_with(&adding(), &Catalog::default(), &options.hook(&hook));
                let error = report.map(pipeline_core::Report::into_result);
                let Ok(Err(Error::Hook { hook, source, .. })) = &error else { unreachable!("{place}") };
                assert_eq!((hook.as_str(), source.to_string()), ("Refuse", format!("not {place}")));
            }
        }
    }
    println!("{} places", places.len());
}
