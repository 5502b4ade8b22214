//! What a `Box` or an `Arc` holds is passed by reference if it has no size, too.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

#[test]
fn boxed_slices_and_trait_objects_are_passed_by_reference() {
    fn count(numbers: &[i32]) -> usize {
        numbers.len()
    }
    fn call(function: &(dyn Fn(i32) -> i32 + Send + Sync), value: i32) -> i32 {
        function(value)
    }
    let pipeline = pipeline! {
        for Catalog;
        node(|| vec![1, 2].into_boxed_slice(), [] -> [numbers]),
        node(count, [numbers] -> [count]),
        node(|| -> Box<dyn Fn(i32) -> i32 + Send + Sync> { Box::new(|value| value + 1) }, [] -> [function]),
        node(call, [function, A] -> [called]),
        node(identity, [A] -> [B]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.count, outputs.called), (2, 2));
}
