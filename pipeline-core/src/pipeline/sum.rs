//! Sums of pipelines: what they are made of, and how their parts are joined.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::iter::Sum;
use std::ops::Add;
use std::ptr;
use std::sync::Arc;

use super::{MadeOf, Order, Pipeline, Plan};
use crate::body::Part;
use crate::collect::Collect;
use crate::dag::Dag;
use crate::dag::join::{Origin, join};
use crate::outputs::Outputs;

type Name = Option<Cow<'static, str>>;

/// The terms of a sum, one of a pipeline that is none.
pub(super) struct Terms<C>(Vec<Term<C>>);

/// A part as often as a sum has it.
struct Term<C> {
    part: Arc<Part<C>>,
    name: Name,
    /// The name of the sum by which it came into a larger one.
    by_way_of: Name,
}

/// What makes two terms the same part: the pipeline is one value, or an item, which is the same whenever it is called.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Item(*const Dag),
    Value(*const Dag, *const ()),
}

impl<C> Term<C> {
    fn identity(&self) -> Identity {
        let dag = ptr::from_ref(self.part.dag);
        if self.part.is_item { Identity::Item(dag) } else { Identity::Value(dag, Arc::as_ptr(&self.part).cast()) }
    }
}

impl<C> Clone for Term<C> {
    fn clone(&self) -> Self {
        Self { part: Arc::clone(&self.part), name: self.name.clone(), by_way_of: self.by_way_of.clone() }
    }
}

impl<C> Terms<C> {
    pub(super) fn one(part: Part<C>, name: Name) -> Self {
        Self(vec![Term { part: Arc::new(part), name, by_way_of: None }])
    }

    /// The terms of a pipeline that becomes a part of a sum. Without a clone of it they are moved, so that `a + b + c + …` does not copy them at
    /// each `+`.
    fn of(pipeline: &Name, is_called_by_its_parts: bool, made_of: Arc<MadeOf<C>>) -> Self {
        let mut terms =
            Arc::try_unwrap(made_of).map_or_else(|shared| shared.terms.0.clone(), |MadeOf { terms, .. }| terms.0);
        if !is_called_by_its_parts {
            match terms.as_mut_slice() {
                [term] => term.name.clone_from(pipeline),
                terms => terms.iter_mut().for_each(|term| term.by_way_of.clone_from(pipeline)),
            }
        }
        Self(terms)
    }

    /// Joins the parts. A part that is there twice is taken once, unless the free outputs of both are wanted.
    pub(super) fn plan(&self, wanted: &[usize]) -> Result<Plan<C>, String> {
        let mut is_wanted = vec![false; self.0.len()];
        for &term in wanted {
            is_wanted[term] = true;
        }
        let mut parts: Vec<Arc<Part<C>>> = Vec::with_capacity(self.0.len());
        let mut origins: Vec<Origin<'_>> = Vec::with_capacity(self.0.len());
        let mut part_of = Vec::with_capacity(self.0.len());
        // Of each part the place, and whether its outputs are wanted.
        let mut known: HashMap<Identity, (usize, bool)> = HashMap::new();
        for (term, &is_wanted) in self.0.iter().zip(&is_wanted) {
            let mut same_as = None;
            match known.entry(term.identity()) {
                Entry::Occupied(mut first) => {
                    let (part, has_outputs_wanted) = *first.get();
                    if !(is_wanted && has_outputs_wanted) {
                        first.get_mut().1 |= is_wanted;
                        part_of.push(part);
                        continue;
                    }
                    same_as = Some(part);
                }
                Entry::Vacant(new) => {
                    new.insert((parts.len(), is_wanted));
                }
            }
            part_of.push(parts.len());
            parts.push(Arc::clone(&term.part));
            let (name, by_way_of) = (term.name.as_deref(), term.by_way_of.as_deref());
            origins.push(Origin { dag: term.part.dag, name, by_way_of, same_as });
        }
        let order = match parts.as_slice() {
            [only] => Order::Single(only.dag),
            _ => Order::Sum(Arc::new(join(&origins)?)),
        };
        Ok(Plan::new(parts, &part_of, order))
    }
}

/// What the same pipeline is made of if no free outputs are wanted. Where two of one part were, these are one now.
pub(super) fn without_outputs<C>(made_of: Arc<MadeOf<C>>) -> Arc<MadeOf<C>> {
    // A part that only one term has is joined in the same way.
    if made_of.wanted.len() < 2 {
        return made_of;
    }
    let terms = Arc::try_unwrap(made_of).map_or_else(|shared| shared.terms.0.clone(), |MadeOf { terms, .. }| terms.0);
    Arc::new(MadeOf::new(Terms(terms), Vec::new()))
}

/// Joins two pipelines; see [`Pipeline`]. Whether they fit together is told when the sum is run or its DAG read, and in
/// `pipelines!` when it compiles.
impl<C: 'static, A: Outputs + 'static, B: Outputs + 'static> Add<Pipeline<C, B>> for Pipeline<C, A> {
    type Output = Pipeline<C, (A, B)>;

    fn add(self, other: Pipeline<C, B>) -> Pipeline<C, (A, B)> {
        let Terms(mut terms) = Terms::of(&self.name, self.is_called_by_its_parts, self.made_of);
        let Terms(others) = Terms::of(&other.name, other.is_called_by_its_parts, other.made_of);
        let collect = self.collect.and(other.collect, terms.len());
        terms.extend(others);
        let made_of = MadeOf::new(Terms(terms), collect.wanted().to_vec());
        let name = name_of_sum(self.name, other.name);
        Pipeline { name, is_called_by_its_parts: true, made_of: Arc::new(made_of), collect }
    }
}

/// Joins any number of pipelines, and drops their free outputs. The sum of none has no nodes.
impl<C, O: Outputs> Sum<Pipeline<C, O>> for Pipeline<C> {
    fn sum<I: Iterator<Item = Pipeline<C, O>>>(pipelines: I) -> Self {
        let (mut terms, mut name) = (Vec::new(), None);
        for (index, pipeline) in pipelines.enumerate() {
            let Terms(others) = Terms::of(&pipeline.name, pipeline.is_called_by_its_parts, pipeline.made_of);
            terms.extend(others);
            name = if index == 0 { pipeline.name } else { name_of_sum(name, pipeline.name) };
        }
        let made_of = Arc::new(MadeOf::new(Terms(terms), Vec::new()));
        Pipeline { name, is_called_by_its_parts: true, made_of, collect: Collect::nothing() }
    }
}

/// As the sum of owned pipelines.
impl<'a, C: 'a, O: Outputs + 'a> Sum<&'a Pipeline<C, O>> for Pipeline<C> {
    fn sum<I: Iterator<Item = &'a Pipeline<C, O>>>(pipelines: I) -> Self {
        pipelines.cloned().sum()
    }
}

fn name_of_sum(first: Name, second: Name) -> Name {
    let (mut name, second) = (first?.into_owned(), second?);
    name.push_str(" + ");
    name.push_str(&second);
    Some(Cow::Owned(name))
}
