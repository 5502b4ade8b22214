//! What a run costs beside the work of its nodes: our runners, what one would write by hand, and peers, on the same functions.
//!
//! `cargo run --release -p pipeline-benches --features peers --bin run-cost` measures all and writes `benches/results/run-cost.md`.
//! Without the feature `peers`, only what is ours and by hand is measured, and printed. With `--quick`, small DAGs only, which is enough
//! to see that all compute the same.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

mod blocks;
mod by_hand;
mod contestant;
mod counting;
mod functions;
mod graph;
mod measure;
mod memory;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod report;
#[path = "../rustc.rs"]
mod rustc;
#[path = "../shape.rs"]
mod shape;
mod table;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use crate::by_hand::{RayonByHand, StraightLine};
use crate::contestant::Contestant;
use crate::measure::Effort;
use crate::report::Report;

fn main() -> Result<(), Box<dyn Error>> {
    // What is run outside of any pool uses the global one.
    ThreadPoolBuilder::new().num_threads(2).build_global()?;
    let contestants = contestants();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_quick = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        [memory::CHAIN, name] => return memory::run_chain(&contestants, name),
        _ => return Err("usage: run-cost [--quick]".into()),
    };

    if is_quick {
        let effort = Effort { batch: Duration::from_micros(100), n_batches: 3, enough: Duration::from_millis(50) };
        return Report { contestants: &contestants, effort, sizes: &[10, 100] }.quick();
    }
    let effort = Effort { batch: Duration::from_millis(1), n_batches: 100, enough: Duration::from_secs(1) };
    let text = Report { contestants: &contestants, effort, sizes: &[10, 100, 1000] }.whole()?;
    if cfg!(feature = "peers") {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::create_dir_all(&results)?;
        fs::write(results.join("run-cost.md"), text)?;
    } else {
        println!("The peers were left out, so nothing was written; `--features peers` measures them too.");
    }
    Ok(())
}

/// All who take part, those by hand first.
fn contestants() -> Vec<Box<dyn Contestant>> {
    let mut contestants: Vec<Box<dyn Contestant>> = vec![Box::new(StraightLine), Box::new(RayonByHand)];
    contestants.extend(ours::runners().into_iter().map(|ours| Box::new(ours) as _));
    #[cfg(feature = "peers")]
    contestants.extend(peers::peers());
    contestants
}
