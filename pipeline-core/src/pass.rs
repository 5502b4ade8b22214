//! How a value of a dataset becomes an argument of a node's function: by the function's own signature.
//!
//! A dataset that holds `T` can be passed as `&T` and as `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as
//! `&Path`, and what a `Box` or an `Arc` holds by reference. Nobody marks which: rustc picks the implementation of
//! [`CanBePassedAs`] from the parameter's type. By value, a value in memory moves to its last reader; readers before the last
//! get a clone.

use std::ffi::{OsStr, OsString};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::slot::Lease;

/// A value of type `Self` can be the argument for a parameter of type `P`.
#[diagnostic::on_unimplemented(
    message = "this dataset holds `{Self}`, but the function takes `{P}`",
    label = "holds `{Self}`, the function takes `{P}`",
    note = "a dataset that holds `T` can be passed as `&T` or `T`; a `Vec<T>` also as `&[T]`, a `String` as `&str`, a `PathBuf` as `&Path`"
)]
pub trait CanBePassedAs<'a, P>: Sized {
    /// Passes the value on.
    #[doc(hidden)]
    fn pass<M: CanGive<P>>(held: &'a mut Held<'_, Self>) -> P;
}

#[diagnostic::do_not_recommend]
impl<'a, T> CanBePassedAs<'a, T> for T {
    fn pass<M: CanGive<T>>(held: &'a mut Held<'_, T>) -> T {
        M::give(held)
    }
}

/// Each line: a type, and the type behind the reference that it can be passed as too.
macro_rules! can_be_passed_by_reference {
    ($(<$($T:ident),*> $holds:ty => $passed:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a, $($T),*> CanBePassedAs<'a, &'a $passed> for $holds {
            fn pass<M: CanGive<&'a $passed>>(held: &'a mut Held<'_, Self>) -> &'a $passed {
                held.lend()
            }
        }
    )+};
}

can_be_passed_by_reference! {
    <T> T => T;
    <T> Vec<T> => [T];
    <T> Box<T> => T;
    <T> Arc<T> => T;
    <> String => str;
    <> Box<str> => str;
    <> Arc<str> => str;
    <> PathBuf => Path;
    <> OsString => OsStr;
}

#[diagnostic::do_not_recommend]
impl<'a, T, const N: usize> CanBePassedAs<'a, &'a [T]> for [T; N] {
    fn pass<M: CanGive<&'a [T]>>(held: &'a mut Held<'_, Self>) -> &'a [T] {
        held.lend()
    }
}

/// Who else reads a dataset: [`Sole`] or [`Several`].
#[doc(hidden)]
pub trait Mode {}

/// The node is the only reader of the value, so it may have it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Sole;

/// Others read the value too, or the catalog keeps it, so by value the node gets a clone unless it is the last.
#[doc(hidden)]
#[derive(Debug)]
pub struct Several;

impl Mode for Sole {}
impl Mode for Several {}

/// A reader of this mode can be given an argument of type `P`: always if it is the only reader, else if `P` can be cloned, as
/// references can.
#[diagnostic::on_unimplemented(
    message = "this dataset is kept for others, but the function takes it by value and `{P}` is not `Clone`",
    label = "`{P}` cannot be cloned for this node",
    note = "other nodes read the dataset too, or the catalog keeps it: take it by reference, `&{P}`, or derive `Clone`"
)]
#[doc(hidden)]
pub trait CanGive<P>: Mode {
    fn give(held: &mut Held<'_, P>) -> P;
}

impl<P> CanGive<P> for Sole {
    fn give(held: &mut Held<'_, P>) -> P {
        match held {
            Held::Owned(value) => take(value),
            Held::Lent(_) | Held::Shared(_) | Held::Borrowed(_) => unreachable!("a sole reader owns its value"),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<P: Clone> CanGive<P> for Several {
    fn give(held: &mut Held<'_, P>) -> P {
        match held {
            Held::Owned(value) => take(value),
            kept => kept.lend().clone(),
        }
    }
}

/// Each input is passed once, so the value is still there.
fn take<T>(value: &mut Option<T>) -> T {
    value.take().expect("an input is passed once")
}

/// A value while a node uses it.
#[doc(hidden)]
#[derive(Debug)]
pub enum Held<'s, T> {
    /// The node has it, and drops it in the end.
    Owned(Option<T>),
    /// A slot keeps it for other readers.
    Lent(Lease<'s, T>),
    /// A dataset of the catalog keeps it.
    Shared(Arc<T>),
    /// It is a part of the catalog itself, as parameters are.
    Borrowed(&'s T),
}

impl<T> Held<'_, T> {
    fn lend(&self) -> &T {
        match self {
            Held::Owned(value) => value.as_ref().expect("an input is passed once"),
            Held::Lent(lease) => lease,
            Held::Shared(value) => value,
            Held::Borrowed(value) => value,
        }
    }
}

/// An input of a node: the value, and who else reads it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Input<'s, T, M> {
    held: Held<'s, T>,
    mode: PhantomData<M>,
}

impl<'s, T, M> Input<'s, T, M> {
    pub(crate) fn new(held: Held<'s, T>) -> Self {
        Self { held, mode: PhantomData }
    }

    /// Passes it to a parameter whose type is known from the function.
    pub fn pass<'a, P>(&'a mut self) -> P
    where
        T: CanBePassedAs<'a, P>,
        M: CanGive<P>,
    {
        T::pass::<M>(&mut self.held)
    }

    /// Asks how a function of one parameter takes it.
    pub fn ask<F>(&self, _: &F) -> ask::Ask<F, T> {
        ask::Ask::new()
    }
}

pub mod ask {
    //! How the one argument of a function is passed if its parameter may be generic.
    //!
    //! `fn identity<T>(x: T) -> T` takes anything, so its signature does not tell. Method probing does: the first of "takes `T`",
    //! "takes `&T`", and "takes something that [`CanBePassedAs`] knows" that fits is chosen, by autoref. (The technique is David
    //! Tolnay's, from the case study on autoref specialization.)

    use super::{CanBePassedAs, CanGive, Input};
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
        /// Passes the input by value.
        fn pass<M: CanGive<T>>(&self, input: &mut Input<'_, T, M>) -> T {
            input.pass()
        }
    }
    impl<F: FnOnce(T) -> R, T, R> TakesValue<T, R> for &&Ask<F, T> {}

    /// The function takes `&T`.
    pub trait TakesReference<T, R> {
        /// Passes the input by reference.
        fn pass<'a, M: CanGive<&'a T>>(&self, input: &'a mut Input<'_, T, M>) -> &'a T {
            input.pass()
        }
    }
    impl<F: for<'x> FnOnce(&'x T) -> R, T, R> TakesReference<T, R> for &Ask<F, T> {}

    /// The function's parameter has a type that is known without asking.
    pub trait TakesAsDeclared<T> {
        /// Passes the input as the parameter's type says.
        fn pass<'a, P, M: CanGive<P>>(&self, input: &'a mut Input<'_, T, M>) -> P
        where
            T: CanBePassedAs<'a, P>,
        {
            input.pass()
        }
    }
    impl<F, T> TakesAsDeclared<T> for Ask<F, T> {}
}
