//! From what a node's function returns to the datasets that it names, and from the free outputs to what a run returns.
//!
//! A function returns its one output, or a tuple with a part for each, or `()` for none ([`HasParts`]); if the node marks it with
//! `?`, a `Result` of that ([`IsAResultOf`]). Each output has the type that its dataset holds ([`CanHold`]), and one in
//! memory can be used by any thread ([`CanBeShared`]).

use crate::body::Generic;
use crate::{BoxError, Dag};

/// What a run returns. `pipeline!` implements it for the struct of a pipeline's free outputs; `()` has none, and a sum has a pair.
pub trait Outputs: Sized {
    /// The same, each field an `Option`: what a run that left nodes out has to return.
    type Partial;

    /// The static DAG of the item that has these outputs: each item has its own type for them.
    #[doc(hidden)]
    const DAG: Option<&'static Dag> = None;

    /// Whether that item is `#[portable]`.
    #[doc(hidden)]
    const IS_PORTABLE: bool = false;
}

impl Outputs for () {
    type Partial = ();
}

impl<A: Outputs, B: Outputs> Outputs for (A, B) {
    type Partial = (A::Partial, B::Partial);
}

/// A value can pass from node to node, which may run on different threads.
#[diagnostic::on_unimplemented(
    message = "this dataset holds `{Self}`, which cannot be shared between threads",
    label = "`{Self}` is not `Send + Sync + 'static`",
    note = "nodes may run on different threads: use `Arc` for `Rc`, `Mutex` for `RefCell`, and owned data for borrowed"
)]
pub trait CanBeShared: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> CanBeShared for T {}

/// An input gives the type of its dataset, `Self`, which holds `T` as its writer says: if that is a `Self`.
///
/// The type that is given comes first, so a writer whose result is generic learns it from there.
#[diagnostic::on_unimplemented(
    message = "this input is to hold `{Self}`, but the node that writes it returns `{T}`",
    label = "the dataset holds `{T}`",
    note = "leave out `: {Self}`, or have the function that writes the dataset return it; one that returns a `Result` is marked with `?`"
)]
pub trait IsTheTypeOf<T>: Sized {
    /// The proof: whatever is said of `T` is said of `Self`. It says nothing of what `G` is, so no type but `T` itself has an implementation
    /// that returns, and no other type gets the keys of a `T`.
    #[doc(hidden)]
    fn same<G: Generic>(of_t: G::Of<T>) -> G::Of<Self>;
}

#[diagnostic::do_not_recommend]
impl<T> IsTheTypeOf<T> for T {
    #[inline]
    fn same<G: Generic>(of_t: G::Of<T>) -> G::Of<T> {
        of_t
    }
}

/// A dataset that holds `Self` takes a result of type `V`: if that is a `Self`.
///
/// The dataset's type comes first, so a function whose result is generic, as that of `collect` is, learns it from the dataset.
#[diagnostic::on_unimplemented(
    message = "the function returns `{V}`, but this dataset holds `{Self}`",
    label = "holds `{Self}`, the function returns `{V}`",
    note = "a function that returns a `Result` is marked with `?`, as in `node(load?, …)`; one that returns a tuple has a name for each part"
)]
pub trait CanHold<V> {
    /// The value itself.
    #[doc(hidden)]
    fn hold(value: V) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> CanHold<T> for T {
    fn hold(value: T) -> T {
        value
    }
}

/// What a function that is marked with `?` returns: a `Result` with a value of type `T`, and an error that converts into a boxed one.
#[diagnostic::on_unimplemented(
    message = "the function is marked with `?`, but `{Self}` is not a `Result` whose error can be passed on",
    label = "the function returns `{Self}`",
    note = "remove `?` if it returns no `Result`; an error can be passed on if it implements `std::error::Error`, and so can a `String` or `&str`"
)]
pub trait IsAResultOf<T> {
    /// The `Result` with its error boxed.
    ///
    /// # Errors
    ///
    /// Fails if the function did.
    #[doc(hidden)]
    fn into_result(self) -> Result<T, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<BoxError>> IsAResultOf<T> for Result<T, E> {
    fn into_result(self) -> Result<T, BoxError> {
        self.map_err(Into::into)
    }
}

/// A dataset whose type nobody wrote should not hold a `Result`: then nothing would handle its error. No `Result` implements this.
#[diagnostic::on_unimplemented(
    message = "this dataset holds `{Self}`, and nothing handles its error",
    label = "holds `{Self}`",
    note = "mark the function with `?`, as in `node(load?, …)`; to keep the `Result`, give the dataset its type, `name: Result<…>`"
)]
pub trait IsHandled {}

/// What a function of `N` outputs returns, unless that is one: a tuple of so many parts, which is `T`.
#[diagnostic::on_unimplemented(
    message = "the function returns `{Self}`, but the node names {N} outputs",
    label = "{N} outputs",
    note = "a function returns a tuple with a part for each output, or `()` for none; one that returns a `Result` is marked with `?`, as in `node(load?, …)`"
)]
pub trait HasParts<const N: usize, T> {
    /// The tuple itself.
    #[doc(hidden)]
    fn into_parts(self) -> T;
}

/// Tuples of more parts are not checked by this trait but by rustc alone, in words that are less clear.
macro_rules! has_parts {
    ($($N:literal: $($Part:ident)*;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($Part),*> HasParts<$N, ($($Part,)*)> for ($($Part,)*) {
            fn into_parts(self) -> Self {
                self
            }
        }
    )+};
}

has_parts! {
    0: ;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
}
