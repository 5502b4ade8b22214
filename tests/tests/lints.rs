//! No lint finds anything in what the macros write, nor in what users write for them. Every feature of the macros is here.

#![expect(deprecated, reason = "not every dataset of the catalogs here is used by the registries")]
#![deny(warnings, clippy::pedantic, rust_2018_idioms, unused, missing_docs, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::unwrap_used, clippy::str_to_string, clippy::allow_attributes_without_reason)]
#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use std::num::ParseIntError;
use std::path::Path;

use pipeline_core::Error;
use pipeline_core::prelude::*;

/// Parameters.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// A field.
    pub ratio: f64,
    /// Fields of a field.
    pub model: ModelParameters,
}

/// Parameters of the model.
#[derive(Clone, Debug, Default)]
pub struct ModelParameters {
    /// How deep.
    pub depth: u32,
}

/// What is not `Clone`.
#[derive(Debug)]
pub struct Model {
    /// How deep.
    pub depth: u32,
}

catalog! {
    /// Everything that the pipelines read and write.
    ///
    /// With two paragraphs.
    #[derive(Debug)]
    pub struct Catalog {
        /// A capital letter.
        A: Memory<i32> = Memory::new(1),
        /// Another one.
        pub B: Memory<i32>,
        /// As a function is called.
        split: Memory<Vec<f64>> = Memory::new(vec![1.0, 2.0]),
        /// A keyword of Rust.
        r#type: Memory<String> = Memory::new("12".to_owned()),
        /// A file.
        report: Text = "no/such/folder/report.txt",
        /// A file that nobody names.
        unnamed: Bytes = "no/such/folder/unnamed",
        /// With commas in the expression.
        rows: Csv<(String, f64)> = Csv::new("no/such/folder/rows.csv").delimiter(b';'),
        /// Documents.
        model: Json<u32> = "no/such/folder/model.json",
        /// Paths.
        place: Memory<std::path::PathBuf>,
        /// The parameters.
        params: Parameters = Parameters { ratio: 0.5, ..Parameters::default() },
    }
}

catalog! {
    struct Private { x: Memory<i32> = Memory::new(1), r#fn: Memory<i32> }
}

catalog! {
    pub(crate) struct Restricted {
        x: Memory<i32> = Memory::new(1)
    }
}

catalog! {
    /// Without any dataset.
    struct Empty {}
}

fn identity<T>(value: T) -> T {
    value
}

fn split(split: &[f64], ratio: f64) -> (Vec<f64>, Vec<f64>) {
    let (left, right) = split.split_at(usize::from(ratio > 0.0));
    (left.to_vec(), right.to_vec())
}

fn parse(r#type: &str) -> Result<i32, ParseIntError> {
    r#type.parse()
}

const fn build(depth: u32) -> Model {
    Model { depth }
}

const fn depth(model: &Model) -> u32 {
    model.depth
}

fn consume(model: Model) -> [Model; 1] {
    [model]
}

const fn nothing() -> (i32, i32) {
    (1, 2)
}

const fn look(_value: i32) {}

fn check(value: i32) -> Result<(), String> {
    if value > 1000 { Err("too large".to_owned()) } else { Ok(()) }
}

fn whole(parameters: &Parameters, again: Parameters) -> [Parameters; 2] {
    [parameters.clone(), again]
}

fn convert(value: i32) -> Result<i32, std::num::TryFromIntError> {
    i32::try_from(i64::from(value))
}

fn report(value: i32) -> String {
    value.to_string()
}

fn len(path: &Path) -> usize {
    path.as_os_str().len()
}

const fn add(left: i32, right: i32) -> i32 {
    left.wrapping_add(right)
}

pipeline! {
    /// An item with all forms of nodes.
    pub training for Catalog {
        node(split, [split, params:ratio] -> [left, right], tags = ["prepare", "first"]),
        node(parse?, [r#type] -> [parsed], name = "parse"),
        node(parse?, [r#type] -> [parsed_raw]),
        node(build, [params:model.depth] -> [built]),
        node(depth, [built] -> [seen]),
        node(consume, [lent] -> [consumed: [Model; 1]]),
        node(build, [parameters:model.depth] -> [lent]),
        node(nothing, [] -> [one, two]),
        node(look, [one] -> []),
        node(check?, [one] -> []),
        node(add, [one, two] -> [three]),
        node(add, [two, two] -> [four]),
        node(identity, [three] -> [B]),
        node(identity::<i32>, [four] -> [four_again]),
        node(whole, [params, parameters] -> [both: [Parameters; 2]]),
        node(|a: i32, parsed: i32, raw: &i32| a + parsed + raw, [A, parsed, parsed_raw] -> [sum], name = "a.b-c_d", tags = []),
        node(convert?, [sum] -> [converted]),
        node(|left: &[f64], right: Vec<f64>| left.len() + right.len(), [left, right] -> [count: usize]),
        node(move |converted: i32, seen: u32, four_again: &i32| format!("{converted}{seen}{four_again}"), [converted, seen, four_again] -> [text: String]),
        node(String::len, [text] -> [text_len: usize]),
    }
}

pipeline! {
    private for Catalog { node(identity, [A] -> [A_again]), node(report, [A_again] -> [report]) }
}

pipeline! {
    /// With outputs that are called as types are.
    pub(crate) capitals for Catalog { node(identity, [A] -> [Out0: i32]), node(identity, [A] -> [Self_: i32]) }
}

pipeline! {
    raw for Private {
        node(|x: i32| x + 1, [x] -> [r#fn]),
        node(|value: i32| value, [r#fn] -> [r#match: i32]),
    }
}

pipeline! {
    r#loop for Restricted { node(identity, [x] -> [y: i32]) }
}

pipelines! {
    /// A registry.
    pub fn pipelines() for Catalog {
        training = training(),
        private = private(),
        literal = pipeline!< node(identity, [A] -> [B]) >,
        r#type = pipeline!< node(identity, [A] -> [copy]), node(identity, [copy] -> [B], name = "copy") >,
        __default__ = private + pipeline!< node(|ratio: f64| ratio > 0.0, [params:ratio] -> [positive]) >,
    }
}

pipelines! {
    fn private_registry() for Private { raw = raw() }
}

#[test]
fn items_run() -> Result<(), Error> {
    let catalog = Catalog::default();
    catalog.place.save("a/b".into()).map_err(Error::from)?;
    let outputs = SequentialRunner::new().run(&training(), &catalog)?;
    assert_eq!((outputs.count, outputs.consumed[0].depth, outputs.text_len), (2, 0, 4));
    assert!((outputs.both[0].ratio - outputs.both[1].ratio).abs() < f64::EPSILON);
    let raw = SequentialRunner::new().run(&raw(), &Private::default())?;
    assert_eq!(raw.r#match, 2);
    assert_eq!(SequentialRunner::new().run(&r#loop(), &Restricted::default())?.y, 1);
    let capitals = SequentialRunner::new().run(&capitals(), &catalog)?;
    assert_eq!((capitals.Out0, capitals.Self_), (1, 1));
    assert_eq!((training::DAG.len(), private::DAG.len(), r#loop().name()), (20, 2, Some("loop")));
    Ok(())
}

#[test]
fn expressions_run() -> Result<(), Error> {
    let catalog = Catalog::default();
    catalog.place.save("a/b".into()).map_err(Error::from)?;
    let runner = SequentialRunner::new();
    let angle = pipeline!(< node(identity, [A] -> [B]) >);
    runner.run(&angle, &catalog)?;
    let braces = pipeline! { for Catalog; node(len, [place] -> [place_len]), node(identity, [A] -> [A_again]) };
    let outputs = runner.run(&braces, &catalog)?;
    assert_eq!((outputs.place_len, outputs.A_again), (3, 1));
    let offset = 5;
    let captures = pipeline! { for Catalog; node(move |a: i32| a + offset, [A] -> [moved]) };
    assert_eq!(runner.run(&captures, &catalog)?.moved, 6);
    let fails = pipeline! { for Catalog; node(convert?, [A] -> [fine]) };
    let (fine, moved) = ParallelRunner::new().run(&(fails + captures), &catalog)?;
    assert_eq!((fine.fine, moved.moved), (1, 6));
    let nothing = pipeline! { for Catalog; node(look, [A] -> []) };
    runner.run(&nothing, &catalog)
}

#[test]
fn registries_run() -> Result<(), Error> {
    let catalog = pipelines().catalog();
    for name in ["literal", "type", "training"] {
        SequentialRunner::new().run(pipelines().get(name)?, &catalog)?;
    }
    assert_eq!(private_registry().names().count(), 1);
    let report = DryRunner::new().run_report(pipelines().get("__default__")?, &catalog)?;
    assert_eq!(report.nodes().len(), 3);
    Ok(())
}

#[test]
fn a_catalog_may_be_empty() {
    assert_eq!(Empty::default().datasets().len(), 0);
}

#[test]
fn everything_may_stand_in_a_function() -> Result<(), Error> {
    catalog! {
        struct Local { x: Memory<i32> = Memory::new(1) }
    }
    pipeline! { item for Local { node(identity, [x] -> [y: i32]) } }
    pipelines! { fn registry() for Local { item = item() } }
    assert_eq!(SequentialRunner::new().run(&item(), &Local::default())?.y, 1);
    assert_eq!((item::DAG.len(), registry().names().count()), (1, 1));
    Ok(())
}
