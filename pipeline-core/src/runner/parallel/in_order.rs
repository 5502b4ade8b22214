//! The nodes of one run, one after the other on one thread of the pool.

use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::Scope;

use super::BACKOFF;
use super::pool::Pool;
use super::stack::{self, Here, Job, Stint};
use crate::{Error, Run};

struct InOrder<'a, 'r> {
    run: &'a Run<'r>,
    result: Mutex<Option<Result<(), Error>>>,
}

impl<'a> Job<'a> for InOrder<'_, '_> {
    fn call(&'a self, _: usize, here: Here, _: &Scope<'a>) {
        if let Some(_stint) = Stint::begin(here) {
            let result = self.run.execute_in_order();
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    }
}

/// Executes all nodes: on this thread, if it is one of the pool.
pub(super) fn execute(run: &Run<'_>, pool: &Pool<'_>) -> Result<(), Error> {
    if pool.is_inside {
        let _stint = Stint::of_the_caller();
        return run.execute_in_order();
    }
    let mut backoff = BACKOFF.0;
    loop {
        let in_order = InOrder { run, result: Mutex::default() };
        pool.in_place_scope(|scope| stack::spawn(&in_order, 0, scope));
        if let Some(result) = in_order.result.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return result;
        }
        // The thread that has taken it was in the middle of other work.
        thread::sleep(backoff);
        backoff = BACKOFF.1.min(backoff * 2);
    }
}
