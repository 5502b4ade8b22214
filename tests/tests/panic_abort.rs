//! Where a panic ends the process, an error is an error all the same.

use std::path::Path;
use std::process::Command;

#[test]
fn what_a_hook_refuses_is_an_error() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("panic_abort");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "--package", "pipeline-tests-abort", "--target-dir"]).arg(folder);
    // By the environment, so that the workspace needs no profile for it. What an outer cargo says of flags is for its own build.
    cargo.env("CARGO_PROFILE_DEV_PANIC", "abort").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo is there");
    let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {error}", output.status);
    assert_eq!(told.trim(), "12 places", "{error}");
}
