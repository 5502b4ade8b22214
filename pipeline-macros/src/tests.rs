//! Expansions as golden files, so that they are read and reviewed like code: `golden/*.rs`.
//!
//! `BLESS=1 cargo test -p pipeline-macros` writes them anew.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{catalog, registry, shim};

/// Compares an expansion with `golden/NAME.rs`.
fn assert_golden(name: &str, expansion: TokenStream) {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is Rust");
    let found = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name).with_extension("rs");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).expect("the golden file can be written");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "`golden/{name}.rs` differs from what is expanded now:\n{found}");
}

/// Expands a pipeline over a catalog of these fields.
fn pipeline(pipeline: &TokenStream) -> TokenStream {
    shim::pipeline_with(quote! {
        [pipeline_core]
        [{ flowers dataset } { model dataset } { report dataset } { params parameters }]
        [Catalog]
        { #pipeline }
    })
}

#[test]
fn an_item_reads_like_code_written_by_hand() {
    let training = quote! {
        /// Splits the flowers, trains a model and scores it.
        pub training for Catalog {
            node(split,  [flowers, params:test_ratio] -> [train, test], tags = ["prepare"]),
            node(fit?,   [train] -> [model]),
            node(score,  [model, test] -> [accuracy: f64]),
            node(render, [accuracy, params] -> [report], name = "render_report"),
        }
    };
    assert_golden("item", pipeline(&training));
}

#[test]
fn an_expression_infers_the_types_of_its_outputs() {
    let expression = quote! { node(identity, [flowers] -> [copy]), node(|copy: &str| copy.len(), [copy] -> [length]) };
    let block = pipeline(&expression);
    assert_golden("expression", quote!(fn main() { let p = #block; }));
}

#[test]
fn a_catalog_is_a_struct_and_a_macro() {
    let declaration = quote! {
        [pipeline_core]
        /// All data.
        struct Catalog { flowers: Csv<Flower> = "data/flowers.csv", model: Memory<Model>, params: Params }
    };
    assert_golden("catalog", catalog::catalog(declaration));
}

#[test]
fn a_registry_is_a_function() {
    let declaration = quote! {
        [pipeline_core]
        [{ A dataset } { B dataset }]
        [Catalog]
        {
            /// All pipelines.
            pub fn pipelines() for Catalog {
                training = models::training(),
                ab = pipeline!< node(identity, [A] -> [B]) >,
                __default__ = training + ab,
            }
        }
    };
    assert_golden("registry", registry::pipelines_with(declaration));
}

#[test]
fn the_first_step_hands_the_pipeline_to_its_catalog() {
    let step = |tokens: TokenStream| shim::pipeline_in(quote!([pipeline_core] #tokens)).to_string();
    let named = step(quote!(pub training for crate::data::Catalog { node(f, [a] -> [b]) }));
    assert!(named.starts_with("crate :: data :: Catalog ! { [pipeline_core] pipeline_with"), "{named}");
    let in_scope = step(quote!(< node(f, [a] -> [b]) >));
    assert!(in_scope.starts_with("Catalog ! {"), "{in_scope}");
}
