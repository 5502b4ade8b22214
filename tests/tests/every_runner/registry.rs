//! The pipelines of the suite, for workers to find them.

use pipeline_core::prelude::*;
use pipeline_core::worker;

use crate::{Catalog, basics, cancelling, failures, hooks, limits, panics, parts, releases, together};

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        diamond = basics::diamond(),
        sums = basics::sums(),
        numbers = basics::numbers(),
        text = basics::text(),
        format = basics::format(),
        something_else = basics::something_else(),
        refused = basics::refused(),
        adding = basics::adding(),
        lacking = basics::lacking(),
        doubling = basics::doubling(),
        failing = basics::failing(),
        wide = basics::wide(),
        deep = basics::deep(),
        wide_and_deep = wide + deep,
        two_sides = cancelling::two_sides(),
        ending = cancelling::ending(),
        going_on = failures::going_on(),
        one_failure = failures::one_failure(),
        failing_and_ending = failures::failing_and_ending(),
        through_a_file = failures::through_a_file(),
        lent = failures::lent(),
        given = failures::given(),
        shared = failures::shared(),
        panicking = failures::panicking(),
        to_resume = failures::to_resume(),
        chain = hooks::chain(),
        refusing = hooks::refusing(),
        meeting = limits::meeting(),
        noting = limits::noting(),
        hearing = limits::hearing(),
        two_failures = limits::two_failures(),
        failure_and_panic = limits::failure_and_panic(),
        writes_exists = panics::writes_exists(),
        writes_describe = panics::writes_describe(),
        through_release = panics::through_release(),
        writes_is_persisted = panics::writes_is_persisted(),
        reads_load = panics::reads_load(),
        writes_save = panics::writes_save(),
        writes_exists_fails = panics::writes_exists_fails(),
        reads_params = panics::reads_params(),
        retried = panics::retried(),
        two_bombs = panics::two_bombs(),
        plain = panics::plain(),
        crossing = releases::crossing(),
        read_and_refused = releases::read_and_refused(),
        sliced = parts::sliced(),
        lacks = parts::lacks(),
        partly_there = parts::partly_there(),
        passing = parts::passing(),
        read_twice = parts::read_twice(),
        kept_in_vain = parts::kept_in_vain(),
        through_memory = releases::through_memory(),
        memory_in_vain = releases::memory_in_vain(),
        listing = together::listing(),
        working = together::working(),
    }
}

/// Not a test: the workers of the suite.
#[test]
fn workers() {
    worker::serve(&pipelines());
}
