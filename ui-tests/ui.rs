//! Each file in `fail/` is one mistake, refused with the words beside it; its twin in `pass/` is the repair, compiled and run.

use std::fs;
use std::path::Path;

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("fail/*.rs");
    tests.pass("pass/*.rs");
}

/// The messages of a file in `fail/`, without the places.
fn messages(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail").join(name).with_extension("stderr");
    let said = fs::read_to_string(path).expect("there is a file of errors");
    let mut messages: Vec<String> = said.lines().filter(|line| line.starts_with("error")).map(str::to_owned).collect();
    messages.sort();
    messages
}

#[test]
fn the_same_mistakes_are_the_same_errors_wherever_the_catalog_and_the_pipeline_stand() {
    let here = messages("eight_mistakes");
    assert_eq!(here.len(), 8, "each mistake is reported once: {here:#?}");
    assert_eq!(messages("eight_mistakes_over_another_crate"), here);
    assert_eq!(messages("eight_mistakes_in_a_registry"), here);
}
