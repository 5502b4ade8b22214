//! Times and allocations of all who take part, in turns, so that what else the machine does falls on all of them.

use std::error::Error;
use std::time::Duration;

use crate::contestant::{Batch, Contestant, Place, Prepared};
use crate::counting;
use crate::graph::Graph;

/// A contestant with a place to run in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrant<'c> {
    pub(crate) contestant: &'c dyn Contestant,
    pub(crate) place: Place,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How long a batch of runs takes, unless one run takes longer.
    pub(crate) batch: Duration,
    pub(crate) n_batches: usize,
    /// Who has taken that long in all is asked for no more than three batches.
    pub(crate) enough: Duration,
}

/// What one run costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// In nanoseconds.
    pub(crate) least: f64,
    /// In nanoseconds.
    pub(crate) median: f64,
    pub(crate) n_allocations: f64,
}

/// An entrant that is ready to run.
struct Trial<'c> {
    entrant: Entrant<'c>,
    prepared: Prepared,
    /// What each run has to return.
    sum: u64,
    n_runs: usize,
    /// The time of a run, in nanoseconds, for each batch.
    times: Vec<f64>,
    spent: Duration,
}

/// What a run of the DAG costs each entrant; none for those that cannot run it.
pub(crate) fn costs(
    entrants: &[Entrant<'_>],
    graph: &Graph,
    effort: Effort,
) -> Result<Vec<Option<Cost>>, Box<dyn Error>> {
    let mut trials = trials(entrants, graph);
    for trial in trials.iter_mut().flatten() {
        trial.size_batches(effort.batch)?;
    }
    for _ in 0..effort.n_batches {
        for trial in trials.iter_mut().flatten() {
            if trial.spent < effort.enough || trial.times.len() < 3 {
                trial.time_a_batch()?;
            }
        }
    }
    trials.into_iter().map(|trial| trial.map(Trial::cost).transpose()).collect()
}

/// The least that a run of the DAG takes each entrant, in nanoseconds, of three.
pub(crate) fn times(entrants: &[Entrant<'_>], graph: &Graph) -> Result<Vec<Option<f64>>, Box<dyn Error>> {
    let mut trials = trials(entrants, graph);
    for _ in 0..3 {
        trials.iter_mut().flatten().try_for_each(Trial::time_a_batch)?;
    }
    let least = |trial: Trial<'_>| trial.times.into_iter().fold(f64::INFINITY, f64::min);
    Ok(trials.into_iter().map(|trial| trial.map(least)).collect())
}

fn trials<'c>(entrants: &[Entrant<'c>], graph: &Graph) -> Vec<Option<Trial<'c>>> {
    let sum = graph.sum();
    let trial = |&entrant: &Entrant<'c>| {
        let prepared = entrant.contestant.prepare(graph, entrant.place)?;
        Some(Trial { entrant, prepared, sum, n_runs: 1, times: Vec::new(), spent: Duration::ZERO })
    };
    entrants.iter().map(trial).collect()
}

impl Trial<'_> {
    /// Finds out how many runs take that long, after a first one that may have to set things up.
    fn size_batches(&mut self, batch: Duration) -> Result<(), Box<dyn Error>> {
        self.run(1)?;
        while self.run(self.n_runs)?.elapsed * 2 < batch {
            self.n_runs *= 2;
        }
        Ok(())
    }

    fn time_a_batch(&mut self) -> Result<(), Box<dyn Error>> {
        if self.n_runs > 1 {
            // The caches are full of what others left, and threads asleep.
            self.run(1)?;
        }
        let batch = self.run(self.n_runs)?;
        self.times.push(batch.elapsed.as_secs_f64() * 1e9 / as_f64(self.n_runs));
        self.spent += batch.elapsed;
        Ok(())
    }

    fn run(&mut self, n_runs: usize) -> Result<Batch, Box<dyn Error>> {
        let batch = (self.prepared)(n_runs);
        if batch.sum == self.sum {
            return Ok(batch);
        }
        Err(format!("{} returned {} in place of {}", self.entrant.contestant.name(), batch.sum, self.sum).into())
    }

    fn cost(mut self) -> Result<Cost, Box<dyn Error>> {
        self.n_runs = self.n_runs.min(100);
        let mut n_allocations = usize::MAX;
        // A pool allocates on its own from time to time.
        for _ in 0..3 {
            let (batch, n) = counting::allocations(|| self.run(self.n_runs));
            batch?;
            n_allocations = n_allocations.min(n);
        }
        self.times.sort_by(f64::total_cmp);
        Ok(Cost {
            least: self.times[0],
            median: self.times[self.times.len() / 2],
            n_allocations: as_f64(n_allocations) / as_f64(self.n_runs),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub(crate) fn as_f64(n: usize) -> f64 {
    n as f64
}
