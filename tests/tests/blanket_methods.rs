//! A trait of the user for all types may have methods that are called as ours are.

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(1) }
}

fn identity<T>(value: T) -> T {
    value
}

/// As `tap::Pipe` and its like are: for every type there is.
trait Ext: Sized {
    fn pass(self) -> Self {
        self
    }
    fn ask(self) -> Self {
        self
    }
    fn named(self) -> Self {
        self
    }
}

impl<T> Ext for T {}

fn add(left: i32, right: i32) -> i32 {
    left + right
}

pipeline! { item for Catalog { node(identity, [A] -> [copy]), node(add, [copy, A] -> [sum: i32]) } }
pipelines! { fn registry() for Catalog { item = item(), __default__ = item } }

#[test]
fn methods_for_all_types_do_not_meet_ours() {
    let outputs = SequentialRunner::new().run(&item().pass().ask(), &Catalog::default()).unwrap();
    assert_eq!((outputs.sum, registry().names().count(), 1.named()), (2, 2, 1));
}
