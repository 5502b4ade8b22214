//! Pipelines in all their forms.

#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use pipeline_core::prelude::*;

catalog! {
    struct Catalog { A: Memory<i32>, B: Memory<i32> }
}

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

#[test]
fn expressions_and_the_angle_form() {
    let catalog = Catalog::default();
    catalog.A.save(42).unwrap();
    let p = pipeline!(< node(identity, [A] -> [B]) >);
    let q = pipeline! { for Catalog; node(identity, [A] -> [copy]), node(double, [copy] -> [doubled]) };
    SequentialRunner::new().run(&p, &catalog).unwrap();
    assert_eq!(catalog.B.load().unwrap(), 42);
    let outputs = SequentialRunner::new().run(&q, &catalog).unwrap();
    assert_eq!(outputs.doubled, 84);
}

pipeline! {
    /// Docs.
    pub training for Catalog {
        node(double, [copy] -> [accuracy: i32], name = "x", tags = ["a", "b"]),
        node(identity, [A] -> [copy]),
    }
}

#[test]
fn items() {
    let catalog = Catalog::default();
    catalog.A.save(42).unwrap();
    assert_eq!(training::DAG.to_string(), "identity([A]) -> [copy]\nx: double([copy]) -> [accuracy]");
    let out: training = SequentialRunner::new().run(&training(), &catalog).unwrap();
    assert_eq!(out.accuracy, 84);
}
