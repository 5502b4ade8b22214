//! What an editor shows inside the macros, asked of rust-analyzer over its protocol. `editor-tests/install.sh` builds it; where it has not
//! been built, this is skipped.
//!
//! Each question is a check with a name. `limits.txt` has those that have no good answer today; one that gets it fails the test too, so
//! that the list stays true. A place in the file is the code around it, with `$0` where the cursor is.

mod checks;
mod pipeline;
mod registry;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use pipeline_editor_tests::{Editor, Result};
use serde_json::json;

use crate::checks::Checks;

#[test]
fn an_editor_shows_what_the_names_in_the_macros_mean() -> Result<()> {
    let rust_analyzer = rust_analyzer();
    if !rust_analyzer.exists() {
        // `eprintln!` would be hidden.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped, because there is no {}: run editor-tests/install.sh", rust_analyzer.display())?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    let mut checks = Checks::new(open(&rust_analyzer, &folder)?);
    checks.finds_no_errors()?;
    pipeline::ask(&mut checks)?;
    registry::ask(&mut checks)?;
    checks.compare_with_limits()
}

/// What `editor-tests/install.sh` builds.
fn rust_analyzer() -> PathBuf {
    workspace().join("target/editor/bin/rust-analyzer").with_extension(env::consts::EXE_EXTENSION)
}

/// The part of the toolchain that expands the macros. It belongs to rustc.
fn proc_macro_server() -> Result<PathBuf> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let server = sysroot.join("libexec/rust-analyzer-proc-macro-srv").with_extension(env::consts::EXE_EXTENSION);
    if server.exists() { Ok(server) } else { Err(format!("the toolchain has no {}", server.display()).into()) }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is a member of a workspace").to_owned()
}

/// Writes the fixture and opens it.
fn open(rust_analyzer: &Path, folder: &Path) -> Result<Editor> {
    let workspace = workspace();
    let write = |path: &str, text: &str| -> Result<()> {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
        Ok(fs::write(path, text)?)
    };
    let manifest = format!(
        "[package]\nname = \"fixture\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         pipeline-core = {{ path = \"{}\", default-features = false }}\n",
        workspace.join("pipeline-core").display()
    );
    write("Cargo.toml", &manifest)?;
    // The same versions, so nothing is fetched.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    write("src/main.rs", include_str!("fixture.rs"))?;
    write("library/core/src/lib.rs", include_str!("core.rs"))?;
    write("library/std/src/lib.rs", "pub use core::*;")?;
    for name in ["alloc", "proc_macro", "test"] {
        write(&format!("library/{name}/src/lib.rs"), "")?;
    }
    let options = json!({
        "cachePriming": { "enable": false },
        "cargo": { "sysrootSrc": folder.join("library"), "targetDir": workspace.join("target/editor/fixture") },
        // What is asked is what rust-analyzer finds, not what rustc does.
        "checkOnSave": false,
        "procMacro": { "server": proc_macro_server()? },
    });
    Editor::open(rust_analyzer, folder, "src/main.rs", &options)
}
