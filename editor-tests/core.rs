//! As much of the standard library as the fixture needs, for rust-analyzer: its real sources are a component that need not be installed,
//! and this says the same everywhere. Nothing compiles this.

#![feature(auto_traits, coerce_unsized, decl_macro, fundamental, lang_items, never_type, no_core, prelude_import, rustc_attrs, unboxed_closures, unsize)]
#![no_core]

pub mod marker {
    #[lang = "pointee_sized"]
    pub trait PointeeSized {}
    #[lang = "meta_sized"]
    pub trait MetaSized: PointeeSized {}
    #[lang = "sized"]
    pub trait Sized: MetaSized {}
    #[lang = "copy"]
    pub trait Copy: Clone {}
    #[lang = "unsize"]
    pub trait Unsize<T: ?Sized> {}
    pub unsafe auto trait Send {}
    #[lang = "sync"]
    pub unsafe auto trait Sync {}
    #[lang = "unpin"]
    pub auto trait Unpin {}
    #[lang = "tuple_trait"]
    pub trait Tuple {}
    #[lang = "phantom_data"]
    pub struct PhantomData<T: ?Sized>;
    impl<T: ?Sized> Copy for &T {}
}

pub mod clone {
    #[lang = "clone"]
    pub trait Clone: Sized {
        fn clone(&self) -> Self;
    }
}

pub mod default {
    pub trait Default: Sized {
        fn default() -> Self;
    }
    impl Default for f64 {
        fn default() -> f64 {
            0.0
        }
    }
    impl Default for u32 {
        fn default() -> u32 {
            0
        }
    }
    #[rustc_builtin_macro]
    pub macro Default($item:item) {}
}

pub mod convert {
    pub enum Infallible {}
    pub trait From<T>: Sized {
        fn from(value: T) -> Self;
    }
    pub trait Into<T>: Sized {
        fn into(self) -> T;
    }
    impl<T, U: From<T>> Into<U> for T {
        fn into(self) -> U {
            loop {}
        }
    }
    impl<T> From<T> for T {
        fn from(value: T) -> T {
            value
        }
    }
    impl<T> From<!> for T {
        fn from(value: !) -> T {
            value
        }
    }
    impl<'a> From<&'a str> for crate::boxed::Box<dyn crate::error::Error + Send + Sync> {
        fn from(value: &'a str) -> Self {
            loop {}
        }
    }
}

pub mod error {
    pub trait Error {}
}

pub mod fmt {
    pub struct Formatter<'a>(&'a ());
    pub struct Error;
    pub type Result = crate::result::Result<(), Error>;
    #[lang = "Debug"]
    pub trait Debug {
        fn fmt(&self, f: &mut Formatter<'_>) -> Result;
    }
    #[rustc_builtin_macro]
    pub macro Debug($item:item) {}
}

pub mod mem {
    pub fn drop<T>(value: T) {}
}

pub mod ops {
    #[lang = "deref"]
    pub trait Deref {
        #[lang = "deref_target"]
        type Target: ?Sized;
        fn deref(&self) -> &Self::Target;
    }
    impl<T: ?Sized> Deref for &T {
        type Target = T;
        fn deref(&self) -> &T {
            loop {}
        }
    }
    impl<T: ?Sized> Deref for &mut T {
        type Target = T;
        fn deref(&self) -> &T {
            loop {}
        }
    }
    #[lang = "drop"]
    pub trait Drop {
        fn drop(&mut self);
    }
    #[lang = "coerce_unsized"]
    pub trait CoerceUnsized<T: ?Sized> {}
    impl<'a, 'b: 'a, T: ?Sized + crate::marker::Unsize<U>, U: ?Sized> CoerceUnsized<&'a U> for &'b T {}
    #[lang = "fn_once"]
    #[fundamental]
    pub trait FnOnce<Args: crate::marker::Tuple> {
        #[lang = "fn_once_output"]
        type Output;
        extern "rust-call" fn call_once(self, args: Args) -> Self::Output;
    }
    #[lang = "fn_mut"]
    #[fundamental]
    pub trait FnMut<Args: crate::marker::Tuple>: FnOnce<Args> {
        extern "rust-call" fn call_mut(&mut self, args: Args) -> Self::Output;
    }
    #[lang = "fn"]
    #[fundamental]
    pub trait Fn<Args: crate::marker::Tuple>: FnMut<Args> {
        extern "rust-call" fn call(&self, args: Args) -> Self::Output;
    }
    pub enum ControlFlow<B, C = ()> {
        #[lang = "Continue"]
        Continue(C),
        #[lang = "Break"]
        Break(B),
    }
    #[lang = "Try"]
    pub trait Try: FromResidual<Self::Residual> {
        type Output;
        type Residual;
        #[lang = "from_output"]
        fn from_output(output: Self::Output) -> Self;
        #[lang = "branch"]
        fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
    }
    pub trait FromResidual<R = <Self as Try>::Residual> {
        #[lang = "from_residual"]
        fn from_residual(residual: R) -> Self;
    }
    impl<T, E> Try for Result<T, E> {
        type Output = T;
        type Residual = Result<crate::convert::Infallible, E>;
        fn from_output(output: T) -> Self {
            Ok(output)
        }
        fn branch(self) -> ControlFlow<Self::Residual, T> {
            loop {}
        }
    }
    impl<T, E, F: From<E>> FromResidual<Result<crate::convert::Infallible, E>> for Result<T, F> {
        fn from_residual(residual: Result<crate::convert::Infallible, E>) -> Self {
            loop {}
        }
    }
    #[lang = "add"]
    pub trait Add<R = Self> {
        type Output;
        fn add(self, other: R) -> Self::Output;
    }
}

pub mod option {
    pub enum Option<T> {
        #[lang = "None"]
        None,
        #[lang = "Some"]
        Some(T),
    }
}

pub mod result {
    pub enum Result<T, E> {
        #[lang = "Ok"]
        Ok(T),
        #[lang = "Err"]
        Err(E),
    }
}

pub mod boxed {
    #[lang = "owned_box"]
    pub struct Box<T: ?Sized>(*const T);
    impl<T: ?Sized> crate::ops::Deref for Box<T> {
        type Target = T;
        fn deref(&self) -> &T {
            loop {}
        }
    }
    impl<T: ?Sized + crate::marker::Unsize<U>, U: ?Sized> crate::ops::CoerceUnsized<Box<U>> for Box<T> {}
}

pub mod sync {
    pub struct Arc<T: ?Sized>(*const T);
    impl<T: ?Sized> crate::ops::Deref for Arc<T> {
        type Target = T;
        fn deref(&self) -> &T {
            loop {}
        }
    }
    pub struct Mutex<T: ?Sized>(T);
}

pub mod string {
    #[lang = "String"]
    pub struct String(());
    impl crate::ops::Deref for String {
        type Target = str;
        fn deref(&self) -> &str {
            loop {}
        }
    }
}

pub mod vec {
    pub struct Vec<T>(*const T);
    impl<T> crate::ops::Deref for Vec<T> {
        type Target = [T];
        fn deref(&self) -> &[T] {
            loop {}
        }
    }
}

pub mod primitive {
    pub use bool;
    pub use str;
}

pub mod macros {
    #[rustc_builtin_macro]
    pub macro derive($item:item) {}
}

#[macro_export]
macro_rules! vec {
    ($($value:expr),* $(,)?) => { $crate::vec::Vec::<_>::of([$($value),*]) };
}
#[rustc_builtin_macro]
#[macro_export]
macro_rules! compile_error {
    ($message:expr $(,)?) => {};
}
#[macro_export]
macro_rules! panic {
    ($($arg:tt)*) => { loop {} };
}

pub mod prelude {
    pub mod v1 {
        pub use crate::boxed::Box;
        pub use crate::clone::Clone;
        pub use crate::convert::{From, Into};
        pub use crate::default::Default;
        pub use crate::macros::derive;
        pub use crate::marker::{Copy, Send, Sized, Sync, Unpin};
        pub use crate::mem::drop;
        pub use crate::ops::{Drop, Fn, FnMut, FnOnce};
        pub use crate::option::Option::{self, None, Some};
        pub use crate::result::Result::{self, Err, Ok};
        pub use crate::string::String;
        pub use crate::vec::Vec;
        pub use crate::{compile_error, panic, vec};
    }
    pub mod rust_2015 {
        pub use super::v1::*;
    }
    pub mod rust_2018 {
        pub use super::v1::*;
    }
    pub mod rust_2021 {
        pub use super::v1::*;
    }
    pub mod rust_2024 {
        pub use super::v1::*;
    }
}
#[prelude_import]
#[allow(unused)]
use prelude::v1::*;
