//! What it costs that a node is executed in another process: `cargo run --release -p pipeline-benches --bin process`.
//!
//! Each figure is the least and the median of several runs. A node of a chain is what a longer chain takes more than a shorter one, so starting
//! the worker is not in it; it is told by itself. A value of 100 MB stays where it is made if its reader is executed there too, and crosses to
//! another worker otherwise. That time begins when the value has been made, and ends when its reader is called; the start of the other worker is in it.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::time::{Duration, Instant, SystemTime};

use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, worker};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// 100 MB each.
const N_NUMBERS: usize = 12_500_000;
const N_BYTES: usize = 100_000_000;
const N_ROWS: usize = 1_250_000;
/// Longer than a value takes to another worker.
const STAY: Duration = Duration::from_secs(3);

catalog! {
    struct Catalog {
        n: Memory<u64> = Memory::new(1),
        n_numbers: Memory<usize> = Memory::new(N_NUMBERS),
        n_bytes: Memory<usize> = Memory::new(N_BYTES),
        n_rows: Memory<usize> = Memory::new(N_ROWS),
        end: Memory<u64>,
        /// In nanoseconds.
        arrived_after: Memory<u64>,
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        one = pipeline!< node(next, [n] -> [end]) >,
        chain = pipeline!<
            node(next, [n] -> [n01]), node(next, [n01] -> [n02]), node(next, [n02] -> [n03]), node(next, [n03] -> [n04]),
            node(next, [n04] -> [n05]), node(next, [n05] -> [n06]), node(next, [n06] -> [n07]), node(next, [n07] -> [n08]),
            node(next, [n08] -> [n09]), node(next, [n09] -> [n10]), node(next, [n10] -> [n11]), node(next, [n11] -> [n12]),
            node(next, [n12] -> [n13]), node(next, [n13] -> [n14]), node(next, [n14] -> [n15]), node(next, [n15] -> [n16]),
            node(next, [n16] -> [n17]), node(next, [n17] -> [n18]), node(next, [n18] -> [n19]), node(next, [n19] -> [n20]),
            node(next, [n20] -> [n21]), node(next, [n21] -> [n22]), node(next, [n22] -> [n23]), node(next, [n23] -> [n24]),
            node(next, [n24] -> [n25]), node(next, [n25] -> [n26]), node(next, [n26] -> [n27]), node(next, [n27] -> [n28]),
            node(next, [n28] -> [n29]), node(next, [n29] -> [n30]), node(next, [n30] -> [n31]), node(next, [n31] -> [n32]),
            node(next, [n32] -> [end]),
        >,
        numbers_there = pipeline!<
            node(|n: usize| (make(n), now()), [n_numbers] -> [numbers, made_at]),
            node(|numbers: &[f64], made_at: u64| after(numbers, made_at), [numbers, made_at] -> [arrived_after]),
        >,
        numbers_elsewhere = pipeline!<
            node(|n: usize| (make(n), now()), [n_numbers] -> [numbers, made_at]),
            node(|numbers: &[f64], _: u64| stay(numbers), [numbers, made_at] -> [end]),
            node(|numbers: &[f64], made_at: u64| after(numbers, made_at), [numbers, made_at] -> [arrived_after]),
        >,
        bytes_there = pipeline!<
            node(|n: usize| (make_bytes(n), now()), [n_bytes] -> [bytes, made_at]),
            node(|bytes: &[u8], made_at: u64| after(bytes, made_at), [bytes, made_at] -> [arrived_after]),
        >,
        bytes_elsewhere = pipeline!<
            node(|n: usize| (make_bytes(n), now()), [n_bytes] -> [bytes, made_at]),
            node(|bytes: &[u8], _: u64| stay(bytes), [bytes, made_at] -> [end]),
            node(|bytes: &[u8], made_at: u64| after(bytes, made_at), [bytes, made_at] -> [arrived_after]),
        >,
        rows_there = pipeline!<
            node(|n: usize| (make_rows(n), now()), [n_rows] -> [rows, made_at]),
            node(|rows: &[Row], made_at: u64| after(rows, made_at), [rows, made_at] -> [arrived_after]),
        >,
        rows_elsewhere = pipeline!<
            node(|n: usize| (make_rows(n), now()), [n_rows] -> [rows, made_at]),
            node(|rows: &[Row], _: u64| stay(rows), [rows, made_at] -> [end]),
            node(|rows: &[Row], made_at: u64| after(rows, made_at), [rows, made_at] -> [arrived_after]),
        >,
    }
}

fn next(n: u64) -> u64 {
    n + 1
}

fn make(n: usize) -> Vec<f64> {
    let mut numbers = Vec::with_capacity(n);
    let mut number = 0.1;
    numbers.resize_with(n, || {
        number += 0.7;
        number
    });
    numbers
}

fn make_bytes(n: usize) -> Vec<u8> {
    (0..=250).cycle().take(n).collect()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    name: String,
    city: String,
    n_visits: u64,
    balance: f64,
}

fn make_rows(n: usize) -> Vec<Row> {
    let row = |index: u32| Row {
        name: format!("customer {index:07}"),
        city: "Amsterdam".to_owned(),
        n_visits: u64::from(index),
        balance: f64::from(index) * 0.7,
    };
    (0..).map(row).take(n).collect()
}

fn length<T>(values: &[T]) -> u64 {
    values.len() as u64
}

/// Keeps the worker that has the values, so that another reader must be executed elsewhere. It comes first, since it is the first in the source
/// and both read the same.
fn stay<T>(values: &[T]) -> u64 {
    std::thread::sleep(STAY);
    length(values)
}

/// How long ago the values were made.
fn after<T>(_: &[T], made_at: u64) -> u64 {
    now().saturating_sub(made_at)
}

/// In nanoseconds, the same in each process.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

fn main() -> Result<(), pipeline_core::Error> {
    let pipelines = pipelines();
    worker::serve(&pipelines);

    let catalog = Catalog::default();
    let runner = ProcessRunner::new().max_workers(1);
    let run = |name: &str| {
        let started = Instant::now();
        runner.run_named(&pipelines, name, &catalog).map(|()| started.elapsed())
    };
    let one = measure(50, || run("one"))?;
    let chain = measure(50, || run("chain"))?;
    println!("a run of one node, its worker started and ended: {}", told(one));
    println!(
        "a node more, warm, small values: {}",
        told(one.map_with(chain, |one, chain| chain.saturating_sub(one) / 32))
    );

    println!();
    println!("100 MB from the end of a node to the beginning of the next, beside serialising them once into bytes:");
    println!();
    println!(
        "| {:<26} | {:>16} | {:>16} | {:>16} | {:>5} | {:>16} | {:>5} |",
        "value", "serialised", "deserialised", "to the same worker", "times", "to another worker", "times"
    );
    println!("|{}|", ["-"; 7].map(|line| line.repeat(8)).join("|"));
    let arrived = |name: &str, max_workers| {
        measure(7, || {
            ProcessRunner::new().max_workers(max_workers).run_named(&pipelines, name, &catalog)?;
            Ok(Duration::from_nanos(*catalog.arrived_after.load()?))
        })
    };
    let there = |name: &str| arrived(name, 1);
    let elsewhere = |name: &str| arrived(name, 2);
    row("`Vec<f64>`", &make(N_NUMBERS), there("numbers_there")?, elsewhere("numbers_elsewhere")?)?;
    row("`Vec<u8>`", &make_bytes(N_BYTES), there("bytes_there")?, elsewhere("bytes_elsewhere")?)?;
    row("`Vec` of structs and texts", &make_rows(N_ROWS), there("rows_there")?, elsewhere("rows_elsewhere")?)
}

/// Tells what it costs to hand such a value on, beside serialising it.
fn row<T: Serialize + DeserializeOwned>(
    what: &str,
    value: &T,
    there: Figure,
    elsewhere: Figure,
) -> Result<(), pipeline_core::Error> {
    let in_words = |error: &dyn std::fmt::Display| DatasetError::from(error.to_string());
    let encoded = measure(7, || {
        let started = Instant::now();
        let bytes = rmp_serde::to_vec_named(value);
        let took = started.elapsed();
        bytes.map(|_| took).map_err(|error| in_words(&error).into())
    })?;
    let bytes = rmp_serde::to_vec_named(value).unwrap_or_default();
    let decoded = measure(7, || {
        let started = Instant::now();
        let value: Result<T, _> = rmp_serde::from_slice(&bytes);
        let took = started.elapsed();
        value.map(|_| took).map_err(|error| in_words(&error).into())
    })?;
    let times = |by: Figure| by.least.as_secs_f64() / encoded.least.as_secs_f64();
    println!(
        "| {what:<26} | {:>16} | {:>16} | {:>16} | {:>5.2} | {:>16} | {:>5.2} |",
        told(encoded),
        told(decoded),
        told(there),
        times(there),
        told(elsewhere),
        times(elsewhere)
    );
    Ok(())
}

#[derive(Clone, Copy)]
struct Figure {
    least: Duration,
    median: Duration,
}

impl Figure {
    fn map_with(self, other: Self, f: impl Fn(Duration, Duration) -> Duration) -> Self {
        Self { least: f(self.least, other.least), median: f(self.median, other.median) }
    }
}

fn measure(
    times: usize,
    mut run: impl FnMut() -> Result<Duration, pipeline_core::Error>,
) -> Result<Figure, pipeline_core::Error> {
    run()?;
    let mut took = (0..times).map(|_| run()).collect::<Result<Vec<Duration>, _>>()?;
    took.sort_unstable();
    Ok(Figure { least: took[0], median: took[times / 2] })
}

fn told(Figure { least, median }: Figure) -> String {
    format!("{least:.1?} ({median:.1?})")
}
