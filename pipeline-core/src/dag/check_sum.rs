//! The rules of a sum, checked when it compiles: constant functions over the static DAGs of its parts.
//!
//! `join` checks the same when a sum is made at run time, with the means that it has there. rustc interprets constants, a hundred times
//! slower than machine code, so each of these functions is linear in what it looks at; but for those that only errors need.

mod circle;
mod names;
mod text;

use self::circle::Circle;
use self::names::{Names, equal};
pub use self::text::Text;
use super::parts::{self, DatasetParts, NodeParts};
use super::{Dag, Kind, Parts};
use crate::outputs::Outputs;
use crate::pipeline::Pipeline;

/// A pipeline that sums of a registry are made of.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What the user calls it.
    name: &'static str,
    dag: &'static Dag,
    /// Whether an item declares it: then several paths may lead to it.
    is_item: bool,
}

/// A pipeline that is written out in the registry.
#[must_use]
pub const fn literal(name: &'static str, dag: &'static Dag) -> Part {
    Part { name, dag, is_item: false }
}

/// A term of a sum over the catalog `C`: a struct, since of what stands in its field rustc says what it is instead, and no more.
#[derive(Debug)]
pub struct Term<C, O: Outputs> {
    /// The term.
    pub pipeline: Pipeline<C, O>,
}

/// What is known of a term when it compiles.
#[derive(Debug)]
pub struct Declared {
    /// The pipeline.
    pub part: Part,
    /// Why it is not known.
    pub mistake: Option<Text>,
}

/// What a function that makes a pipeline tells: its DAG, if an item declares it.
#[must_use]
pub const fn declared<C, O: Outputs>(name: &'static str, _: fn() -> Term<C, O>) -> Declared {
    if let Some(dag) = O::DAG {
        return Declared { part: Part { name, dag, is_item: true }, mistake: None };
    }
    let text = Text::new().push("no `pipeline!` declares what `").push(name).push("` returns;");
    let text = text.push(" name the pipelines that it is made of, as in `data_processing() + data_science()`");
    Declared { part: literal(name, const { &parts::dag(&[], &[]) }), mistake: Some(text) }
}

/// As [`declared`], in a registry that is `#[portable]`.
#[must_use]
pub const fn declared_portable<C, O: Outputs>(name: &'static str, made: fn() -> Term<C, O>) -> Declared {
    let declared = declared(name, made);
    if declared.mistake.is_some() || O::IS_PORTABLE {
        return declared;
    }
    let text = Text::new().push("this registry is `#[portable]`, and `").push(name).push("` is not;");
    Declared { part: declared.part, mistake: Some(text.push(" write `#[portable]` before the pipeline")) }
}

/// A term: the name of the entry if that is a sum itself, else an empty one; and the places of its parts among those of the registry.
pub type Addend = (&'static str, &'static [usize]);

/// A sum of a registry.
#[derive(Debug)]
pub struct Sum<const TERMS: usize> {
    parts: &'static [Part],
    terms: [Addend; TERMS],
}

/// What is wrong with a sum.
#[derive(Debug)]
pub struct Checked<const TERMS: usize> {
    sum: Sum<TERMS>,
    /// The terms with a part that does not fit to one before it.
    does_not_fit: [bool; TERMS],
    /// Why it has no order: nodes wait for each other across its parts.
    pub circle: Option<Text>,
}

/// A part of a sum, and the term that it belongs to.
#[derive(Clone, Copy)]
struct Member {
    part: Part,
    term: usize,
}

/// Whether a part fits to those before it.
enum Fit {
    Fits,
    DoesNot,
    /// It is one of them: the sum has it once.
    IsThere,
}

impl<const TERMS: usize> Sum<TERMS> {
    /// The sum of these terms, whose parts are among `parts`.
    #[must_use]
    pub const fn new(parts: &'static [Part], terms: [Addend; TERMS]) -> Self {
        Self { parts, terms }
    }

    /// How many parts, nodes and datasets there are to look at.
    #[must_use]
    pub const fn size(&self) -> usize {
        let (mut size, mut term) = (self.parts.len() + 1, 0);
        while term < TERMS {
            let places = self.terms[term].1;
            let mut i = 0;
            while i < places.len() {
                let dag = self.parts[places[i]].dag;
                size += 1 + nodes(dag).len() + datasets(dag).len();
                i += 1;
            }
            term += 1;
        }
        size
    }

    /// Checks the sum. `SIZE` is its [`size`](Self::size).
    #[must_use]
    pub const fn check<const SIZE: usize>(self) -> Checked<TERMS> {
        let mut members: [Option<Member>; SIZE] = [None; SIZE];
        let (mut n_members, mut is_member) = (0, [false; SIZE]);
        let (mut written, mut named) = (Names::<SIZE>::new(), Names::<SIZE>::new());
        let mut does_not_fit = [false; TERMS];
        let mut term = 0;
        while term < TERMS {
            let places = self.terms[term].1;
            let mut i = 0;
            while i < places.len() {
                if !is_member[places[i]] {
                    is_member[places[i]] = true;
                    members[n_members] = Some(Member { part: self.parts[places[i]], term });
                    match fit(&members, n_members, &mut written, &mut named) {
                        Fit::Fits => n_members += 1,
                        Fit::DoesNot => {
                            does_not_fit[term] = true;
                            n_members += 1;
                        }
                        Fit::IsThere => members[n_members] = None,
                    }
                }
                i += 1;
            }
            term += 1;
        }
        let circle = Circle::<SIZE>::new(&members, &written).find();
        Checked { sum: self, does_not_fit, circle }
    }

    /// The part at a place, counted through all terms.
    const fn member(&self, mut place: usize) -> Option<Member> {
        let mut term = 0;
        while term < TERMS {
            let places = self.terms[term].1;
            if place < places.len() {
                return Some(Member { part: self.parts[places[place]], term });
            }
            place -= places.len();
            term += 1;
        }
        None
    }

    /// Why two parts of the sum do not fit together: they write the same dataset, or have a node of the same name.
    const fn two_parts(&self, a: Member, b: Member) -> Option<Text> {
        let (dag_a, dag_b) = (a.part.dag, b.part.dag);
        let (mut i, datasets_a, datasets_b) = (0, datasets(dag_a), datasets(dag_b));
        while i < datasets_a.len() {
            let mut j = 0;
            while j < datasets_b.len() {
                if let Some((by_a, by_b)) = both_write(&datasets_a[i], &datasets_b[j]) {
                    let text = Text::new().push("dataset `").push(datasets_a[i].name);
                    let text = text.push("` is written by two pipelines: by node `").push(called(&nodes(dag_a)[by_a]));
                    let text = self.push_part(text.push("` of "), a);
                    let text = text.push(" and node `").push(called(&nodes(dag_b)[by_b])).push("` of ");
                    return Some(self.push_part(text, b));
                }
                j += 1;
            }
            i += 1;
        }
        let (mut i, nodes_a, nodes_b) = (0, nodes(dag_a), nodes(dag_b));
        while i < nodes_a.len() {
            if let Some(name) = nodes_a[i].name
                && has_node(nodes_b, name)
            {
                let text = Text::new().push("two nodes are called `").push(name).push("`, in the pipelines ");
                return Some(self.push_part(self.push_part(text, a).push(" and "), b));
            }
            i += 1;
        }
        None
    }

    /// The name of a part, and that of the sum by which it came into this one.
    const fn push_part(&self, text: Text, member: Member) -> Text {
        let text = text.push("`").push(member.part.name).push("`");
        let sum = self.terms[member.term].0;
        if sum.is_empty() { text } else { text.push(" (by way of `").push(sum).push("`)") }
    }
}

impl<const TERMS: usize> Checked<TERMS> {
    /// Why a term does not fit to those before it.
    #[must_use]
    pub const fn of_term(&self, term: usize) -> Option<Text> {
        if !self.does_not_fit[term] {
            return None;
        }
        let mut second = 0;
        while let Some(b) = self.sum.member(second) {
            let mut first = 0;
            while first < second && b.term == term {
                if let Some(a) = self.sum.member(first)
                    && !is_same(&a.part, &b.part)
                    && let Some(text) = self.sum.two_parts(a, b)
                {
                    return Some(text);
                }
                first += 1;
            }
            second += 1;
        }
        None
    }
}

/// Whether the last member fits to those before it. What it writes to the catalog and the names of its nodes are added to what is known.
const fn fit<const SIZE: usize>(
    members: &[Option<Member>; SIZE],
    last: usize,
    written: &mut Names<SIZE>,
    named: &mut Names<SIZE>,
) -> Fit {
    let Some(Member { part, .. }) = members[last] else { return Fit::Fits };
    let mut fits = true;
    let (mut i, datasets) = (0, datasets(part.dag));
    while i < datasets.len() {
        if datasets[i].writer.is_some()
            && matches!(datasets[i].kind, Kind::Catalog)
            && let Some((first, _)) = written.insert(datasets[i].name, (last, i))
        {
            if is_same_member(members[first], &part) {
                return Fit::IsThere;
            }
            fits = false;
        }
        i += 1;
    }
    let (mut i, nodes) = (0, nodes(part.dag));
    while i < nodes.len() {
        if let Some(name) = nodes[i].name
            && let Some((first, _)) = named.insert(name, (last, i))
            && first != last
        {
            if is_same_member(members[first], &part) {
                return Fit::IsThere;
            }
            fits = false;
        }
        i += 1;
    }
    if fits { Fit::Fits } else { Fit::DoesNot }
}

const fn is_same_member(member: Option<Member>, part: &Part) -> bool {
    match member {
        Some(member) => is_same(&member.part, part),
        None => false,
    }
}

/// Whether these are one item, by two paths. No constant can compare the places of two DAGs in memory, so the places in the source have to
/// do, and all that is in the DAGs: one call of a macro of the user's can declare several items.
const fn is_same(a: &Part, b: &Part) -> bool {
    let (Some(at_a), Some(at_b)) = (a.dag.declared_at, b.dag.declared_at) else { return false };
    a.is_item
        && b.is_item
        && at_a.line() == at_b.line()
        && at_a.column() == at_b.column()
        && equal(at_a.file(), at_b.file())
        && have_same_nodes(nodes(a.dag), nodes(b.dag))
        && have_same_datasets(datasets(a.dag), datasets(b.dag))
}

const fn have_same_nodes(a: &[NodeParts<&'static [u32]>], b: &[NodeParts<&'static [u32]>]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        let have_one_name = match (a[i].name, b[i].name) {
            (Some(a), Some(b)) => equal(a, b),
            (None, None) => true,
            _ => false,
        };
        let have_same_ends = are_equal(a[i].inputs, b[i].inputs) && are_equal(a[i].outputs, b[i].outputs);
        if !have_one_name || !have_same_ends || !equal(a[i].function, b[i].function) {
            return false;
        }
        i += 1;
    }
    true
}

const fn have_same_datasets(a: &[DatasetParts<&'static [u32]>], b: &[DatasetParts<&'static [u32]>]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i].kind as u8 != b[i].kind as u8 || !equal(a[i].name, b[i].name) {
            return false;
        }
        i += 1;
    }
    true
}

const fn are_equal(a: &[u32], b: &[u32]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// For each of these datasets of the catalog, whether any of these pipelines reads or writes it. One whose DAG a mistake has left empty may
/// use all.
#[must_use]
pub const fn are_used<const N: usize>(names: [&'static str; N], parts: &[Part]) -> [bool; N] {
    let mut known = Names::<N>::new();
    let mut i = 0;
    while i < N {
        known.insert(names[i], (i, 0));
        i += 1;
    }
    let mut are_used = [false; N];
    let mut part = 0;
    while part < parts.len() {
        let datasets = datasets(parts[part].dag);
        if datasets.is_empty() {
            return [true; N];
        }
        let mut i = 0;
        while i < datasets.len() {
            if matches!(datasets[i].kind, Kind::Catalog)
                && let Some((name, _)) = known.get(datasets[i].name)
            {
                are_used[name] = true;
            }
            i += 1;
        }
        part += 1;
    }
    are_used
}

/// A dataset of the catalog, and whether a pipeline uses it.
#[derive(Debug)]
pub struct Dataset<const IS_USED: bool>;

impl Dataset<true> {
    /// All is well.
    pub const fn used_by_a_pipeline() {}
}

impl Dataset<false> {
    /// Stable Rust has no warnings from macros but this one.
    #[deprecated(note = "no pipeline of the registry reads or writes this dataset")]
    pub const fn used_by_a_pipeline() {}
}

/// The two writers, if these are one dataset of the catalog.
const fn both_write(a: &DatasetParts<&'static [u32]>, b: &DatasetParts<&'static [u32]>) -> Option<(usize, usize)> {
    match (a.kind, b.kind, a.writer, b.writer) {
        (Kind::Catalog, Kind::Catalog, Some(by_a), Some(by_b)) if equal(a.name, b.name) => {
            Some((by_a as usize, by_b as usize))
        }
        _ => None,
    }
}

/// The name of a node, or that of its function.
const fn called(node: &NodeParts<&'static [u32]>) -> &'static str {
    if let Some(name) = node.name { name } else { node.function }
}

const fn has_node(nodes: &[NodeParts<&'static [u32]>], wanted: &str) -> bool {
    let mut i = 0;
    while i < nodes.len() {
        if let Some(name) = nodes[i].name
            && equal(name, wanted)
        {
            return true;
        }
        i += 1;
    }
    false
}

const fn nodes(dag: &Dag) -> &[NodeParts<&'static [u32]>] {
    match &dag.parts {
        Parts::Static(nodes, _) => nodes,
        Parts::Owned(..) => &[],
    }
}

const fn datasets(dag: &Dag) -> &[DatasetParts<&'static [u32]>] {
    match &dag.parts {
        Parts::Static(_, datasets) => datasets,
        Parts::Owned(..) => &[],
    }
}
