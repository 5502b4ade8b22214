//! `#[cfg(…)]` before nodes, datasets, entries of a registry, and before pipelines, catalogs and registries as a whole. The feature `on` of this
//! package is always on, `off` never.

#![deny(warnings, clippy::pedantic, rust_2018_idioms, unused, missing_docs, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::unwrap_used, clippy::str_to_string, clippy::allow_attributes_without_reason)]
#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use pipeline_core::Error;
use pipeline_core::prelude::*;

pipeline! {
    /// Over a catalog that is declared later.
    pub early for Catalog {
        #[cfg(feature = "on")]
        node(add, [A] -> [B]),
        #[cfg(feature = "off")]
        node(is_nowhere, [no_such_dataset] -> [B]),
    }
}

catalog! {
    /// Some fields are there.
    #[derive(Debug)]
    pub struct Catalog {
        /// Always there.
        A: Memory<i32> = Memory::new(1),
        /// There with a feature.
        #[cfg(feature = "on")]
        B: Memory<i32>,
        #[cfg(not(feature = "on"))]
        B: Memory<String>,
        /// Not there.
        #[cfg(feature = "off")]
        C: NoSuchType<u8, B> = no_such_function::<u8, u8>(1, 2),
        /// Always there.
        D: Memory<Vec<i32>> = Memory::new(Vec::<i32>::from([1, 2])),
    }
}

fn add(a: i32) -> i32 {
    a + 1
}

fn identity<T>(value: T) -> T {
    value
}

fn run<O: pipeline_core::Outputs>(pipeline: &Pipeline<Catalog, O>) -> Result<O, Error> {
    SequentialRunner::new().run(pipeline, &Catalog::default())
}

pipeline! {
    /// With what can be said of a node.
    ///
    /// In two paragraphs.
    pub item for Catalog {
        /// Documentation of a node.
        #[cfg(all(feature = "on", not(feature = "off")))]
        node(add, [A] -> [sum]),
        #[cfg(not(all(feature = "on", not(feature = "off"))))]
        node(is_nowhere, [A] -> [sum]),
        #[cfg(test)]
        /// Documentation behind a condition.
        #[cfg(feature = "on")]
        node(add, [sum] -> [twice: i32], name = "again"),
        #[cfg(test)]
        #[cfg(feature = "off")]
        node(add, [sum] -> [twice: i32], name = "again"),
        #[cfg(feature = "off")]
        #[cfg(test)]
        node(add, [sum] -> [twice: i32], name = "again"),
        #[cfg(false)]
        node(is_nowhere?, [nothing] -> [twice, no_such_type: Nothing], tags = ["x"]),
        #[cfg(any())]
        node(add, [twice] -> [thrice: i32]),
        #[cfg(true)]
        node(|sum: i32| {
            #[cfg(feature = "off")]
            let sum = sum + 100;
            sum
        }, [sum] -> [same: i32])
    }
}

#[test]
fn nodes_of_an_item_are_there_or_not() -> Result<(), Error> {
    run(&early())?;
    assert_eq!(early::DAG.len(), 1);
    let outputs: item = run(&item())?;
    assert_eq!((outputs.twice, outputs.same, item::DAG.len()), (3, 2, 3));
    Ok(())
}

#[test]
fn nodes_of_an_expression_are_there_or_not() -> Result<(), Error> {
    let expression = pipeline! {
        #[cfg(feature = "on")]
        node(add, [A] -> [sum]),
        #[cfg(feature = "off")]
        node(is_nowhere, [A] -> [sum]),
    };
    assert_eq!(run(&expression)?.sum, 2);
    let named = pipeline! {
        for Catalog;
        /// Documentation may stand first.
        node(add, [A] -> [sum]),
        #[cfg(feature = "off")]
        node(add, [sum] -> [sum_again]),
    };
    assert_eq!(run(&named)?.sum, 2);
    let angle =
        pipeline!(< #[cfg(not(feature = "off"))] node(add, [A] -> [sum]), #[cfg(any())] node(add, [B] -> [sum]) >);
    assert_eq!(run(&angle)?.sum, 2);
    let offset = 5;
    assert_eq!(
        run(
            &pipeline! { #[cfg(all())] node(move |a: i32| a + offset, [A] -> [n]), #[cfg(all())] node(add, [n] -> [m]) }
        )?
        .m,
        7,
    );
    Ok(())
}

pipeline! {
    #[cfg(feature = "off")]
    pub not_there for NoSuchCatalog { node(is_nowhere, [A] -> [sum]) }
}

pipeline! {
    /// One of two.
    #[cfg(feature = "on")]
    #[derive(PartialEq, Eq)]
    pub one_of_two for Catalog {
        node(add, [A] -> [one: i32]),
        #[cfg(feature = "off")]
        node(add, [A] -> [two: i32]),
    }
}

pipeline! {
    #[cfg(not(feature = "on"))]
    pub one_of_two for Catalog { node(add, [A] -> [two: i32]) }
}

catalog! {
    #[cfg(feature = "off")]
    /// Not there.
    pub struct NotThere { A: Memory<NoSuchType> }
}

catalog! {
    #[cfg(test)]
    struct NotThere { params: Parameters }
}

#[derive(Default)]
struct Parameters {
    factor: i32,
}

#[test]
fn a_whole_pipeline_or_catalog_is_there_or_not() -> Result<(), Error> {
    assert!(run(&one_of_two())? == one_of_two { one: 2 });
    assert_eq!(NotThere::default().params.factor, 0);
    Ok(())
}

#[test]
fn fields_of_a_catalog_are_there_or_not() {
    let catalog = Catalog::default();
    let names: Vec<&str> = catalog.datasets().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["A", "B", "D"]);
    assert!(catalog.B.save(1).is_ok());
    // A dataset that the catalog does not declare is in memory.
    let memory = pipeline! { node(identity, [A] -> [C]), node(add, [C] -> [D_again]) };
    assert_eq!(run(&memory).map(|outputs| outputs.D_again).ok(), Some(2));
}

pipelines! {
    /// Entries of a registry are there or not.
    pub fn registry() for Catalog {
        early = early(),
        /// Documentation of an entry.
        #[cfg(feature = "off")]
        not_there = not_there(),
        #[cfg(feature = "on")]
        angle = pipeline!< node(identity, [A] -> [copy]), #[cfg(feature = "off")] node(is_nowhere, [A] -> [B]), #[cfg(feature = "on")] node(add, [copy] -> [B]) >,
        braces = pipeline! { node(identity, [A] -> [copy]), #[cfg(feature = "off")] node(is_nowhere, [A] -> [B]), #[cfg(feature = "on")] node(add, [copy] -> [B]) },
        #[cfg(not(feature = "on"))]
        __default__ = early + not_there,
        #[cfg(feature = "on")]
        __default__ = elsewhere::item() + early
    }
}

mod elsewhere {
    //! Another module.

    use super::{Catalog, add};
    use pipeline_core::prelude::*;

    pipeline! {
        /// The same name, the same conditions.
        pub(crate) item for Catalog {
            #[cfg(feature = "on")]
            node(add, [A] -> [sum]),
            #[cfg(feature = "off")]
            node(is_nowhere, [A] -> [sum]),
            #[cfg(feature = "on")]
            node(|sum: i32| vec![sum], [sum] -> [D]),
        }
    }
}

pipelines! {
    #[cfg(feature = "off")]
    pub fn registry() for NoSuchCatalog { x = y() }
}

#[test]
fn entries_of_a_registry_are_there_or_not() -> Result<(), Error> {
    assert!(registry().names().eq(["early", "angle", "braces", "__default__"]));
    for (name, n_nodes) in [("angle", 2), ("braces", 2), ("__default__", 3)] {
        assert_eq!(registry().get(name)?.dag()?.len(), n_nodes, "{name}");
    }
    Ok(())
}

#[test]
fn conditions_may_stand_in_a_function_and_over_the_catalog_of_another_crate() -> Result<(), Error> {
    use pipeline_tests_other_catalog::first;

    catalog! {
        struct Local {
            x: Memory<i32> = Memory::new(1),
            #[cfg(any())]
            y: Memory<i32>,
        }
    }
    pipeline! {
        local for Local { #[cfg(all())] node(identity, [x] -> [y: i32]), #[cfg(any())] node(identity, [x] -> [y: i32]) }
    }
    assert_eq!(SequentialRunner::new().run(&local(), &Local::default())?.y, 1);
    pipeline! {
        other for first::Catalog { #[cfg(any())] node(add, [A] -> [B]), #[cfg(all())] node(identity, [A] -> [y: i32]) }
    }
    assert_eq!(SequentialRunner::new().run(&other(), &first::Catalog::default())?.y, 1);
    // A condition of a catalog is asked where the catalog is declared.
    let memory = pipeline! { for first::Catalog; #[cfg(test)] node(identity, [A] -> [own]) };
    assert_eq!(SequentialRunner::new().run(&memory, &first::Catalog::default())?.own, 1);
    pipelines! { fn local_registry() for Local { #[cfg(all())] a = local(), #[cfg(any())] b = local() } }
    assert!(local_registry().names().eq(["a"]));
    Ok(())
}

macro_rules! with_attribute {
    ($(#[$attribute:meta])* $name:ident) => {
        pipeline! { $(#[$attribute])* $name for Catalog { $(#[$attribute])* node(add, [A] -> [n: i32]) } }
    };
}

with_attribute! {
    /// Documentation.
    #[cfg(feature = "on")]
    from_macro
}
with_attribute! {
    #[cfg(feature = "off")]
    from_macro
}

#[test]
fn an_attribute_may_come_through_a_macro() -> Result<(), Error> {
    assert_eq!(run(&from_macro())?.n, 2);
    Ok(())
}
