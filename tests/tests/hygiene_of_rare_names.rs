//! A type `str`, and a crate without prelude.

#![no_implicit_prelude]

use ::pipeline_core::prelude::*;
use ::std::assert_eq;
use ::std::default::Default as _;

catalog! {
    pub(crate) struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32> }
}

pipeline! {
    pub(crate) copying for Catalog { node(identity, [A] -> [B]) }
}

fn identity<T>(value: T) -> T {
    value
}

mod types {
    #![expect(non_camel_case_types, dead_code, reason = "it is called as a primitive type is")]

    use ::pipeline_core::prelude::*;

    type str = ();

    catalog! { pub(crate) struct Other { A: Memory<i32> = Memory::new(1) } }
}

#[test]
fn rare_names_are_fine() {
    let catalog = Catalog::default();
    SequentialRunner::new().run(&copying(), &catalog).unwrap();
    assert_eq!((*catalog.B.load().unwrap(), *types::Other::default().A.load().unwrap()), (1, 1));
}
