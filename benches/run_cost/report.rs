//! What is measured, in words and tables, printed as it comes.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::thread;

use crate::contestant::{Contestant, Place};
use crate::functions::{SLEEP, SPIN, Work};
use crate::graph::Graph;
use crate::measure::{self, Cost, Effort, Entrant, as_f64};
use crate::memory;
use crate::rustc;
use crate::shape::Shape;
use crate::table::Table;

#[derive(Debug)]
pub(crate) struct Report<'c> {
    pub(crate) contestants: &'c [Box<dyn Contestant>],
    pub(crate) effort: Effort,
    /// How many nodes the DAGs have.
    pub(crate) sizes: &'c [usize],
}

/// Text that is printed as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn add(&mut self, part: impl Display) {
        println!("{part}");
        self.0 += &part.to_string();
        self.0.push('\n');
    }
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Report<'_> {
    /// Runs all shapes in the given sizes.
    pub(crate) fn quick(&self) -> Outcome<()> {
        let table = self.a_node()?;
        println!("{table}");
        Ok(())
    }

    /// Measures all there is.
    pub(crate) fn whole(&self) -> Outcome<String> {
        let mut text = Text::default();
        text.add(introduction()?);
        text.add(self.a_node()?);
        text.add(ABOUT_ENTERING);
        text.add(self.entering()?);
        text.add(ABOUT_LARGE);
        text.add(self.large()?);
        text.add(ABOUT_SLEEPING);
        text.add(self.work_in_parallel(&Graph::new(Shape::Wide, 16, Work::Sleep), 16, SLEEP.as_secs_f64())?);
        text.add(ABOUT_SPINNING);
        text.add(self.work_in_parallel(&Graph::new(Shape::Wide, 8, Work::Spin), 2, SPIN.as_secs_f64() * 4.0)?);
        text.add(ABOUT_BLOCKS);
        text.add(self.blocks()?);
        text.add(ABOUT_CONTESTANTS);
        Ok(text.0)
    }

    /// Each contestant on one thread, and if it is parallel on two as well.
    fn inside(&self) -> Vec<Entrant<'_>> {
        let places = |contestant: &dyn Contestant| if contestant.is_parallel() { 1..=2 } else { 1..=1 };
        self.contestants
            .iter()
            .flat_map(|contestant| {
                places(&**contestant).map(|n_threads| entrant(&**contestant, Place::Inside(n_threads)))
            })
            .collect()
    }

    /// Each contestant once, on that many threads if it is parallel.
    fn once(&self, n_threads: usize, place: fn(usize) -> Place) -> Vec<Entrant<'_>> {
        let n_threads_of = |contestant: &dyn Contestant| if contestant.is_parallel() { n_threads } else { 1 };
        self.contestants.iter().map(|contestant| entrant(&**contestant, place(n_threads_of(&**contestant)))).collect()
    }

    fn a_node(&self) -> Outcome<Table> {
        let columns: Vec<String> = ["", "allocations, "]
            .iter()
            .flat_map(|what| self.sizes.iter().map(move |n_nodes| format!("{what}{n_nodes} nodes")))
            .collect();
        let mut table =
            Table::new(2, ["shape", "who", "threads"].into_iter().chain(columns.iter().map(String::as_str)));
        let entrants = self.inside();
        for shape in Shape::ALL {
            let mut of_sizes = Vec::new();
            for &n_nodes in self.sizes {
                of_sizes.push(measure::costs(&entrants, &Graph::new(shape, n_nodes, Work::Arithmetic), self.effort)?);
            }
            for (at, entrant) in entrants.iter().enumerate() {
                let costs = || self.sizes.iter().zip(&of_sizes).map(|(&n_nodes, costs)| (as_f64(n_nodes), costs[at]));
                let time = |(n, cost): (f64, Option<Cost>)| {
                    cell(cost, |cost| format!("{} / {}", figure(cost.least / n), figure(cost.median / n)))
                };
                let allocations = |(n, cost): (f64, Option<Cost>)| cell(cost, |cost| figure(cost.n_allocations / n));
                if costs().all(|(_, cost)| cost.is_none()) {
                    continue;
                }
                let names =
                    [shape.to_string(), entrant.contestant.name().to_owned(), entrant.place.n_threads().to_string()];
                table.push(names.into_iter().chain(costs().map(time)).chain(costs().map(allocations)).collect());
            }
        }
        Ok(table)
    }

    fn entering(&self) -> Outcome<Table> {
        let mut table = Table::new(1, ["who", "threads", "one node, µs", "fork, µs", "allocations, one node", "fork"]);
        let entrants = self.once(2, Place::Outside);
        let one = measure::costs(&entrants, &Graph::new(Shape::Chain, 1, Work::Arithmetic), self.effort)?;
        let fork = measure::costs(&entrants, &Graph::new(Shape::Tree, 3, Work::Arithmetic), self.effort)?;
        for ((entrant, one), fork) in entrants.iter().zip(one).zip(fork) {
            let time = |cost: Cost| format!("{:.3} / {:.3}", cost.least / 1e3, cost.median / 1e3);
            let allocations = |cost: Cost| figure(cost.n_allocations);
            let figures = [cell(one, time), cell(fork, time), cell(one, allocations), cell(fork, allocations)];
            let names = [entrant.contestant.name().to_owned(), entrant.place.n_threads().to_string()];
            table.push(names.into_iter().chain(figures).collect());
        }
        Ok(table)
    }

    fn large(&self) -> Outcome<Table> {
        let heading = ["shape", "who", "threads", "1000 nodes", "3000 nodes", "times as much"];
        let mut table = Table::new(2, heading);
        let entrants = self.inside();
        for shape in [Shape::Chain, Shape::Layers] {
            let small = measure::costs(&entrants, &Graph::new(shape, 1000, Work::Arithmetic), self.effort)?;
            let large = measure::costs(&entrants, &Graph::new(shape, 3000, Work::Arithmetic), self.effort)?;
            for ((entrant, small), large) in entrants.iter().zip(small).zip(large) {
                let (Some(small), Some(large)) = (small, large) else { continue };
                let (small, large) = (small.least / 1000.0, large.least / 3000.0);
                table.push(vec![
                    shape.to_string(),
                    entrant.contestant.name().to_owned(),
                    entrant.place.n_threads().to_string(),
                    figure(small),
                    figure(large),
                    format!("{:.2}", large / small),
                ]);
            }
        }
        Ok(table)
    }

    /// How long nodes take that could run at once; `ideal` is in seconds.
    fn work_in_parallel(&self, graph: &Graph, n_threads: usize, ideal: f64) -> Outcome<Table> {
        let mut table = Table::new(1, ["who", "threads", "ms", "times the ideal"]);
        let entrants = self.once(n_threads, Place::Inside);
        for (entrant, time) in entrants.iter().zip(measure::times(&entrants, graph)?) {
            let Some(nanoseconds) = time else { continue };
            table.push(vec![
                entrant.contestant.name().to_owned(),
                entrant.place.n_threads().to_string(),
                format!("{:.1}", nanoseconds / 1e6),
                format!("{:.3}", nanoseconds / 1e9 / ideal),
            ]);
        }
        Ok(table)
    }

    fn blocks(&self) -> Outcome<Table> {
        let mut table = Table::new(1, ["who", "alive at once", "peak, MB"]);
        for contestant in self.contestants {
            let Some(memory) = memory::measure(&**contestant)? else { continue };
            table.push(vec![contestant.name().to_owned(), memory.n_alive.to_string(), memory.megabytes.to_string()]);
        }
        Ok(table)
    }
}

fn entrant(contestant: &dyn Contestant, place: Place) -> Entrant<'_> {
    Entrant { contestant, place }
}

fn cell(cost: Option<Cost>, text: impl FnOnce(Cost) -> String) -> String {
    cost.map_or_else(|| "–".to_owned(), text)
}

/// With as many digits as say something.
fn figure(figure: f64) -> String {
    if figure == 0.0 {
        "0".to_owned()
    } else if figure < 9.995 {
        format!("{figure:.2}")
    } else if figure < 99.95 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}

fn introduction() -> Outcome<String> {
    let n_cores = thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split_whitespace()
        .next()
        .map_or_else(String::new, |load| format!(" The load was {load} before it began."));
    Ok(format!(
        "# What a run costs\n\n\
         Written by `cargo run --release -p pipeline-benches --features peers --bin run-cost`, with {}, on {n_cores} cores.{load}\n\n\
         Nanoseconds a node, `least / median` of up to 100 batches of a millisecond or more, in which all take turns: other work \
         on the machine only adds to what a run takes, so the least is what to compare. And how often a node allocates, on whatever thread. The nodes are functions from `u64` to `u64` that are not inlined, the same for all, and what they start \
         from is a parameter. A run includes reading its outputs, whose sum is checked. What is parallel runs inside of its pool.\n\n\
         *Chain*: each node reads the one before it. *Layers*: √N wide, each node reads two of the layer before, and two read it. *Wide*: no node \
         reads another. *Tree*: binary, each node is read by two. *Wavefront*: a square, each node reads the one above it and the one to its left.\n",
        rustc::version()?
    ))
}

const ABOUT_ENTERING: &str = "\
## To enter a run

Microseconds a run, `least / median`, from a thread outside of any pool: of one node, and of one that two others read.
";

const ABOUT_LARGE: &str = "\
## Larger DAGs

Nanoseconds a node, the least, and how many times as much it is with 3,000 nodes as with 1,000.
";

const ABOUT_SLEEPING: &str = "\
## 16 nodes that sleep for 50 ms

On 16 threads, the least of three; ideal are 50 ms.
";

const ABOUT_SPINNING: &str = "\
## 8 nodes of 0.2 s of CPU time

On two threads, the least of three; with two cores to themselves ideal are 0.8 s. On a machine that has other work, compare with *rayon by hand*.
";

const ABOUT_BLOCKS: &str = "\
## A chain of 20 nodes that hold 100 MB each

How many values were alive at once, and memory of the process, at its peak. A node reads one and makes one, so there are two at least.
";

const ABOUT_CONTESTANTS: &str = "\
## Who takes part

- *straight-line calls*: a call for each node, the values in variables. Nothing is below it.
- *rayon by hand*: in a `scope`, with a counter for each node of the inputs that it waits for. Who completes a node goes on with the first that
  this makes ready, and spawns the others.
- *SequentialRunner*, *ParallelRunner*, *ThreadRunner*: ours, on `pipeline!`. *With a report*: the first of them by `run_with`, which tells what
  became of each node; *with an idle hook*: that with a hook that does nothing.
- *pipeline-dsl* 0.9: its macro writes straight-line calls over the fields of a struct. Here they are plain `u64` that it need not reset.
- *dag_exec* 0.1: made at run time. Its parallel run starts its threads and stops them, in each run.
- *pondrs* 0.4: a list of boxed nodes over `MemoryDataset`s. Its parallel runner runs in the same pools as ours. On one thread it never returns, so
  that is left out.
- *dagx* 0.3: on tokio. Its DAGs run once, so each run makes one. From outside, `block_on`.
";
