//! A worker and what its nodes start, as a group of processes that ends together. In a group of its own it does not hear Ctrl-C either: that is for the
//! process of the run, which lets running nodes end.

#[cfg(not(unix))]
use self::elsewhere as system;
#[cfg(unix)]
pub(crate) use self::system::wait;
pub(crate) use self::system::{begin, has_room, ignore_terminal, is_stopped, kill, kill_own};
#[cfg(unix)]
use self::unix as system;

#[cfg(unix)]
mod unix {
    use std::os::fd::AsFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::Duration;

    use nix::sys::signal::{SigSet, Signal as Blocked};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, getpid, kill_process_group, waitid};

    fn pid(number: u32) -> Option<Pid> {
        i32::try_from(number).ok().and_then(Pid::from_raw)
    }

    /// Has a process start a group.
    pub(crate) fn begin(command: &mut Command) {
        command.process_group(0);
    }

    /// Ends the group of a process that has started one and has not been waited for: until then the number is its.
    pub(crate) fn kill(leader: u32) {
        if let Some(leader) = pid(leader) {
            // One that is gone needs no end.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Waits for the end of a process, which keeps its number: it is to be waited for again.
    pub(crate) fn wait(process: u32) {
        if let Some(pid) = pid(process) {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options));
        }
    }

    /// Whether a process is stopped now.
    pub(crate) fn is_stopped(process: u32) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = pid(process).and_then(|pid| waitid(WaitId::Pid(pid), options).ok().flatten());
        status.is_some_and(|status| status.stopped())
    }

    /// Lets this thread and those that it starts use a terminal whose foreground is another group.
    /// Where `stty tostop` is set, the system would stop the process for what a node prints, and
    /// nothing would continue it.
    pub(crate) fn ignore_terminal() {
        let mut signals = SigSet::empty();
        signals.add(Blocked::SIGTTOU);
        signals.add(Blocked::SIGTTIN);
        let _ = signals.thread_block();
    }

    /// Whether an output has room now or within a time, so that writing up to 4096 bytes does not
    /// wait. One that cannot be written any more has.
    pub(crate) fn has_room(output: &impl AsFd, time: Duration) -> bool {
        let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
        let mut polled = [PollFd::new(output, PollFlags::OUT)];
        !matches!(poll(&mut polled, Some(&time)), Ok(0))
    }

    /// Ends this process and its group, if it has started one.
    pub(crate) fn kill_own() {
        if getpgrp() == getpid() {
            let _ = kill_process_group(getpgrp(), Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::process::Command;

    pub(crate) fn begin(command: &mut Command) {
        #[cfg(windows)]
        {
            const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
            std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
        }
        #[cfg(not(windows))]
        let _ = command;
    }

    /// Nothing: the process itself is ended by its handle.
    pub(crate) fn kill(_leader: u32) {}

    /// Nothing: the process exits.
    pub(crate) fn kill_own() {}

    /// As far as one can tell.
    pub(crate) fn has_room<T>(_output: &T, _time: std::time::Duration) -> bool {
        true
    }

    /// Processes are not stopped.
    pub(crate) fn is_stopped(_process: u32) -> bool {
        false
    }

    /// Nothing: terminals have no groups.
    pub(crate) fn ignore_terminal() {}
}
