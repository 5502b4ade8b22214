//! Where a catalog and the pipelines over it can stand.

#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use pipeline_core::prelude::*;
use pipeline_tests_other_catalog::{first, second, twin};

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

// A pipeline may stand before its catalog.
pipeline! {
    early for Catalog { node(double, [A] -> [B]) }
}

catalog! {
    struct Catalog { A: Memory<i32> = Memory::new(21), B: Memory<i32> }
}

#[test]
fn a_catalog_may_stand_after_its_use() {
    let catalog = Catalog::default();
    SequentialRunner::new().run(&early(), &catalog).unwrap();
    assert_eq!(catalog.B.load().unwrap(), 42);
}

mod data {
    //! A module with catalogs of every visibility.

    use pipeline_core::prelude::*;

    catalog! { pub struct Public { A: Memory<i32> = Memory::new(1), B: Memory<i32> } }
    catalog! { pub(crate) struct InCrate { A: Memory<i32> = Memory::new(2), B: Memory<i32> } }
    catalog! { pub(super) struct InParent { A: Memory<i32> = Memory::new(3), B: Memory<i32> } }
    catalog! { pub(in crate::data) struct InPath { A: Memory<i32> = Memory::new(4), B: Memory<i32> } }
    catalog! { struct Private { A: Memory<i32> = Memory::new(5), B: Memory<i32> } }

    pub(crate) mod inner {
        //! A private catalog is known below.

        use pipeline_core::prelude::*;

        use super::Private;

        pub(crate) fn run() -> (i32, i32) {
            let over_path = pipeline! { for super::InPath; node(|a: i32| a * 10, [A] -> [tenfold]) };
            let over_private = pipeline! { for Private; node(|a: i32| a * 10, [A] -> [tenfold]) };
            let runner = SequentialRunner::new();
            let path = runner.run(&over_path, &super::InPath::default()).expect("it runs").tenfold;
            (path, runner.run(&over_private, &Private::default()).expect("it runs").tenfold)
        }
    }
}

mod pipelines {
    //! Pipelines in another module than their catalogs.

    use pipeline_core::prelude::*;

    use crate::data::{InCrate, InParent as Renamed};

    pipeline! { pub(crate) by_path for crate::data::Public { node(super::double, [A] -> [B]) } }
    pipeline! { pub(crate) by_use for InCrate { node(super::double, [A] -> [B]) } }
    pipeline! { pub(crate) by_another_name for Renamed { node(super::double, [A] -> [B]) } }
}

#[test]
fn a_catalog_may_stand_in_another_module() {
    let runner = SequentialRunner::new();
    let public = data::Public::default();
    runner.run(&pipelines::by_path(), &public).unwrap();
    let in_crate = data::InCrate::default();
    runner.run(&pipelines::by_use(), &in_crate).unwrap();
    let in_parent = data::InParent::default();
    runner.run(&pipelines::by_another_name(), &in_parent).unwrap();
    let loaded = [&public.B, &in_crate.B, &in_parent.B].map(|dataset| *dataset.load().unwrap());
    assert_eq!(loaded, [2, 4, 6]);
    assert_eq!(data::inner::run(), (40, 50));
}

#[test]
fn one_use_brings_both_halves_of_a_pipeline() {
    use pipelines::by_path;
    let catalog = data::Public::default();
    let by_path {} = SequentialRunner::new().run(&by_path(), &catalog).unwrap();
    assert_eq!(by_path::DAG.to_string(), "double([A]) -> [B]");
}

#[test]
fn a_catalog_may_stand_in_a_function() {
    catalog! { struct Local { x: Memory<String> = Memory::new("here".to_owned()), len: Memory<usize> } }
    pipeline! { measuring for Local { node(str::len, [x] -> [len]) } }
    let catalog = Local::default();
    SequentialRunner::new().run(&measuring(), &catalog).unwrap();
    assert_eq!(catalog.len.load().unwrap(), 4);

    let expression = pipeline! { for Local; node(identity, [x] -> [same]) };
    assert_eq!(SequentialRunner::new().run(&expression, &catalog).unwrap().same, "here");

    pipelines! { fn registry() for Local { only = measuring() } }
    assert_eq!(registry().names().collect::<Vec<_>>(), ["only"]);
}

#[test]
fn two_functions_may_have_a_catalog_of_one_name() {
    fn one() -> i32 {
        catalog! { struct Same { A: Memory<i32> = Memory::new(1) } }
        let pipeline = pipeline! { for Same; node(identity, [A] -> [out]) };
        SequentialRunner::new().run(&pipeline, &Same::default()).expect("it runs").out
    }
    fn two() -> &'static str {
        catalog! { struct Same { word: Memory<&'static str> = Memory::new("two") } }
        let pipeline = pipeline! { for Same; node(identity, [word] -> [out]) };
        SequentialRunner::new().run(&pipeline, &Same::default()).expect("it runs").out
    }
    assert_eq!((one(), two()), (1, "two"));
}

struct Holder {
    offset: i32,
}

impl Holder {
    /// In a method, over a type of the method's own.
    fn run<T: Into<i32> + Copy + Send + Sync + 'static>(&self, more: T) -> i32 {
        let offset = self.offset;
        let pipeline = pipeline! {
            for Catalog;
            node(move |a: i32| a + offset, [A] -> [moved]),
            node(move |moved: i32| moved + more.into(), [moved] -> [sum]),
        };
        SequentialRunner::new().run(&pipeline, &Catalog::default()).expect("it runs").sum
    }
}

#[test]
fn a_pipeline_may_stand_in_a_method_and_a_closure() {
    assert_eq!(Holder { offset: 100 }.run(1_i8), 122);
    let make = |step: i32| pipeline! { for Catalog; node(move |a: i32| a + step, [A] -> [stepped]) };
    let stepped = [1, 2].map(|step| SequentialRunner::new().run(&make(step), &Catalog::default()).unwrap().stepped);
    assert_eq!(stepped, [22, 23]);
}

#[test]
fn an_expression_may_stand_wherever_an_expression_can() {
    fn made() -> Pipeline<Catalog> {
        pipeline!(node(identity, [A] -> [B]))
    }
    let pair = (pipeline!(< node(identity, [A] -> [x]) >), pipeline!(< node(double, [A] -> [y]) >));
    let (x, y) = SequentialRunner::new().run(&(pair.0 + pair.1), &Catalog::default()).unwrap();
    assert_eq!((x.x, y.y), (21, 42));
    let n_nodes = match pipeline![< node(identity, [A] -> [B]) >].dag() {
        Ok(dag) if !dag.is_empty() => dag.len(),
        _ => 0,
    };
    assert_eq!(n_nodes, 1);
    assert_eq!(made().dag().unwrap().len(), 1);
}

mod below {
    //! All of the parent's names, the catalog's macro among them.

    use super::*;

    #[test]
    fn a_glob_brings_a_catalog() {
        let pipeline = pipeline!(< node(double, [A] -> [doubled]) >);
        assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().doubled, 42);
    }
}

// Another crate.

pipeline! {
    over_the_first for first::Catalog {
        node(|b: i32, step: i32| b * step, [B, params:step] -> [product: i32]),
    }
}

#[test]
fn a_catalog_may_stand_in_another_crate() {
    let catalog = first::Catalog { A: Memory::new(5), ..first::Catalog::default() };
    let sum = first::stepping() + over_the_first();
    let (stepped, product) = SequentialRunner::new().run(&sum, &catalog).unwrap();
    assert_eq!((stepped.far, product.product), (105, 150));
    assert_eq!(first::stepping::DAG.to_string(), "step([A;params:step]) -> [B]\n<closure>([A]) -> [far]");
}

#[test]
fn two_modules_of_another_crate_may_have_catalogs_of_one_name() {
    let over_the_second = pipeline! { for second::Catalog; node(String::len, [word] -> [len]) };
    let over_the_twin = pipeline! { for twin::Catalog; node(String::len, [word] -> [len]) };
    let (catalog, twin) = (second::Catalog::default(), twin::Catalog::default());
    SequentialRunner::new().run(&over_the_second, &catalog).unwrap();
    SequentialRunner::new().run(&over_the_twin, &twin).unwrap();
    assert_eq!((*catalog.len.load().unwrap(), *twin.len.load().unwrap()), (6, 6));
}

mod with_use {
    //! One `use` brings the struct and the macro of another crate's catalog.

    use pipeline_core::prelude::*;
    use pipeline_tests_other_catalog::second::Catalog;

    pipelines! {
        pub(crate) fn registry() for Catalog {
            __default__ = pipeline!< node(String::len, [word] -> [len]) >,
        }
    }

    #[test]
    fn the_catalog_in_scope_may_be_of_another_crate() {
        let pipeline = pipeline!(< node(str::to_uppercase, [word] -> [shouted]) >);
        assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().shouted, "SECOND");
    }
}

#[test]
fn a_registry_may_be_over_a_catalog_of_another_crate() {
    let catalog = with_use::registry().catalog();
    SequentialRunner::new().run(with_use::registry().get("__default__").unwrap(), &catalog).unwrap();
    assert_eq!(catalog.len.load().unwrap(), 6);
}

#[test]
fn the_dependency_may_be_renamed() {
    assert_eq!(pipeline_tests_renamed::all_forms().unwrap(), (43, 43, 42, 42));
    let names = pipeline_tests_renamed::pipelines();
    assert_eq!(names.names().collect::<Vec<_>>(), ["item", "angle", "__default__"]);
}

#[test]
fn a_catalog_of_a_renamed_dependency_may_be_used_under_its_own_name() {
    use pipeline_tests_renamed::Catalog as Renamed;
    let pipeline = pipeline! { for Renamed; node(|a: i32, more: i32| a - more, [A, params:more] -> [less]) };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Renamed::default()).unwrap().less, 41);
}

#[test]
fn a_catalog_in_a_function_may_be_pub() {
    catalog! { pub struct Local { x: Memory<i32> = Memory::new(3) } }
    let pipeline = pipeline! { for Local; node(|x: i32| x, [x] -> [n]) };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Local::default()).unwrap().n, 3);
}
