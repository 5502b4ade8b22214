//! From the memory of a run that is over to what it returns: the free outputs.

use std::fmt;
use std::sync::Arc;

use crate::Outputs;
use crate::io::Io;

/// How the free outputs are collected after a run: all of them, or those that are there.
pub struct Collect<O: Outputs> {
    how: Arc<dyn CollectFrom<O>>,
    /// No value is left in memory after a whole collection.
    takes_all: bool,
}

impl<O: Outputs> Collect<O> {
    /// Collects with `whole` after a run that executed all nodes, else with `partial`.
    pub fn new(
        whole: impl Fn(&Io<'_>) -> O + Send + Sync + 'static,
        partial: impl Fn(&Io<'_>) -> O::Partial + Send + Sync + 'static,
    ) -> Self {
        Self { how: Arc::new(Fields { whole, partial }), takes_all: true }
    }

    pub(crate) fn whole(&self, io: &Io<'_>) -> O {
        self.how.whole(io)
    }

    pub(crate) fn partial(&self, io: &Io<'_>) -> O::Partial {
        self.how.partial(io)
    }

    pub(crate) fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// Collects this from the first slots, so many of them, and `other` from the rest.
    pub(crate) fn and<B: Outputs + 'static>(self, other: Collect<B>, first_slots: usize) -> Collect<(O, B)>
    where
        O: 'static,
    {
        let takes_all = self.takes_all && other.takes_all;
        Collect { how: Arc::new(Both { first: self, second: other, first_slots }), takes_all }
    }
}

impl Collect<()> {
    /// There are no free outputs, or none that is wanted.
    #[must_use]
    pub fn nothing() -> Self {
        Self { takes_all: false, ..Self::new(|_| (), |_| ()) }
    }
}

impl<O: Outputs> Clone for Collect<O> {
    fn clone(&self) -> Self {
        Self { how: Arc::clone(&self.how), takes_all: self.takes_all }
    }
}

impl<O: Outputs> fmt::Debug for Collect<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collect").finish_non_exhaustive()
    }
}

trait CollectFrom<O: Outputs>: Send + Sync {
    fn whole(&self, io: &Io<'_>) -> O;
    fn partial(&self, io: &Io<'_>) -> O::Partial;
}

struct Fields<Whole, Partial> {
    whole: Whole,
    partial: Partial,
}

impl<O, Whole, Partial> CollectFrom<O> for Fields<Whole, Partial>
where
    O: Outputs,
    Whole: Fn(&Io<'_>) -> O + Send + Sync,
    Partial: Fn(&Io<'_>) -> O::Partial + Send + Sync,
{
    fn whole(&self, io: &Io<'_>) -> O {
        (self.whole)(io)
    }

    fn partial(&self, io: &Io<'_>) -> O::Partial {
        (self.partial)(io)
    }
}

struct Both<A: Outputs, B: Outputs> {
    first: Collect<A>,
    second: Collect<B>,
    first_slots: usize,
}

impl<A: Outputs, B: Outputs> Both<A, B> {
    /// Each collects from the slots of its own parts.
    fn split<'r>(&self, io: &Io<'r>) -> (Io<'r>, Io<'r>) {
        let (first, second) = io.slots.split_at(self.first_slots);
        (Io { slots: first, ..*io }, Io { slots: second, ..*io })
    }
}

impl<A: Outputs, B: Outputs> CollectFrom<(A, B)> for Both<A, B> {
    fn whole(&self, io: &Io<'_>) -> (A, B) {
        let (first, second) = self.split(io);
        (self.first.whole(&first), self.second.whole(&second))
    }

    fn partial(&self, io: &Io<'_>) -> (A::Partial, B::Partial) {
        let (first, second) = self.split(io);
        (self.first.partial(&first), self.second.partial(&second))
    }
}
