//! From the memory of a run that is over to what it returns: the free outputs.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::dag::Dag;
use crate::io::Io;
use crate::outputs::Outputs;

/// How the free outputs are collected after a run: all of them, or those that are there.
pub struct Collect<O: Outputs> {
    how: Arc<dyn CollectFrom<O>>,
    /// No value is left in memory after a whole collection.
    takes_all: bool,
    /// The terms of the sum that have free outputs, which this collects.
    wanted: Vec<usize>,
}

impl<O: Outputs> Collect<O> {
    /// Collects with `whole` after a run that executed all nodes, else with `partial`.
    pub fn new(
        whole: impl Fn(&Io<'_>) -> O + Send + Sync + 'static,
        partial: impl Fn(&Io<'_>) -> O::Partial + Send + Sync + 'static,
    ) -> Self {
        Self { how: Arc::new(Fields { whole, partial }), takes_all: true, wanted: Vec::new() }
    }

    /// The same of a pipeline that is no sum: it collects the free outputs of this DAG, if any.
    pub(crate) fn of(self, dag: &Dag) -> Self {
        let has_outputs = self.takes_all && dag.free_outputs().next().is_some();
        Self { wanted: if has_outputs { vec![0] } else { Vec::new() }, ..self }
    }

    /// Collects all. The slots of each term of the sum begin at one of `begins`.
    pub(crate) fn whole(&self, io: &Io<'_>, begins: &[usize]) -> O {
        self.how.whole(io, begins)
    }

    /// Collects what is there.
    pub(crate) fn partial(&self, io: &Io<'_>, begins: &[usize]) -> O::Partial {
        self.how.partial(io, begins)
    }

    pub(crate) fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// The terms of the sum whose free outputs it collects.
    pub(crate) fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// Collects this from the first terms of a sum, so many of them, and `other` from the rest.
    pub(crate) fn and<B: Outputs + 'static>(mut self, mut other: Collect<B>, n_first: usize) -> Collect<(O, B)>
    where
        O: 'static,
    {
        let takes_all = self.takes_all && other.takes_all;
        let mut wanted = mem::take(&mut self.wanted);
        wanted.extend(mem::take(&mut other.wanted).into_iter().map(|term| n_first + term));
        Collect { how: Arc::new(Both { first: self.how, second: other.how, n_first }), takes_all, wanted }
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
        Self { how: Arc::clone(&self.how), takes_all: self.takes_all, wanted: self.wanted.clone() }
    }
}

impl<O: Outputs> fmt::Debug for Collect<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collect").finish_non_exhaustive()
    }
}

trait CollectFrom<O: Outputs>: Send + Sync {
    fn whole(&self, io: &Io<'_>, begins: &[usize]) -> O;
    fn partial(&self, io: &Io<'_>, begins: &[usize]) -> O::Partial;
}

struct Fields<Whole, Partial> {
    whole: Whole,
    partial: Partial,
}

/// The slots of the one term that is left. An empty sum has none.
fn of_one_term<'r>(io: &Io<'r>, begins: &[usize]) -> Io<'r> {
    Io { slots: &io.slots[begins.first().copied().unwrap_or(0)..], ..*io }
}

impl<O, Whole, Partial> CollectFrom<O> for Fields<Whole, Partial>
where
    O: Outputs,
    Whole: Fn(&Io<'_>) -> O + Send + Sync,
    Partial: Fn(&Io<'_>) -> O::Partial + Send + Sync,
{
    fn whole(&self, io: &Io<'_>, begins: &[usize]) -> O {
        (self.whole)(&of_one_term(io, begins))
    }

    fn partial(&self, io: &Io<'_>, begins: &[usize]) -> O::Partial {
        (self.partial)(&of_one_term(io, begins))
    }
}

struct Both<A: Outputs, B: Outputs> {
    first: Arc<dyn CollectFrom<A>>,
    second: Arc<dyn CollectFrom<B>>,
    n_first: usize,
}

impl<A: Outputs, B: Outputs> CollectFrom<(A, B)> for Both<A, B> {
    fn whole(&self, io: &Io<'_>, begins: &[usize]) -> (A, B) {
        let (first, second) = begins.split_at(self.n_first);
        (self.first.whole(io, first), self.second.whole(io, second))
    }

    fn partial(&self, io: &Io<'_>, begins: &[usize]) -> (A::Partial, B::Partial) {
        let (first, second) = begins.split_at(self.n_first);
        (self.first.partial(io, first), self.second.partial(io, second))
    }
}
