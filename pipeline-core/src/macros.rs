//! The macros as users call them. Each hands its tokens on to the macro crate with `$crate`, so that they work under any name
//! that a user gives to the dependency.

/// Declares a catalog: a struct with a dataset in each field, which pipelines name.
#[macro_export]
macro_rules! catalog {
    ($($tokens:tt)*) => { $crate::__private::catalog! { [$crate] $($tokens)* } };
}

/// Declares a pipeline: nodes that are wired by the names of datasets, checked when it compiles.
#[macro_export]
macro_rules! pipeline {
    ($($tokens:tt)*) => { $crate::__private::pipeline_in! { [$crate] $($tokens)* } };
}

/// Registers pipelines by name.
#[macro_export]
macro_rules! pipelines {
    ($($tokens:tt)*) => { $crate::__private::pipelines_in! { [$crate] $($tokens)* } };
}
