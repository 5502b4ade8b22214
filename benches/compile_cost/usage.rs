//! CPU time and memory of a command and all that it starts.
//!
//! The system tells them of all children of a process together, so each command is started by a process of its own: this program
//! again, as a relay.

use std::env;
use std::error::Error;
use std::io;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// The argument that makes this program a relay.
pub(crate) const RELAY: &str = "relay";

/// What a command used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time, of the user and of the system.
    pub(crate) seconds: f64,
    /// Memory of the largest process, at its peak.
    pub(crate) megabytes: f64,
}

/// Runs a command, which has to succeed.
pub(crate) fn measure(command: &Command) -> Result<Usage, Box<dyn Error>> {
    let mut relay = Command::new(env::current_exe()?);
    relay.arg(RELAY).arg(command.get_program()).args(command.get_args()).stderr(Stdio::inherit());
    if let Some(directory) = command.get_current_dir() {
        relay.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => relay.env(name, value),
            None => relay.env_remove(name),
        };
    }
    let output = relay.output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match figures[..] {
        [seconds, megabytes] if output.status.success() => Ok(Usage { seconds, megabytes }),
        _ => Err(format!("{command:?} failed").into()),
    }
}

/// Runs a command and prints what it used, for [`measure`] to read.
pub(crate) fn relay(program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = Command::new(program).args(arguments).stdout(io::stderr()).status()?;
    if !status.success() {
        return Err(format!("{program} failed: {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    let (microseconds, kilobytes) = (microseconds as f64, usage.max_rss() as f64);
    println!("{} {}", microseconds / 1e6, kilobytes / 1024.0);
    Ok(())
}
