//! The parentheses that `?` behind a closure needs are no `unused_parens`.

#![deny(warnings, clippy::pedantic)]

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

#[test]
fn a_closure_that_can_fail_is_in_parentheses() {
    let pipeline = pipeline! {
        for Catalog;
        node((|word: &str| word.parse::<i32>())?, [word] -> [number]),
        node(identity, [A] -> [same]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.number, outputs.same), (7, 1));
}
