//! Each file in `fail/` is one mistake, refused with the words beside it; its twin in `pass/` is the repair, compiled and run.

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("fail/*.rs");
    tests.pass("pass/*.rs");
}
