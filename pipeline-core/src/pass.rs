//! How a value of a dataset becomes an argument of a node's function: by the function's own signature.
//!
//! A dataset that holds `T` can be passed as `&T` and as `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as
//! `&Path`, and what a `Box` or an `Arc` holds by reference. Nobody marks which: rustc picks the implementation of
//! [`CanBePassedAs`] from the parameter's type. By value, a value in memory moves to its last reader; readers before the last
//! get a clone.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::slot::Lease;

/// A value of type `Self` can be the argument for a parameter of type `P`.
#[diagnostic::on_unimplemented(
    message = "this input holds `{Self}`, but the function takes `{P}`",
    label = "holds `{Self}`, the function takes `{P}`",
    note = "an input that holds `T` can be passed as `&T` or `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as `&Path`",
    note = "a node does not change its inputs: a function that takes `&mut T` is to take `T`, and to return the new value",
    note = "if it holds a `Result` or a tuple, see the node that writes it: `?` behind its function unwraps a `Result`, and each part of a tuple has a name"
)]
pub trait CanBePassedAs<'a, P>: Sized {
    /// What must be cloned if the value is kept for others.
    #[doc(hidden)]
    type Kept;

    /// Passes a value that the node owns.
    #[doc(hidden)]
    fn give(owned: &'a mut Option<Self>) -> P;

    /// Passes a value that is kept for others.
    #[doc(hidden)]
    fn lend(kept: &'a Self) -> P
    where
        Self::Kept: CanBeCloned;
}

/// A value that is kept for others can be passed as `Self`: a reference always, a value if it is `Clone`.
#[diagnostic::on_unimplemented(
    message = "the function takes this dataset by value, others need it too, and `{Self}` is not `Clone`",
    label = "`{Self}` cannot be cloned for this node",
    note = "other nodes read the dataset, or the catalog keeps it: take it by reference, `&{Self}`, or derive `Clone`"
)]
pub trait CanBeCloned: Sized {
    /// As `Clone`.
    #[doc(hidden)]
    #[must_use]
    fn cloned(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> CanBeCloned for T {
    fn cloned(&self) -> Self {
        self.clone()
    }
}

/// The one implementation, so that rustc has no other to recommend where it does not fit. The ways are those of [`TakenFrom`].
#[diagnostic::do_not_recommend]
impl<'a, T, P: TakenFrom<'a, T>> CanBePassedAs<'a, P> for T {
    type Kept = P::Kept;

    fn give(owned: &'a mut Option<T>) -> P {
        P::give(owned)
    }

    fn lend(kept: &'a T) -> P
    where
        P::Kept: CanBeCloned,
    {
        P::lend(kept)
    }
}

/// The parameter's side of [`CanBePassedAs`]: an argument of type `Self` can be taken from a `T`. What it says is the same: rustc comes to
/// this one by [`CanBePassedAs::Kept`].
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this input holds `{T}`, but the function takes `{Self}`",
    label = "holds `{T}`, the function takes `{Self}`",
    note = "an input that holds `T` can be passed as `&T` or `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as `&Path`",
    note = "a node does not change its inputs: a function that takes `&mut T` is to take `T`, and to return the new value",
    note = "if it holds a `Result` or a tuple, see the node that writes it: `?` behind its function unwraps a `Result`, and each part of a tuple has a name"
)]
pub trait TakenFrom<'a, T>: Sized {
    /// What must be cloned if the value is kept for others.
    type Kept;

    fn give(owned: &'a mut Option<T>) -> Self;
    fn lend(kept: &'a T) -> Self
    where
        Self::Kept: CanBeCloned;
}

impl<T> TakenFrom<'_, T> for T {
    type Kept = T;

    fn give(owned: &mut Option<T>) -> T {
        owned.take().expect(PASSED_ONCE)
    }

    fn lend(kept: &T) -> T
    where
        T: CanBeCloned,
    {
        kept.cloned()
    }
}

/// Each line: a type, and what it can be passed as a reference to.
macro_rules! can_be_passed_by_reference {
    ($([$($generics:tt)*] $holds:ty => $passed:ty;)+) => {$(
        impl<'a, $($generics)*> TakenFrom<'a, $holds> for &'a $passed {
            type Kept = Self;

            fn give(owned: &'a mut Option<$holds>) -> Self {
                owned.as_ref().expect(PASSED_ONCE)
            }

            fn lend(kept: &'a $holds) -> Self {
                kept
            }
        }
    )+};
}

can_be_passed_by_reference! {
    [T] T => T;
    [T] Vec<T> => [T];
    [T, const N: usize] [T; N] => [T];
    [T: ?Sized] Box<T> => T;
    [T: ?Sized] Arc<T> => T;
    [] String => str;
    [] PathBuf => Path;
    [] OsString => OsStr;
}

/// Why an owned value is there when it is passed.
const PASSED_ONCE: &str = "an input is passed once";

// The methods of inputs take `&mut self`, and expansions have `&mut` of an input: so they come before methods of the same name that a
// user's trait gives to all types.

/// An input that the node owns.
#[doc(hidden)]
#[derive(Debug)]
pub struct Owned<T>(Option<T>);

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Passes it to a parameter whose type is known from the function.
    pub fn pass<'a, P>(&'a mut self) -> P
    where
        T: CanBePassedAs<'a, P>,
    {
        CanBePassedAs::give(&mut self.0)
    }

    /// Asks how a function of one parameter takes it.
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, T> {
        ask::Ask::new()
    }
}

/// An input that the catalog keeps: behind an `Arc`, or a part of it as parameters are.
#[doc(hidden)]
#[derive(Debug)]
pub struct Kept<K>(K);

impl<K: Deref<Target: Sized>> Kept<K> {
    pub(crate) fn new(keeper: K) -> Self {
        Self(keeper)
    }

    /// As [`Owned::pass`].
    pub fn pass<'a, P>(&'a mut self) -> P
    where
        K::Target: CanBePassedAs<'a, P, Kept: CanBeCloned>,
    {
        CanBePassedAs::lend(&*self.0)
    }

    /// As [`Owned::ask`].
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, K::Target> {
        ask::Ask::new()
    }
}

/// An input that other nodes read too. Only the last reader owns it.
#[doc(hidden)]
pub struct Lent<'s, T>(ManuallyDrop<Loan<'s, T>>);

enum Loan<'s, T> {
    /// Others may still read it.
    Lease(Lease<'s, T>),
    /// All others are done.
    Last(Option<T>),
}

impl<'s, T> Lent<'s, T> {
    pub(crate) fn lease(lease: Lease<'s, T>) -> Self {
        Self(ManuallyDrop::new(Loan::Lease(lease)))
    }

    pub(crate) fn last(value: T) -> Self {
        Self(ManuallyDrop::new(Loan::Last(Some(value))))
    }
}

impl<T> Lent<'_, T> {
    /// As [`Owned::pass`].
    #[inline(never)]
    pub fn pass<'a, P>(&'a mut self) -> P
    where
        T: CanBePassedAs<'a, P, Kept: CanBeCloned>,
    {
        match &mut *self.0 {
            Loan::Lease(lease) => CanBePassedAs::lend(&**lease),
            Loan::Last(value) => CanBePassedAs::give(value),
        }
    }

    /// As [`Owned::ask`].
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, T> {
        ask::Ask::new()
    }
}

impl<T> Drop for Lent<'_, T> {
    /// Drops the loan out of line: rustc puts what it drops by itself into every node that reads.
    #[inline(never)]
    fn drop(&mut self) {
        drop(ManuallyDrop::into_inner(mem::replace(&mut self.0, ManuallyDrop::new(Loan::Last(None)))));
    }
}

impl<T> fmt::Debug for Lent<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}

pub mod ask {
    //! How the one argument of a function is passed if its parameter may be generic.
    //!
    //! `fn identity<T>(x: T) -> T` takes anything, so its signature does not tell. Method probing does: the first of "takes `T`",
    //! "takes `&T`", and "takes what its signature says" that fits is chosen, by autoref. (The technique is David Tolnay's,
    //! from the case study on autoref specialization.)

    use std::marker::PhantomData;

    /// A function of type `F` and a dataset that holds `T`.
    #[derive(Debug)]
    pub struct Ask<F, T>(PhantomData<(F, T)>);

    impl<F, T> Ask<F, T> {
        pub(super) fn new() -> Self {
            Self(PhantomData)
        }
    }

    /// The function takes `T`.
    pub trait TakesValue<T, R> {
        /// Passes the argument on, which makes its type `T`.
        fn takes(&self, argument: T) -> T {
            argument
        }
    }
    impl<F: FnOnce(T) -> R, T, R> TakesValue<T, R> for &&Ask<F, T> {}

    /// The function takes `&T`.
    pub trait TakesReference<T, R> {
        /// Passes the argument on, which makes its type `&T`.
        fn takes<'a>(&self, argument: &'a T) -> &'a T {
            argument
        }
    }
    impl<F: for<'x> FnOnce(&'x T) -> R, T, R> TakesReference<T, R> for &Ask<F, T> {}

    /// The function's signature says what it takes.
    pub trait TakesAsDeclared {
        /// Passes the argument on.
        fn takes<P>(&self, argument: P) -> P {
            argument
        }
    }
    impl<F, T> TakesAsDeclared for Ask<F, T> {}
}
