//! A program with registered pipelines, for the tests of the command line.

use std::process::ExitCode;

use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        C: Memory<i32>,
        empty: Memory<i32>,
        missing: Text = "no/such/folder/missing.txt",
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        ab = pipeline!< node(identity, [A] -> [B], name = "copy") >,
        bc = pipeline!< node(identity, [B] -> [C]) >,
        failing = pipeline!< node(refuse?, [A] -> [B]) >,
        panicking = pipeline!< node(panics, [A] -> [B]) >,
        reading = pipeline!< node(|text: &str| text.len(), [missing] -> [len]) >,
        unsaved = pipeline!< node(identity, [empty] -> [B]) >,
        __default__ = ab + bc,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn refuse(value: i32) -> Result<i32, String> {
    Err(format!("{value} is refused"))
}

fn panics(value: i32) -> i32 {
    panic!("{value} panics")
}

fn main() -> ExitCode {
    pipeline_core::cli::main(pipelines())
}
