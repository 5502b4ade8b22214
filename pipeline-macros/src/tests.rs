//! Expansions as golden files, so that they are read and reviewed like code: `golden/*.rs`.
//!
//! `BLESS=1 cargo test -p pipeline-macros` writes them anew.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{catalog, editor, registry, shim};

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
        ["" { flowers dataset } { model dataset } { report dataset } { params parameters }]
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
fn an_item_with_an_expression_for_a_function_evaluates_it_once() {
    let scaling = quote! {
        pub scaling for Catalog { node((scaled_by(3)), [flowers] -> [scaled: f64]) }
    };
    assert_golden("once", pipeline(&scaling));
}

#[test]
fn an_expression_infers_the_types_of_its_outputs() {
    let expression = quote! { node(identity, [flowers] -> [copy]), node(|copy: &str| copy.len(), [copy] -> [length]) };
    let block = pipeline(&expression);
    assert_golden("expression", quote!(fn main() { let p = #block; }));
}

#[test]
fn a_node_that_is_tried_again_leaves_its_inputs_where_they_are() {
    let fetching = quote! {
        node(split, [flowers] -> [train]),
        node(fit?, [train] -> [model], retries = 3, backoff = "1.5s", timeout = "2m"),
    };
    let block = pipeline(&fetching);
    assert_golden("options", quote!(fn main() { let p = #block; }));
}

#[test]
fn an_editor_gets_the_names_beside_the_expansion() {
    editor::ASKS_IN_TEST.set(true);
    let training = quote! {
        pub training for Catalog {
            node(split, [flowers, params:test_ratio] -> [train, tets]),
            node(fit?,  [train] -> [model]),
            node(sco),
        }
    };
    assert_golden("editor", pipeline(&training));
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
        ["" { A dataset } { B dataset }]
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
fn an_editor_gets_the_names_of_a_registry_first() {
    editor::ASKS_IN_TEST.set(true);
    let declaration = quote! {
        [pipeline_core]
        ["" { A dataset } { B dataset }]
        [Catalog]
        {
            pub fn pipelines() for Catalog {
                training = models::training(),
                ab = pipeline!< node(identity, [A] -> [B]) >,
                half = training +,
                __default__ = training + ab,
            }
        }
    };
    assert_golden("editor_registry", registry::pipelines_with(declaration));
}

#[test]
fn the_first_step_hands_the_pipeline_to_its_catalog() {
    let step = |tokens: TokenStream| shim::pipeline_in(quote!([pipeline_core] #tokens)).to_string();
    let named = step(quote!(pub training for crate::data::Catalog { node(f, [a] -> [b]) }));
    assert!(named.starts_with("crate :: data :: Catalog ! { [pipeline_core] pipeline_with"), "{named}");
    let in_scope = step(quote!(< node(f, [a] -> [b]) >));
    assert!(in_scope.starts_with("Catalog ! {"), "{in_scope}");
}

#[test]
fn a_condition_is_left_to_rustc() {
    let training = quote! {
        [pipeline_core]
        pub training for Catalog {
            /// Not everywhere.
            #[cfg(feature = "fast")]
            node(fit, [train] -> [model]),
            #[cfg(not(feature = "fast"))]
            node(fit_slowly, [train] -> [model]),
            #[cfg(feature = "fast")]
            node(score, [model] -> [accuracy: f64]),
        }
    };
    assert_golden("condition", shim::pipeline_in(training));
}

#[test]
fn expansions_name_only_what_is_meant_for_them() {
    let public = ["Dag", "Pipeline", "Pipelines", "catalog", "pipeline", "pipelines"];
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")).expect("there are golden files") {
        let path = file.expect("a folder can be read").path();
        let text = fs::read_to_string(&path).expect("a golden file is text");
        for (at, _) in text.match_indices("pipeline_core::") {
            let rest = &text[at + "pipeline_core::".len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            assert!(name == "__private" || public.contains(&name), "`{name}` in {}", path.display());
        }
    }
}

mod whatever_the_tokens {
    //! No tokens make a macro panic. Beside the bounded run here, the same holds for any other seed.

    use fastrand::Rng;
    use proc_macro2::{Group, TokenStream, TokenTree};
    use quote::quote;

    use crate::{catalog, editor, registry, shim};

    /// How many token streams each macro is tried with.
    const TRIES: usize = 3_000;

    #[test]
    fn pipelines_do_not_panic() {
        let valid = [
            quote!(/** docs */ #[doc = "x"] pub training for Catalog { #[cfg(not(any(a, feature = "x")))] node(split?, [flowers, params:a.b] -> [train, test: Vec<f64>], tags = ["a", "b"]), node(f::<u8>, [train] -> [model], name = "x", retries = 3, backoff = "1s", timeout = "0.5m") }),
            quote!(< for data::Catalog; node(|x: &str, y: u8| x.len() < y, [flowers, train] -> [n]), #[cfg(false)] node((|| Ok(1))?, [] -> [train]), >),
            quote!(node(identity, [a] -> [b]), node(f, [b] -> [c]), node(f, [c] -> [a]), #[cfg(a)] #[allow(b)] node(f, [c, c] -> [c, c])),
        ];
        for_mutations(&valid, |tokens| {
            shim::pipeline_in(quote!([krate] #tokens));
            shim::pipeline_with(
                quote!([krate] ["" { flowers dataset } { model dataset } { params parameters }] [C] { #tokens }),
            );
            shim::pipeline_with(tokens.clone());
        });
    }

    #[test]
    fn catalogs_do_not_panic() {
        let valid = [
            quote!(
                /** docs */
                pub(crate) struct Catalog { pub a: Csv<Row<u8, u8>> = "x", #[cfg(false)] b: Memory<i32> = Memory::<i32>::new(f(1, 2)), params: P }
            ),
            quote!(
                #[cfg(a)]
                struct Catalog { #[cfg(all(b, c = "x"))] a: Csv<Row<u8, u8>> = "x", b: Memory<i32> }
            ),
        ];
        for_mutations(&valid, |tokens| {
            catalog::catalog(quote!([krate] #tokens));
            catalog::catalog(tokens.clone());
        });
    }

    #[test]
    fn registries_do_not_panic() {
        let valid = [quote! {
            pub fn pipelines() for Catalog {
                #[cfg(a)] a = x::y(), #[cfg(false)] b = pipeline!< #[cfg(a)] node(f, [flowers] -> [model]) >, c = pipeline! { node(f, [] -> []) }, __default__ = a + b + a::b,
            }
        }];
        for_mutations(&valid, |tokens| {
            registry::pipelines_in(quote!([krate] #tokens));
            registry::pipelines_with(quote!([krate] ["" { flowers dataset }] [C] { #tokens }));
            registry::pipelines_with(tokens.clone());
        });
    }

    fn for_mutations(valid: &[TokenStream], try_one: impl Fn(&TokenStream)) {
        let mut rng = Rng::with_seed(1);
        let spare: Vec<TokenTree> =
            quote!(node -> => [ a: b ] ( , ) { } < > ? params : . "text" 'l' 7 #[cfg(a)] #[b] pub for struct fn = | ! + r#type self)
                .into_iter()
                .chain(valid.iter().cloned().flatten())
                .collect();
        for (tokens, asks) in valid.iter().flat_map(|tokens| [(tokens, false), (tokens, true)]) {
            editor::ASKS_IN_TEST.set(asks);
            try_one(tokens);
            for _ in 0..TRIES {
                let mut mutated = tokens.clone();
                for _ in 0..rng.usize(1..4) {
                    mutated = mutate(mutated, &spare, &mut rng);
                }
                try_one(&mutated);
            }
        }
    }

    /// Drops, doubles, swaps, replaces or adds a token, here or inside a group.
    fn mutate(tokens: TokenStream, spare: &[TokenTree], rng: &mut Rng) -> TokenStream {
        let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
        if trees.is_empty() {
            return rng.choice(spare).cloned().into_iter().collect();
        }
        let at = rng.usize(..trees.len());
        let groups: Vec<usize> = (0..trees.len()).filter(|&at| matches!(trees[at], TokenTree::Group(_))).collect();
        if let (true, Some(&inside)) = (rng.f32() < 0.7, rng.choice(&groups))
            && let TokenTree::Group(group) = &trees[inside]
        {
            let stream = mutate(group.stream(), spare, rng);
            trees[inside] = Group::new(group.delimiter(), stream).into();
            return trees.into_iter().collect();
        }
        match rng.u8(..5) {
            0 => drop(trees.remove(at)),
            1 => trees.insert(at, trees[at].clone()),
            2 => {
                let other = rng.usize(..trees.len());
                trees.swap(at, other);
            }
            3 => trees[at] = rng.choice(spare).cloned().unwrap_or_else(|| trees[at].clone()),
            _ => trees.extend(rng.choice(spare).cloned()),
        }
        trees.into_iter().collect()
    }
}
