//! Examples, each run from the root of the repository by `cargo run --example NAME`.
