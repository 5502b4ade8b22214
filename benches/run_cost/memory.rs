//! How many large values are alive at once, each contestant in a process of its own: this program again.

use std::env;
use std::error::Error;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use crate::blocks;
use crate::contestant::Contestant;

/// The argument that makes this program run one chain of blocks.
pub(crate) const CHAIN: &str = "chain-of-blocks";

/// What a chain of blocks took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) n_alive: usize,
    /// Memory of the process, at its peak.
    pub(crate) megabytes: usize,
}

/// Runs the chain in a process of its own; none if the contestant has no such chain.
pub(crate) fn measure(contestant: &dyn Contestant) -> Result<Option<Memory>, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    let output = command.args([CHAIN, contestant.name()]).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<usize> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match figures[..] {
        [n_alive, megabytes] => Ok(Some(Memory { n_alive, megabytes })),
        _ if output.status.success() => Ok(None),
        _ => Err(format!("{} failed to run a chain of blocks", contestant.name()).into()),
    }
}

/// Runs the chain and prints what it took, for [`measure`] to read.
pub(crate) fn run_chain(contestants: &[Box<dyn Contestant>], name: &str) -> Result<(), Box<dyn Error>> {
    let contestant = contestants.iter().find(|contestant| contestant.name() == name);
    if contestant.ok_or("nobody has this name")?.run_blocks() {
        let kilobytes = usize::try_from(getrusage(UsageWho::RUSAGE_SELF)?.max_rss())?;
        println!("{} {}", blocks::most_alive(), kilobytes / 1024);
    }
    Ok(())
}
