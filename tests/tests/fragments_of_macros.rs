//! A function that came through `$function:expr` of a macro is the function.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

macro_rules! one {
    ($function:expr) => {
        pipeline! { for Catalog; node($function, [A] -> [n]) }
    };
}

#[test]
fn a_macro_may_be_given_a_function_as_an_expression() {
    let closure = one!(|a: i32| a + 1);
    assert_eq!(SequentialRunner::new().run(&closure, &Catalog::default()).unwrap().n, 2);
    let path = one!(identity);
    assert_eq!(SequentialRunner::new().run(&path, &Catalog::default()).unwrap().n, 1);
}
