//! A closure that a local holds is a node's function, in parentheses.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

#[test]
fn a_local_that_holds_a_closure_is_a_function_in_parentheses() {
    let step = 5;
    let add = move |a: i32| a + step;
    let pipeline = pipeline! { for Catalog; node((add), [A] -> [sum]), node(identity, [A] -> [B]) };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().sum, 6);
}
