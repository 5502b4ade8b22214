//! The script: one case after the other, until the time is over.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::case::{Case, Fault};
use crate::check;
use crate::disturb::{Ended, Place, disturbed, undisturbed};

const HELP: &str = "\
Runs random pipelines with faults and checks what must be so after each.

  --minutes N   how long (1); a fraction is a part of it
  --seed N      which cases (1)
  --case N      only this one";

struct Arguments {
    minutes: f64,
    seed: u64,
    case: Option<u64>,
}

fn arguments() -> Result<Arguments, String> {
    let mut given = Arguments { minutes: 1.0, seed: 1, case: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or(HELP)?;
        let number = || value.parse().map_err(|error| format!("{flag} {value}: {error}"));
        match flag.as_str() {
            "--minutes" => given.minutes = value.parse().map_err(|error| format!("{flag} {value}: {error}"))?,
            "--seed" => given.seed = number()?,
            "--case" => given.case = Some(number()?),
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(given)
}

/// How often a fault was tried.
#[derive(Default)]
struct Count {
    n: u64,
    /// How often it met something, as a worker that was there.
    n_hit: u64,
    n_failed_runs: u64,
    n_violations: u64,
}

pub fn main() -> ExitCode {
    let Arguments { minutes, seed, case } = match arguments() {
        Ok(arguments) => arguments,
        Err(help) => {
            println!("{help}");
            return ExitCode::FAILURE;
        }
    };
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let until = Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut n_violations = 0;
    let cases = case.map_or(0..u64::MAX, |case| case..case + 1);
    let mut n_cases = 0;
    for number in cases.take_while(|_| case.is_some() || Instant::now() < until) {
        let mut random = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // What is chosen on the way, such as the worker to kill, comes from the same seed.
        fastrand::seed(random.u64(..));
        let case = Case::random(&mut random);
        let count = counts.entry(case.fault.kind()).or_default();
        let wrong = run(&case, &folder.path().join(number.to_string()), count);
        n_cases += 1;
        count.n += 1;
        for wrong in &wrong {
            println!("VIOLATION in case {number} of seed {seed} ({case}): {wrong}");
        }
        count.n_violations += u64::from(!wrong.is_empty());
        n_violations += u64::from(!wrong.is_empty());
    }
    println!("{:<32} {:>7} {:>7} {:>12} {:>10}", "fault", "cases", "met", "failed runs", "violations");
    for (kind, Count { n, n_hit, n_failed_runs, n_violations }) in &counts {
        println!("{kind:<32} {n:>7} {n_hit:>7} {n_failed_runs:>12} {n_violations:>10}");
    }
    println!("{n_cases} cases of seed {seed}, {n_violations} with violations");
    if n_violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a case, and again as its error advises; what is wrong.
fn run(case: &Case, folder: &Path, count: &mut Count) -> Vec<String> {
    let mut place = Place::new(folder);
    let mut generation = 1;
    if let Fault::FullDisk { kib } = case.fault {
        if !place.mount(kib) {
            return Vec::new();
        }
    } else if case.has_old {
        let old = undisturbed(case, &place, generation, &[]);
        let wrong = check::repaired(case, &place, generation, &old);
        if !wrong.is_empty() {
            return tell("the old run", wrong, &old);
        }
        generation += 1;
    }
    let ended = disturbed(case, &place, generation);
    count.n_hit += u64::from(ended.was_hit);
    count.n_failed_runs += u64::from(ended.code != Some(0));
    let mut wrong = tell("the disturbed run", check::disturbed(case, &place, generation, &ended), &ended);
    place.enlarge();
    let Some(code) = ended.code else { return wrong };
    if code != 0
        && let Some(resumed) = hint(&ended.err)
    {
        let flags = ["--from-nodes".to_owned(), resumed];
        let ended = undisturbed(case, &place, generation, &flags);
        wrong.extend(tell("the resumed run", check::repaired(case, &place, generation, &ended), &ended));
    } else {
        generation += 1;
        let ended = undisturbed(case, &place, generation, &[]);
        wrong.extend(tell("the next run", check::repaired(case, &place, generation, &ended), &ended));
    }
    wrong
}

/// The nodes from which a failed run says to resume.
fn hint(err: &str) -> Option<String> {
    let (_, rest) = err.split_once("--from-nodes \"")?;
    rest.split_once('"').map(|(nodes, _)| nodes.to_owned())
}

/// What is wrong, with what the run said.
fn tell(what: &str, wrong: Vec<String>, ended: &Ended) -> Vec<String> {
    let end: String = ended.err.chars().rev().take(600).collect::<Vec<_>>().into_iter().rev().collect();
    let told = |wrong| format!("{what}: {wrong}; exit code {:?}, error: {end:?}", ended.code);
    wrong.into_iter().map(told).collect()
}
