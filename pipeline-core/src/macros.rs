//! The macros as users call them. Each hands its tokens on to the macro crate with `$crate`, so that they work under any name
//! that a user gives to the dependency.

/// Declares a catalog: a struct with a dataset in each field, by whose names pipelines read and write.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// pub struct Flower { species: String, petal_length: f64 }
///
/// #[derive(Default)]
/// pub struct Params { test_ratio: f64 }
///
/// catalog! {
///     /// Everything that the pipelines read and write.
///     pub struct Catalog {
///         flowers: Csv<Flower> = "data/01_raw/flowers.csv",
///         semicolons: Csv<Flower> = Csv::new("data/01_raw/more.csv").delimiter(b';'),
///         model: Memory<f64>,
///         params: Params = Params { test_ratio: 0.2 },
///     }
/// }
///
/// let mut catalog = Catalog::default();
/// catalog.flowers = Csv::new("elsewhere/flowers.csv");
/// assert_eq!(catalog.params.test_ratio, 0.2);
/// ```
///
/// What stands after the type says what the field of `Catalog::default()` is: a location in quotes for a dataset that is made
/// [from a location](crate::dataset::FromLocation), any other expression as it is, and without either the type's own `Default`. Paths
/// are relative to the folder in which the program runs.
///
/// A field called `params` or `parameters` is no dataset but the parameters, a plain struct: `params:test_ratio` in a pipeline is
/// its field.
///
/// `#[cfg(…)]` can stand before a dataset, and before the struct: then it holds for all that belongs to it.
///
/// Fields are as visible as the struct, unless they say otherwise. The struct gets `Default` and [`Catalog`](crate::Catalog).
/// Beside it stands a hidden macro of the same name, by which pipelines know the fields; `use data::Catalog;` brings both.
///
/// # Limits
///
/// A catalog has no generic parameters. Where a glob import or an outer scope brings another catalog of the same name, rustc calls the
/// hidden macro ambiguous (E0659): give one of them another name, or import what you need by name. A macro of yours that writes the same
/// `pub` catalog into two modules needs a name for each.
#[macro_export]
macro_rules! catalog {
    ($($tokens:tt)*) => { $crate::__private::catalog! { [$crate] $($tokens)* } };
}

/// Declares a pipeline: nodes that are wired by the names of datasets, checked when it compiles.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// #[derive(Default)]
/// pub struct Params { ratio: f64 }
/// catalog! {
///     pub struct Catalog { text: Memory<String>, longest: Memory<usize>, params: Params = Params { ratio: 0.5 } }
/// }
///
/// // An item: a function that makes the pipeline, and a type of the same name with its DAG and its free outputs.
/// pipeline! {
///     /// Measures the words of a text.
///     pub words for Catalog {
///         node(lengths, [text] -> [lengths]),
///         node(|lengths: &[usize]| lengths.len(), [lengths] -> [n_words: usize]),
///         node(longest?, [lengths] -> [longest], name = "find_longest", tags = ["slow"]),
///         node(scaled, [n_words_again, params:ratio] -> [scaled: f64]),
///         node(count, [text] -> [n_words_again]),
///     }
/// }
///
/// fn lengths(text: &str) -> Vec<usize> { text.split(' ').map(str::len).collect() }
/// fn longest(lengths: &[usize]) -> Result<usize, &'static str> { lengths.iter().copied().max().ok_or("no words") }
/// fn count(text: &str) -> usize { text.split(' ').count() }
/// fn scaled(n: usize, ratio: f64) -> f64 { n as f64 * ratio }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let catalog = Catalog { text: Memory::new("plain words".to_owned()), ..Catalog::default() };
/// let outputs: words = SequentialRunner::new().run(&words(), &catalog)?;
/// assert_eq!((outputs.n_words, outputs.scaled), (2, 1.0));
///
/// // An expression, over the `Catalog` in scope.
/// let halve = pipeline! { node(|n: usize| n / 2, [longest] -> [half]) };
/// assert_eq!(SequentialRunner::new().run(&halve, &catalog)?.half, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Grammar
///
/// | form | what it is |
/// |---|---|
/// | `pipeline! { pub NAME for CATALOG { NODES } }` | an item, with attributes and documentation before it |
/// | `pipeline! { NODES }` | an expression over the catalog that is called `Catalog` here |
/// | `pipeline! { for CATALOG; NODES }` | an expression over this catalog |
/// | `pipeline!(< NODES >)` | the same, in angle brackets |
///
/// Nodes stand behind each other, separated by commas; their order does not matter, but where [nothing else
/// does](crate::Dag#order).
///
/// ```text
/// node(FUNCTION, [INPUTS] -> [OUTPUTS], name = "…", tags = ["…", …], retries = N, backoff = "…", timeout = "…")
/// ```
///
/// FUNCTION is a path, also with a turbofish, or a closure whose parameters have types. `?` behind it says that it returns a
/// `Result`, of any error that converts into a boxed one: `fit?`, `(|x: &str| x.parse::<u8>())?`. A closure that a variable
/// holds stands in parentheses, `(add)`; a name without them is that of an item, so rustc cannot find the variable (E0425, "not
/// accessible due to macro hygiene"). What a closure captures it must own, with `move`. The function's signature decides
/// how inputs are [passed](crate::pass): by reference, as a slice, by value.
///
/// INPUTS and OUTPUTS are names of datasets. One that the catalog declares is there; any other is in memory, from the node that
/// writes it to its last reader. `params:a.b` is an input: a field of the parameters; `params` is all of them. A function with
/// several outputs returns a tuple.
///
/// An output that the catalog does not declare and no node reads is a *free output*, which a run returns. An item needs its
/// type: `[n_words: usize]`. Other names in memory may have a type too.
///
/// # Options of a node
///
/// They stand behind the outputs, in any order, and each may be left out.
///
/// | option | what it says |
/// |---|---|
/// | `name = "…"` | what slices, errors and reports call it |
/// | `tags = ["…", …]` | by which slices find it |
/// | `retries = 3` | how many more times it is tried after a failure, at most |
/// | `backoff = "1s"` | how long it waits before the first of these, and twice as long before each other; without it, not at all |
/// | `timeout = "30s"` | how long it may take |
///
/// A time is a number, with decimals or without, and its unit: `ms`, `s`, `m` or `h`.
///
/// What is tried again is a node that returns an error or panics, whose inputs cannot be loaded or whose outputs cannot be saved,
/// or that takes too long; not one that a hook refuses. Each attempt loads and saves anew, and what an earlier one has saved is written over.
/// A node that may read again leaves its inputs in memory where they are, so what it takes by value is cloned for each attempt and must be
/// `Clone`. The wait ends when the run is cancelled, and then there is no further attempt; it blocks the thread that executes the node.
///
/// No runner in this process can end a function from outside. A node that took longer than its timeout has failed when it is done, with
/// [`Error::TimedOut`](crate::Error::TimedOut), and what it returned is not passed on, nor saved if its time is over by then. To end
/// earlier it may ask [`Cancellation::of_this_node`](crate::Cancellation::of_this_node), which is cancelled when its time is over. `ProcessRunner`
/// kills the worker process of one that does not end, soon after its time is over, and what that has started. Each attempt has the whole time.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { url: Memory<String> = Memory::new("example.org".to_owned()), page: Memory<String> } }
///
/// fn fetch(url: &str) -> Result<String, &'static str> {
///     static CALLS: AtomicU32 = AtomicU32::new(0);
///     if CALLS.fetch_add(1, Ordering::Relaxed) < 2 { Err("busy") } else { Ok(format!("the page of {url}")) }
/// }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let fetching = pipeline! { node(fetch?, [url] -> [page], retries = 3, backoff = "10ms", timeout = "30s") };
/// let catalog = Catalog::default();
/// SequentialRunner::new().run(&fetching, &catalog)?;
/// assert_eq!(catalog.page.load()?, "the page of example.org".to_owned());
/// # Ok(())
/// # }
/// ```
///
/// # Attributes
///
/// Before an item stand attributes as before a function. `#[derive(…)]` is for the struct of its free outputs, and `#[cfg(…)]` holds for all
/// that belongs to it. `#[portable]` promises that values of the pipeline can leave the process, for `ProcessRunner`; what cannot is an
/// error. Before a node stand documentation and `#[cfg(…)]`: a node whose condition does not hold is not there, and neither
/// are its outputs.
///
/// ```
/// # use pipeline_core::prelude::*;
/// # catalog! { struct Catalog { text: Memory<String> = Memory::new("plain words".to_owned()), letters: Memory<usize> } }
/// pipeline! {
///     letters for Catalog {
///         #[cfg(feature = "unicode")]
///         node(|text: &str| text.chars().count(), [text] -> [letters]),
///         #[cfg(not(feature = "unicode"))]
///         node(str::len, [text] -> [letters]),
///     }
/// }
/// # assert_eq!(letters::DAG.len(), 1);
/// ```
#[macro_export]
macro_rules! pipeline {
    ($($tokens:tt)*) => { $crate::no_such_catalog_is_in_scope::declare_one_with_catalog_or_import_it! { [$crate] $($tokens)* } };
}

/// Registers pipelines by name: writes a function that returns [`Pipelines`](crate::Pipelines).
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { pub struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, C: Memory<i32> } }
///
/// mod doubling {
///     use super::*;
///     pipeline! { pub pipeline for Catalog { node(|a: i32| 2 * a, [A] -> [B]) } }
/// }
///
/// fn identity<T>(value: T) -> T { value }
///
/// pipelines! {
///     /// What `run --pipeline NAME` finds.
///     pub fn pipelines() for Catalog {
///         doubling = doubling::pipeline(),
///         copying = pipeline!< node(identity, [B] -> [C]) >,
///         __default__ = doubling + copying,
///     }
/// }
///
/// # fn main() {
/// assert!(pipelines().names().eq(["doubling", "copying", "__default__"]));
/// # }
/// ```
///
/// An entry is a sum of one or more terms: the name of an earlier entry, a call of a pipeline that is declared elsewhere, or a
/// pipeline written out, `pipeline!< … >`. Pipelines of a sum meet in the datasets of the catalog that both name. Documentation and
/// `#[cfg(…)]` can stand before an entry. `#[portable]` before the function demands of all its pipelines that their values can leave the
/// process, so that `ProcessRunner` can run them; one that is declared elsewhere says `#[portable]` itself.
#[macro_export]
macro_rules! pipelines {
    ($($tokens:tt)*) => { $crate::no_such_catalog_is_in_scope::declare_it_with_catalog_or_import_it! { [$crate] $($tokens)* } };
}
