//! How a value of a dataset becomes an argument of a node's function: by the function's own signature.
//!
//! A dataset that holds `T` can be passed as `&T` and as `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as
//! `&Path`, and what a `Box` or an `Arc` holds by reference. Nobody marks which: rustc picks the implementation of
//! [`CanBePassedAs`] from the parameter's type. By value, a value in memory moves to its last reader; readers before the last
//! get a clone, and so does each attempt of a node that has retries.

use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::slot::Lease;

/// A value of type `Self` can be the argument for a parameter of type `P`.
///
/// No implementation is recommended where none fits, and none stands on another: else rustc would not show where the dataset gets its
/// type, which is the place of the call that needs this.
#[diagnostic::on_unimplemented(
    message = "this input holds `{Self}`, but the function takes `{P}`",
    label = "holds `{Self}`, the function takes `{P}`",
    note = "where it says `required by a bound introduced by this call`, the dataset gets its type: at the node that writes it, or in the catalog",
    note = "an input that holds `T` can be passed as `&T` or `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as `&Path`",
    note = "a node does not change its inputs: a function that takes `&mut T` is to take `T`, and to return the new value",
    note = "if it holds a `Result` or a tuple, see the node that writes it: `?` behind its function unwraps a `Result`, and each part of a tuple has a name"
)]
pub trait CanBePassedAs<'a, P>: Sized {
    /// What must be cloned if the value is kept for others: what is passed by value.
    #[doc(hidden)]
    type Kept;

    /// Passes a value that the node owns.
    #[doc(hidden)]
    fn give(owned: &'a mut Option<Self>) -> P;

    /// Passes a value that is kept for others, with a way to clone what is passed by value.
    #[doc(hidden)]
    fn lend(kept: &'a Self, clone: impl FnOnce(&Self::Kept) -> Self::Kept) -> P;
}

#[diagnostic::do_not_recommend]
impl<T> CanBePassedAs<'_, T> for T {
    type Kept = T;

    #[inline]
    fn give(owned: &mut Option<T>) -> T {
        owned.take().expect(PASSED_ONCE)
    }

    #[inline]
    fn lend(kept: &T, clone: impl FnOnce(&T) -> T) -> T {
        clone(kept)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T> CanBePassedAs<'a, &'a T> for T {
    type Kept = ();

    #[inline]
    fn give(owned: &'a mut Option<T>) -> &'a T {
        owned.as_ref().expect(PASSED_ONCE)
    }

    #[inline]
    fn lend(kept: &'a T, _: impl FnOnce(&())) -> &'a T {
        kept
    }
}

/// Each line: a type, and what else it can be passed as a reference to.
macro_rules! can_be_passed_by_reference {
    ($([$($generics:tt)*] $holds:ty => $passed:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a, $($generics)*> CanBePassedAs<'a, &'a $passed> for $holds {
            type Kept = ();

            #[inline]
            fn give(owned: &'a mut Option<$holds>) -> &'a $passed {
                owned.as_ref().expect(PASSED_ONCE)
            }

            #[inline]
            fn lend(kept: &'a $holds, _: impl FnOnce(&())) -> &'a $passed {
                kept
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, $($generics)*> CanBePassedAs<'a, Nothing> for $holds {
            type Kept = ();

            #[inline]
            fn give(_: &'a mut Option<$holds>) -> Nothing {
                unreachable!("no parameter has this type")
            }

            #[inline]
            fn lend(_: &'a $holds, _: impl FnOnce(&())) -> Nothing {
                unreachable!("no parameter has this type")
            }
        }
    )+};
}

/// What no parameter takes. Where a type has one more implementation of [`CanBePassedAs`], rustc shows it beside any mistake, also if it is
/// not recommended; of two more it shows none.
enum Nothing {}

can_be_passed_by_reference! {
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

/// An input of a node, whoever keeps it.
#[doc(hidden)]
pub trait Input {
    /// What the dataset holds.
    type Value;
    /// What it is passed as: the argument, or one that has to be shared first.
    type Argument<'a, P>
    where
        Self: 'a;

    fn pass<'a, P, K>(&'a mut self) -> Self::Argument<'a, P>
    where
        Self::Value: CanBePassedAs<'a, P, Kept = K>,
        Self: CanGive<K>;
}

/// An input that hooks may look at.
#[doc(hidden)]
pub trait Held {
    /// The value.
    fn held(&self) -> &dyn Any;
}

/// An input whose keeper can give an argument of type `P`: one that keeps it for others only if that is `Clone`, as a reference always is.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the function takes `{P}` by value, the catalog keeps the dataset, and `{P}` is not `Clone`",
    label = "`{P}` cannot be cloned for this node",
    note = "take it by reference, `&{P}`, or derive `Clone`"
)]
pub trait CanGive<P> {
    /// Clones what it keeps for others.
    #[must_use]
    fn clone_for_one(_: &P) -> P {
        unreachable!("what a node owns is given, not cloned")
    }
}

/// An input that the node owns.
#[doc(hidden)]
#[derive(Debug)]
pub struct Owned<T>(Option<T>);

impl<T> Owned<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Stands for an input that nobody looks at.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// Asks how a function of one parameter takes it.
    #[inline]
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, T> {
        ask::Ask::new()
    }
}

impl<T> Input for Owned<T> {
    type Value = T;
    type Argument<'a, P>
        = P
    where
        T: 'a;

    #[inline]
    fn pass<'a, P, K>(&'a mut self) -> P
    where
        T: CanBePassedAs<'a, P, Kept = K>,
    {
        CanBePassedAs::give(&mut self.0)
    }
}

impl<T, P> CanGive<P> for Owned<T> {}

impl<T: 'static> Held for Owned<T> {
    fn held(&self) -> &dyn Any {
        self.0.as_ref().expect(PASSED_ONCE)
    }
}

/// An input that the catalog keeps: behind an `Arc`, or a part of it as parameters are.
#[doc(hidden)]
#[derive(Debug)]
pub struct KeptByTheCatalog<K>(Option<K>);

impl<K: Deref<Target: Sized>> KeptByTheCatalog<K> {
    pub(crate) fn new(keeper: K) -> Self {
        Self(Some(keeper))
    }

    /// Stands for an input that nobody looks at.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    fn kept(&self) -> &K::Target {
        self.0.as_deref().expect(PASSED_ONCE)
    }

    /// As [`Owned::ask`].
    #[inline]
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, K::Target> {
        ask::Ask::new()
    }
}

impl<K: Deref<Target: Sized>> Input for KeptByTheCatalog<K> {
    type Value = K::Target;
    type Argument<'a, P>
        = P
    where
        K: 'a;

    fn pass<'a, P, V>(&'a mut self) -> P
    where
        K::Target: CanBePassedAs<'a, P, Kept = V>,
        Self: CanGive<V>,
    {
        CanBePassedAs::lend(self.kept(), Self::clone_for_one)
    }
}

#[diagnostic::do_not_recommend]
impl<K, P: Clone> CanGive<P> for KeptByTheCatalog<K> {
    fn clone_for_one(kept: &P) -> P {
        kept.clone()
    }
}

impl<K: Deref<Target: Sized + 'static>> Held for KeptByTheCatalog<K> {
    fn held(&self) -> &dyn Any {
        self.kept()
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
    #[inline]
    pub(crate) fn lease(lease: Lease<'s, T>) -> Self {
        Self(ManuallyDrop::new(Loan::Lease(lease)))
    }

    #[inline]
    pub(crate) fn last(value: T) -> Self {
        Self(ManuallyDrop::new(Loan::Last(Some(value))))
    }

    /// Stands for an input that nobody looks at.
    pub(crate) fn nothing() -> Self {
        Self(ManuallyDrop::new(Loan::Last(None)))
    }
}

impl<T> Lent<'_, T> {
    /// As [`Owned::ask`].
    #[inline]
    pub fn ask<F>(&mut self, _: &F) -> ask::Ask<F, T> {
        ask::Ask::new()
    }
}

impl<'s, T> Input for Lent<'s, T> {
    type Value = T;
    type Argument<'a, P>
        = Shared<'a, 's, T, P>
    where
        Self: 'a;

    #[inline]
    fn pass<'a, P, K>(&'a mut self) -> Shared<'a, 's, T, P>
    where
        T: CanBePassedAs<'a, P, Kept = K>,
    {
        Shared { lent: self, argument: PhantomData }
    }
}

impl<T, P> CanGive<P> for Lent<'_, T> {}

impl<T: 'static> Held for Lent<'_, T> {
    fn held(&self) -> &dyn Any {
        match &*self.0 {
            Loan::Lease(lease) => &**lease,
            Loan::Last(value) => value.as_ref().expect(PASSED_ONCE),
        }
    }
}

/// The argument that a [`Lent`] input becomes, by value only if that is `Clone`.
#[doc(hidden)]
pub struct Shared<'a, 's, T, P> {
    lent: &'a mut Lent<'s, T>,
    argument: PhantomData<fn() -> P>,
}

impl<'a, P, T: CanBePassedAs<'a, P, Kept: Clone>> Shared<'a, '_, T, P> {
    #[inline]
    pub(crate) fn get(self) -> P {
        match &mut *self.lent.0 {
            Loan::Lease(lease) => CanBePassedAs::lend(&**lease, Clone::clone),
            Loan::Last(value) => give_last(value),
        }
    }
}

/// Out of line: it is the smaller part of all readers, and of many types there is never a last one.
#[inline(never)]
fn give_last<'a, P, T: CanBePassedAs<'a, P>>(value: &'a mut Option<T>) -> P {
    CanBePassedAs::give(value)
}

impl<T, P> fmt::Debug for Shared<'_, '_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<T> Drop for Lent<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            self.end();
        }
    }
}

impl<T> Lent<'_, T> {
    /// Drops the loan out of line: rustc puts what it drops by itself into every node that reads.
    #[inline(never)]
    fn end(&mut self) {
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
