//! A node as a run calls it: loads its inputs, calls its function, saves its outputs.
//!
//! The function is apart from what it needs, so it has no state: nodes that need the same types share all code but their own. The table of
//! nodes forgets the type of what they need; with a virtual call in between, a run of trivial nodes took a fifth longer.

#![expect(unsafe_code, reason = "see above; the two fields are made together, from one type")]

use std::any::Any;

use crate::io::{Ended, Io};

/// What a node needs (the keys of its slots, its closure if it is one), and a function that does its work with that.
pub(crate) struct NodeCode<C> {
    work: fn(&C, &Io<'_>, &Needs) -> Ended,
    needs: Box<dyn Any + Send + Sync>,
}

/// Stands for the type of what a node needs.
struct Needs {}

impl<C> NodeCode<C> {
    pub(crate) fn new<N: Send + Sync + 'static>(needs: N, work: fn(&C, &Io<'_>, &N) -> Ended) -> Self {
        // SAFETY: the two types of functions differ in what a reference refers to, which makes them compatible to call; `call` passes a reference
        // to the `N` that is put in beside it.
        let work =
            unsafe { std::mem::transmute::<fn(&C, &Io<'_>, &N) -> Ended, fn(&C, &Io<'_>, &Needs) -> Ended>(work) };
        Self { work, needs: Box::new(needs) }
    }

    #[inline]
    pub(crate) fn call(&self, catalog: &C, io: &Io<'_>) -> Ended {
        // SAFETY: nothing is read through this reference but by `work`, for which it is what it was: a reference to what is in the box.
        let needs = unsafe { &*std::ptr::from_ref(&*self.needs).cast::<Needs>() };
        (self.work)(catalog, io, needs)
    }
}
