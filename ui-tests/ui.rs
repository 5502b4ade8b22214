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

#[test]
fn the_table_in_the_readme_has_each_rule_with_its_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("README.md")).expect("there is a README");
    for file in fs::read_dir(folder.join("fail")).expect("there are rules") {
        let path = file.expect("a folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let rule = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let said = fs::read_to_string(&path).expect("a file of errors is text");
            let first = said.lines().next().unwrap_or_default();
            let row = readme.lines().find(|line| line.starts_with(&format!("| `{rule}` |")));
            assert!(row.is_some_and(|row| row.contains(first)), "`{rule}` has no row that ends with: {first}");
            assert!(folder.join("pass").join(&rule).with_extension("rs").exists(), "`{rule}` has no repaired twin");
        }
    }
}
