//! The README shows what the compiler really says.
//!
//! `BLESS=1 cargo test -p pipeline-tests --test readme` takes over what the ui tests say now.

use std::fs;
use std::path::Path;

/// A fenced block of the README that quotes a file of `ui-tests`.
struct Quote {
    file: String,
    text: String,
}

fn quotes(readme: &str) -> Vec<Quote> {
    readme
        .split("<!-- ui-tests/")
        .skip(1)
        .map(|part| {
            let (file, rest) = part.split_once(" -->\n```text\n").expect("a fenced text follows the comment");
            let (text, _) = rest.split_once("\n```\n").expect("the fence is closed");
            Quote { file: file.to_owned(), text: text.to_owned() }
        })
        .collect()
}

#[test]
fn each_error_in_the_readme_is_that_of_a_ui_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let quotes = quotes(&readme);
    assert!(quotes.iter().any(|quote| quote.file == "fail/readme.stderr"), "the first screen shows an error");

    let mut blessed = readme.clone();
    for Quote { file, text } in quotes {
        let said = fs::read_to_string(root.join("ui-tests").join(&file)).expect("the quoted file exists");
        let said = said.trim_end().replace(&file.replace(".stderr", ".rs"), "src/main.rs");
        // A quote that ends with `…` leaves out the rest.
        let wanted = match text.strip_suffix("\n…") {
            Some(beginning) => said.lines().take(beginning.lines().count()).chain(["…"]).collect::<Vec<_>>().join("\n"),
            None => said,
        };
        if std::env::var_os("BLESS").is_some() {
            blessed = blessed.replace(&text, &wanted);
        } else {
            assert_eq!(text, wanted, "{file}");
        }
    }
    if blessed != readme {
        fs::write(root.join("README.md"), blessed).expect("the README can be written");
    }
}

#[test]
fn the_code_in_the_readme_is_that_of_the_ui_test_but_for_the_mistake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let (_, rest) = readme.split_once("```rust,no_run\n").expect("the README begins with code");
    let (code, _) = rest.split_once("```").expect("the fence is closed");
    let wrong = fs::read_to_string(root.join("ui-tests/fail/readme.rs")).expect("there is a ui test for it");
    assert_eq!(code.replace("[flowers] -> [lengths]", "[flower] -> [lengths]"), wrong);
}
