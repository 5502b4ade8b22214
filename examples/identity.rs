//! The smallest pipelines there are, registered under names: Kedro's dry-run page.
//!
//! ```text
//! cargo run --example identity -- run --pipeline de --runner DryRunner
//! cargo run --example identity -- run --pipeline de
//! ```

use std::process::ExitCode;

use pipeline_core::prelude::*;

catalog! {
    /// A value goes in at `A`, another at `C`.
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        C: Memory<i32> = Memory::new(42),
        E: Memory<i32>,
    }
}

pipelines! {
    /// What `run --pipeline NAME` finds.
    fn pipelines() for Catalog {
        ab = pipeline!< node(identity, [A] -> [B]) >,
        de = pipeline!< node(identity, [C] -> [D], name = "node3"), node(identity, [D] -> [E]) >,
        __default__ = ab + de,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn main() -> ExitCode {
    pipeline_core::cli::main(pipelines())
}
