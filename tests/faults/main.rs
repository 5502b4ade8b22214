//! Runs random pipelines for a number of minutes, with faults: kills of workers and of the run, a
//! full disk, signals, hostile answers. After each, what must be so whatever happens is checked,
//! and that a run again makes all outputs.
//!
//! `pipeline-tests-faults --minutes 60 --seed 7`; a violation is told with the case, which `--seed 7 --case 123` tries again. As root a full disk is
//! a small one that is mounted.

#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "it looks for processes as Linux shows them"))]
#![expect(clippy::print_stdout, reason = "it tells how far it is")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a program of tests")]

#[cfg(target_os = "linux")]
mod case;
#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod disturb;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod script;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("run" | "registry" | "pipeline-worker") => pipeline_core::cli::main(program::pipelines()),
        _ => script::main(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("it looks for processes as Linux shows them");
    ExitCode::SUCCESS
}
