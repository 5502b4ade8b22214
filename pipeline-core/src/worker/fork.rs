//! A process that a node has forked off, and that comes back from the node as if it were the worker.

/// Ends it at once. It has all that the worker has: were it to save or to answer, the run would take that for the worker's, and even
/// to exit would flush what the worker is about to write.
pub(crate) fn end() -> ! {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        let _ = kill_process(getpid(), Signal::KILL);
    }
    std::process::abort()
}
