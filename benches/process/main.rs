//! What it costs that a node is executed in another process: `cargo run --release -p pipeline-benches --bin process`.
//!
//! Each figure is the least and the median of several runs. A node of a chain is what a longer chain takes more than a shorter one, so starting
//! the worker is not in it; it is told by itself.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::worker;

catalog! {
    struct Catalog {
        n: Memory<u64> = Memory::new(1),
        // 100 MB
        n_numbers: Memory<usize> = Memory::new(12_500_000),
        end: Memory<u64>,
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
        made = pipeline!< node(make, [n_numbers] -> [numbers]) >,
        handed_on = pipeline!< node(make, [n_numbers] -> [numbers]), node(length, [numbers] -> [end]) >,
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

fn length(numbers: &[f64]) -> u64 {
    numbers.len() as u64
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
    let here = |name: &str| {
        let started = Instant::now();
        SequentialRunner::new().run(pipelines.get(name)?, &catalog).map(|()| started.elapsed())
    };
    let one = measure(50, || run("one"))?;
    let chain = measure(50, || run("chain"))?;
    println!("a run of one node, its worker started and ended: {}", told(one));
    println!(
        "a node more, warm, small values: {}",
        told(one.map_with(chain, |one, chain| chain.saturating_sub(one) / 32))
    );

    let numbers = make(12_500_000);
    let encoded = measure(7, || {
        let started = Instant::now();
        let bytes = rmp_serde::to_vec_named(&numbers).map_err(|error| std::io::Error::other(error.to_string()));
        let took = started.elapsed();
        drop(bytes.map_err(pipeline_core::DatasetError::from)?);
        Ok(took)
    })?;
    let bytes = rmp_serde::to_vec_named(&numbers).unwrap_or_default();
    let decoded = measure(7, || {
        let started = Instant::now();
        let numbers: Result<Vec<f64>, _> = rmp_serde::from_slice(&bytes);
        let took = started.elapsed();
        drop(numbers);
        Ok(took)
    })?;
    let made = measure(7, || run("handed_on"))?;
    let made_here = measure(7, || here("handed_on"))?;
    let crossed = made.map_with(made_here, Duration::saturating_sub);
    println!("100 MB of numbers: serialised once {}, deserialised once {}", told(encoded), told(decoded));
    println!("handed from node to node: {} more than in one process", told(crossed));
    let times = |by: Duration| crossed.least.as_secs_f64() / by.as_secs_f64();
    println!("that is {:.2} × serialising it once, ", times(encoded.least));
    println!("and {:.2} × serialising and deserialising it once", times(encoded.least + decoded.least));
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
