//! The macros of `pipeline-core`. Use them through that crate: it hands them its own path, so that they work under any name of
//! the dependency.
//!
//! A pipeline is expanded in two steps, since only the catalog knows its fields. `pipeline_in` finds which catalog is meant and
//! calls the macro of the same name that `catalog!` wrote beside the struct; that one calls `pipeline_with` with the fields.
//! From there on each file is a stage: `parse` → `ast` → `graph` → `check` → `expand`. A mistake never stops a stage:
//! it goes to `diagnostics`, and all that is readable is expanded beside it. Conditions of `#[cfg(…)]` are answered before the first step: see
//! `cfg`.

mod ast;
mod catalog;
mod cfg;
mod check;
mod dag;
mod diagnostics;
mod editor;
mod expand;
mod graph;
mod kedro;
mod options;
mod parse;
mod portable;
mod registry;
mod scan;
mod shim;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Expands `catalog!`.
#[proc_macro]
pub fn catalog(tokens: TokenStream) -> TokenStream {
    catalog::catalog(tokens.into()).into()
}

/// Expands `pipeline!` to a call of the catalog's macro.
#[proc_macro]
pub fn pipeline_in(tokens: TokenStream) -> TokenStream {
    shim::pipeline_in(tokens.into()).into()
}

/// Expands `pipeline!` with the fields of the catalog.
#[proc_macro]
pub fn pipeline_with(tokens: TokenStream) -> TokenStream {
    shim::pipeline_with(tokens.into()).into()
}

/// Expands `pipelines!` to a call of the catalog's macro.
#[proc_macro]
pub fn pipelines_in(tokens: TokenStream) -> TokenStream {
    registry::pipelines_in(tokens.into()).into()
}

/// Expands `pipelines!` with the fields of the catalog.
#[proc_macro]
pub fn pipelines_with(tokens: TokenStream) -> TokenStream {
    registry::pipelines_with(tokens.into()).into()
}
