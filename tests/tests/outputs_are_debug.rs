//! What a run returns is `Debug` if its fields are, so that `unwrap_err`, `{:?}` and `dbg!` work.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

pipeline! { item for Catalog { node(identity, [A] -> [n: i32]) } }

#[test]
fn outputs_of_items_and_expressions_are_debug() {
    let runner = SequentialRunner::new();
    assert_eq!(format!("{:?}", runner.run(&item(), &Catalog::default()).unwrap()), "item { n: 1 }");
    let expression = pipeline! { for Catalog; node(identity, [A] -> [n]) };
    assert!(format!("{:?}", runner.run(&expression, &Catalog::default()).unwrap()).contains("n: 1"));
    DryRunner::new().run(&expression, &Catalog::default()).unwrap_err();
    assert!(format!("{:?}", runner.run_report(&item(), &Catalog::default()).unwrap()).contains("n: Some(1)"));
}

#[test]
fn outputs_that_are_not_debug_are_fine() {
    struct NotDebug;
    let pipeline = pipeline! { for Catalog; node(|| NotDebug, [] -> [out]), node(identity, [A] -> [B]) };
    let NotDebug = SequentialRunner::new().run(&pipeline, &Catalog::default()).ok().unwrap().out;
}
