//! Every format with values of every shape that serde knows: what is loaded is what was saved, or
//! the save is an error that names the field and the row.

mod derived;
mod serde_of_shapes;
mod shape;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use pipeline_core::dataset::{Load, Save};
use pipeline_core::prelude::*;
use tempfile::TempDir;

use crate::shape::{Dynamic, Shape, Value, any_shape, any_value, row_shape, with_shape};

/// As many as take a second or two, each with some values.
const N_SHAPES: u64 = 3_000;

/// A folder in memory, where there is one: thousands of saves would each wait for the disk.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| pipeline_tests::folder())
}

/// Calls a test with random numbers of its own for each seed, and says which seed failed.
fn for_each_seed(test: impl Fn(&mut Rng)) {
    for seed in 0..N_SHAPES {
        let called = catch_unwind(AssertUnwindSafe(|| test(&mut Rng::with_seed(seed))));
        assert!(called.is_ok(), "seed {seed}");
    }
}

#[test]
fn json_loads_what_was_saved_or_refuses_it() {
    let folder = folder();
    let json = Json::<Dynamic>::new(folder.path().join("value.json"));
    let (mut saved, mut refused) = (0, 0);
    for seed in 0..N_SHAPES {
        let mut rng = Rng::with_seed(seed);
        let shape = any_shape(&mut rng, 4);
        for _ in 0..3 {
            let value = Dynamic(any_value(&mut rng, &shape));
            let fits = fits_json(&value.0);
            with_shape(&shape, || match json.save(value.clone()) {
                Ok(()) => {
                    assert!(fits, "seed {seed}: {value:?} is no JSON, but was saved");
                    assert_eq!(json.load().unwrap(), value, "seed {seed}");
                    saved += 1;
                }
                Err(error) => {
                    assert!(!fits, "seed {seed}: {value:?} was refused: {error}");
                    // The whole value has no name, and neither has a key that is none.
                    let is_named = error.to_string().contains("field `") || error.to_string().contains("key");
                    assert!(is_named || !has_parts(&value.0), "seed {seed}: {value:?}: {error}");
                    refused += 1;
                }
            });
        }
    }
    assert!(saved > 1_000 && refused > 200, "{saved} saved, {refused} refused");
}

/// Whether JSON has this value.
fn fits_json(value: &Value) -> bool {
    match value {
        Value::F32(it) => it.is_finite(),
        Value::F64(it) => it.is_finite(),
        Value::Some(it) => !is_null(it) && fits_json(it),
        Value::Newtype(it) | Value::NewtypeVariant(_, _, it) => fits_json(it),
        Value::Seq(it) | Value::Tuple(it) | Value::TupleStruct(it) => it.iter().all(fits_json),
        Value::TupleVariant(_, _, it) | Value::Struct(_, it) | Value::StructVariant(_, _, _, it) => {
            it.iter().all(fits_json)
        }
        Value::Map(it) => it.iter().all(|(key, value)| is_json_key(key) && fits_json(value)),
        _ => true,
    }
}

/// Whether a part of a value has a name of its own.
fn has_parts(value: &Value) -> bool {
    match value {
        Value::Some(it) | Value::Newtype(it) => has_parts(it),
        Value::F32(_) | Value::F64(_) => false,
        _ => !is_null(value),
    }
}

fn is_null(value: &Value) -> bool {
    match value {
        Value::None | Value::Unit | Value::UnitStruct => true,
        Value::Some(it) | Value::Newtype(it) => is_null(it),
        _ => false,
    }
}

fn is_json_key(key: &Value) -> bool {
    match key {
        Value::F32(it) => it.is_finite(),
        Value::F64(it) => it.is_finite(),
        Value::Some(it) | Value::Newtype(it) => is_json_key(it),
        Value::Bytes(_)
        | Value::None
        | Value::Unit
        | Value::UnitStruct
        | Value::Seq(_)
        | Value::Tuple(_)
        | Value::TupleStruct(_)
        | Value::Map(_)
        | Value::Struct(..)
        | Value::NewtypeVariant(..)
        | Value::TupleVariant(..)
        | Value::StructVariant(..) => false,
        _ => true,
    }
}

#[test]
fn csv_loads_what_was_saved_or_refuses_it() {
    let folder = folder();
    let (mut saved, mut refused) = (0, 0);
    for seed in 0..N_SHAPES {
        let mut rng = Rng::with_seed(seed);
        let delimiter = *rng.choice(b",,,;\t| ax0").expect("there are some");
        let csv = Csv::<Dynamic>::new(folder.path().join("rows.csv")).delimiter(delimiter);
        let shape = row_shape(&mut rng);
        let rows: Vec<Dynamic> = (0..rng.usize(1..4)).map(|_| Dynamic(any_value(&mut rng, &shape))).collect();
        let fits = fits_csv(&shape, &rows);
        with_shape(&shape, || match csv.save(rows.clone()) {
            Ok(()) => {
                assert!(fits, "seed {seed}: {rows:?} is no table, but was saved");
                let loaded = csv.load().unwrap_or_else(|error| panic!("seed {seed}: {rows:?}: {error}"));
                assert_eq!(loaded, rows, "seed {seed}");
                saved += 1;
            }
            Err(error) => {
                assert!(!fits, "seed {seed}: {rows:?} was refused: {error}");
                assert!(error.to_string().contains("row "), "seed {seed}: {rows:?}: {error}");
                refused += 1;
            }
        });
    }
    assert!(saved > 500 && refused > 200, "{saved} saved, {refused} refused");
}

#[test]
fn csv_without_rows_is_loaded_without_rows() {
    let folder = folder();
    let csv = Csv::<Dynamic>::new(folder.path().join("rows.csv"));
    for_each_seed(|rng| {
        let shape = row_shape(rng);
        with_shape(&shape, || match csv.save(Vec::new()) {
            Ok(()) => assert_eq!(csv.load().unwrap(), [], "{shape:?}"),
            Err(error) => assert!(has_no_known_columns(&shape), "{shape:?}: {error}"),
        });
    });
}

fn has_no_known_columns(shape: &Shape) -> bool {
    match shape {
        Shape::Newtype(inner) | Shape::Option(inner) => has_no_known_columns(inner),
        Shape::Map(..) => true,
        Shape::Struct(fields) => fields.shapes.is_empty(),
        Shape::Tuple(shapes) | Shape::TupleStruct(shapes) => shapes.is_empty(),
        _ => false,
    }
}

/// Whether rows of one shape are a table: each has the same columns, one at least, and a cell holds
/// each value.
fn fits_csv(shape: &Shape, rows: &[Dynamic]) -> bool {
    let columns: Option<Vec<usize>> = rows.iter().map(|row| n_columns(shape, &row.0)).collect();
    columns.is_some_and(|n| n[0] > 0 && n.iter().all(|it| *it == n[0]))
        && rows.iter().all(|row| has_keys_of(&rows[0].0, &row.0))
}

/// How many cells a row has. None if it is no row.
fn n_columns(shape: &Shape, row: &Value) -> Option<usize> {
    let cells = |values: &[Value]| values.iter().all(|value| cell_of(value).is_some()).then_some(values.len());
    match (shape, row) {
        _ if is_cell(shape) => cell_of(row).map(|_| 1),
        (Shape::Newtype(shape), Value::Newtype(it)) | (Shape::Option(shape), Value::Some(it)) => n_columns(shape, it),
        (_, Value::Seq(it) | Value::Tuple(it) | Value::TupleStruct(it) | Value::Struct(_, it)) => cells(it),
        (_, Value::Map(it)) => {
            it.iter().all(|(key, value)| cell_of(key).is_some() && cell_of(value).is_some()).then_some(it.len())
        }
        // No row of several cells is none.
        _ => None,
    }
}

fn is_cell(shape: &Shape) -> bool {
    match shape {
        Shape::Newtype(it) | Shape::Option(it) => is_cell(it),
        Shape::Seq(_) | Shape::Tuple(_) | Shape::TupleStruct(_) | Shape::Struct(_) | Shape::Map(..) => false,
        _ => true,
    }
}

/// Whether two rows have the same keys, if they are maps.
fn has_keys_of(first: &Value, row: &Value) -> bool {
    match (first, row) {
        (Value::Newtype(first) | Value::Some(first), Value::Newtype(row) | Value::Some(row)) => has_keys_of(first, row),
        (Value::Map(first), Value::Map(row)) => first.iter().all(|(key, _)| row.iter().any(|(other, _)| key == other)),
        _ => true,
    }
}

/// Whether the text of a cell is empty, or none if it is no cell.
fn cell_of(value: &Value) -> Option<bool> {
    match value {
        Value::Str(it) => Some(it.is_empty()),
        Value::Bytes(it) => std::str::from_utf8(it).ok().map(str::is_empty),
        Value::None | Value::Unit => Some(true),
        Value::UnitVariant(_, name) => Some(name.is_empty()),
        Value::Newtype(it) => cell_of(it),
        Value::Some(it) => cell_of(it).filter(|is_empty| !is_empty),
        Value::Seq(_)
        | Value::Tuple(_)
        | Value::TupleStruct(_)
        | Value::Map(_)
        | Value::Struct(..)
        | Value::NewtypeVariant(..)
        | Value::TupleVariant(..)
        | Value::StructVariant(..) => None,
        _ => Some(false),
    }
}

#[test]
fn text_and_bytes_load_what_was_saved() {
    let folder = folder();
    let text = Text::new(folder.path().join("a.txt"));
    let bytes = Bytes::new(folder.path().join("a.bin"));
    for_each_seed(|rng| {
        let Value::Str(saved) = any_value(rng, &Shape::Str) else { unreachable!("it is text") };
        text.save(saved.clone()).unwrap();
        assert_eq!(text.load().unwrap(), saved);
        let Value::Bytes(saved) = any_value(rng, &Shape::Bytes) else { unreachable!("they are bytes") };
        bytes.save(saved.clone()).unwrap();
        assert_eq!(bytes.load().unwrap(), saved);
    });
}
