//! All macros under another name of the dependency: nothing here can say `pipeline_core`.

#![expect(deprecated, reason = "not every dataset of the catalogs here is used by the registries")]

use pc::Error;
use pc::prelude::*;

catalog! {
    /// A catalog.
    #[derive(Debug)]
    pub struct Catalog {
        /// Where a number comes from.
        A: Memory<i32> = Memory::new(42),
        /// Where it goes.
        B: Memory<i32>,
        /// A file.
        text: Text = "no/such/file.txt",
        /// How much is added.
        params: Parameters = Parameters { more: 1 },
    }
}

/// The parameters.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// How much is added.
    pub more: i32,
}

fn identity<T>(value: T) -> T {
    value
}

fn add(value: i32, more: i32) -> i32 {
    value + more
}

fn check(value: i32) -> Result<i32, String> {
    if value == 0 { Err("nothing".to_owned()) } else { Ok(value) }
}

pipeline! {
    /// An item.
    pub item for Catalog {
        node(add, [A, params:more] -> [sum]),
        node(check?, [sum] -> [checked]),
        node(|checked: &i32| i64::from(*checked), [checked] -> [wide: i64], name = "widen", tags = ["x"]),
    }
}

pipelines! {
    /// A registry.
    pub fn pipelines() for Catalog {
        item = item(),
        angle = pipeline!< node(identity, [A] -> [B]) >,
        __default__ = item + angle,
    }
}

/// Runs each form and returns what it made.
///
/// # Errors
///
/// Fails if a run does.
pub fn all_forms() -> Result<(i64, i32, i32, i32), Error> {
    let catalog = Catalog::default();
    let runner = SequentialRunner::new();
    let wide = runner.run(&item(), &catalog)?.wide;

    let expression = pipeline! { for Catalog; node(identity, [A] -> [copy]), node(add, [copy, params:more] -> [sum]) };
    let sum = runner.run(&expression, &catalog)?.sum;

    let angle = pipeline! { < node(identity, [A] -> [same]) > };
    let same = runner.run(&angle, &catalog)?.same;

    runner.run(pipelines().get("__default__")?, &catalog)?;
    let loaded = catalog.B.load().map_or(0, |value| *value);
    Ok((wide, sum, same, loaded))
}
