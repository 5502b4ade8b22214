//! Pipelines of more nodes than stand in one function of an expansion.

use std::sync::atomic::{AtomicU32, Ordering};

use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        params: i32 = 10,
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

fn count(_: i32) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

fn identity<T>(value: T) -> T {
    value
}

/// Calls a macro with the nodes before, 1,024 nodes that count, and the nodes after.
macro_rules! with_many {
    ($next:ident $before:tt $after:tt) => {
        with_many! { $next $before $after (2 2 2 2 2 2 2 2 2 2) { node(count, [A] -> []), } }
    };
    ($next:ident $before:tt $after:tt (2 $($twice:tt)*) { $($nodes:tt)* }) => {
        with_many! { $next $before $after ($($twice)*) { $($nodes)* $($nodes)* } }
    };
    ($next:ident { $($before:tt)* } { $($after:tt)* } () { $($nodes:tt)* }) => {
        $next! { $($before)* $($nodes)* $($after)* }
    };
}

macro_rules! item {
    ($($nodes:tt)*) => { pipeline! { large for Catalog { $($nodes)* } } };
}

macro_rules! registry {
    ($($nodes:tt)*) => { pipelines! { fn registry() for Catalog { large = pipeline!< $($nodes)* >, __default__ = large } } };
}

with_many! { item
    { node(|a: i32| vec![a; 3], [A] -> [early]), node(identity, [A] -> [free: i32]), }
    {
        node(|early: &[i32]| early.len(), [early] -> [length]),
        node(|length: usize, factor: i32| i32::try_from(length).expect("it is 3") * factor, [length, params] -> [B]),
        node(|length: usize| format!("{length}0"), [length] -> [text: String]),
        node(|text: &str| text.len(), [text] -> [letters: usize]),
    }
}

with_many! { registry
    { node(|a: i32| (a, "kept"), [A] -> [one, nameless]), }
    { node(|one: i32, factor: i32| one + factor, [one, params] -> [B]), }
}

#[test]
fn a_large_pipeline_runs_as_a_small_one() {
    assert_eq!(large::DAG.len(), 1024 + 6);
    let runners: [&dyn Runner; 3] = [&SequentialRunner::new(), &ThreadRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        let pipeline = large();
        for _ in 0..2 {
            let catalog = Catalog::default();
            let before = CALLS.load(Ordering::Relaxed);
            let outputs = runner.run(&pipeline, &catalog).unwrap();
            assert_eq!((outputs.free, outputs.letters, *catalog.B.load().unwrap()), (1, 2, 30));
            let registered = registry();
            runner.run(registered.get("__default__").unwrap(), &catalog).unwrap();
            assert_eq!(*catalog.B.load().unwrap(), 11);
            assert_eq!(CALLS.load(Ordering::Relaxed) - before, 2048);
        }
    }
}
