//! A worker and what its nodes start, as a group of processes that ends together. In a group of its own it does not hear Ctrl-C either: that is for the
//! process of the run, which lets running nodes end.

#[cfg(not(unix))]
use self::elsewhere as system;
pub(crate) use self::system::{begin, kill, kill_own};
#[cfg(unix)]
use self::unix as system;

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process_group};

    /// Has a process start a group.
    pub(crate) fn begin(command: &mut Command) {
        command.process_group(0);
    }

    /// Ends the group of a process that has started one and has not been waited for: until then the number is its.
    pub(crate) fn kill(leader: u32) {
        if let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
            // One that is gone needs no end.
            let _ = kill_process_group(leader, Signal::KILL);
        }
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
}
