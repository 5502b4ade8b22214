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

mod hijack {
    /// The methods by which an expansion declares slots and nodes and uses slots. Were one of these chosen in place of ours, safe code would have a hand
    /// in what unsafe code relies on; here it would not compile.
    #[expect(dead_code, reason = "nothing uses it, which is what is tested")]
    pub(super) trait Hijack: Sized {
        fn memory(self) {}
        fn portable_memory(self) {}
        fn node(self) {}
        fn reads(self) {}
        fn writes(self) {}
        fn parameters(self) {}
        fn outputs(self) {}
        fn pipeline(self) {}
        fn given(self) {}
        fn take(self) {}
        fn read(self) {}
        fn load(self) {}
        fn parameter(self) {}
        fn parts(self) {}
        fn attempt(self) {}
        fn output(self) {}
        fn put(self) {}
        fn save(self) {}
        fn clone_as_it_is_needed_again(self) {}
        fn collect(self) {}
        fn collect_if_written(self) {}
        fn done(self) {}
    }

    impl<T> Hijack for T {}
}

fn add(left: i32, right: i32) -> i32 {
    left + right
}

pipeline! { item for Catalog { node(identity, [A] -> [copy]), node(add, [copy, A] -> [sum: i32]) } }
pipelines! { fn registry() for Catalog { item = item(), __default__ = item } }

/// Nodes of all kinds, and all that stands beside them in an item and in an expression.
mod of_all_kinds {
    use pipeline_core::prelude::*;

    #[expect(unused_imports, reason = "no expansion uses its methods, which is what is tested")]
    use super::hijack::Hijack as _;
    use super::{add, identity};

    catalog! {
        pub(super) struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, params: i32 = 5 }
    }

    fn halves(value: i32) -> (i32, i32) {
        (value / 2, value - value / 2)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is marked with `?`")]
    fn check(value: i32) -> Result<i32, String> {
        Ok(value)
    }

    pipeline! {
        #[portable]
        pub(super) item for Catalog {
            node(add, [A, params] -> [six]),
            node(halves, [six] -> [left, right]),
            node(check?, [left] -> [B], retries = 1),
            node(add, [left: i32, right] -> [sum: i32]),
        }
    }

    pub(super) fn expression() -> Pipeline<Catalog, impl pipeline_core::Outputs> {
        pipeline! { for Catalog; node(add, [A, params] -> [six]), node(|six: &i32| *six, [six] -> [B]), node(identity, [six] -> [copy]) }
    }
}

#[test]
fn methods_that_an_expansion_calls_are_ours_also_where_a_trait_has_them_for_all_types() {
    let catalog = of_all_kinds::Catalog::default();
    let runner = SequentialRunner::new();
    assert_eq!(runner.run(&of_all_kinds::item(), &catalog).unwrap().sum, 6);
    assert_eq!(*catalog.B.load().unwrap(), 3);
    runner.run(&of_all_kinds::expression(), &catalog).unwrap();
    assert_eq!(*catalog.B.load().unwrap(), 6);
}

#[test]
fn methods_for_all_types_do_not_meet_ours() {
    let outputs = SequentialRunner::new().run(&item().pass().ask(), &Catalog::default()).unwrap();
    assert_eq!((outputs.sum, registry().names().count(), 1.named()), (2, 2, 1));
}
