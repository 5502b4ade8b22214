//! Attributes that are for structs go to the struct of an item only.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, word: Memory<String> = Memory::new("7".to_owned()) }
}

fn identity<T>(value: T) -> T {
    value
}

pipeline! {
    /// Docs go to both.
    #[derive(Clone, Debug, PartialEq)]
    item for Catalog { node(identity, [A] -> [n: i32]) }
}

#[test]
fn an_item_may_derive() {
    let outputs = SequentialRunner::new().run(&item(), &Catalog::default()).unwrap();
    assert_eq!(outputs.clone(), outputs);
}
