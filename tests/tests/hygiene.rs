//! Whatever a user calls things, the macros mean their own.

#![expect(clippy::struct_field_names, reason = "a field may be called as its catalog is")]
#![expect(clippy::unnecessary_wraps, reason = "a function that is marked with `?` is all that is needed")]
#![expect(deprecated, reason = "not every dataset of the catalogs here is used by the registries")]
#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use pipeline_core::dag::Dataset;
use pipeline_core::prelude::*;

mod shadowed {
    //! Every name that an expansion could rely on means something else here.

    use ::pipeline_core::prelude::*;

    #[expect(unused_imports, reason = "no expansion means any of them, which is what is tested")]
    use self::hidden::*;

    pub(crate) mod hidden {
        //! A glob, so that each name is what a user may have brought in.

        #![expect(unused_imports, unused_macros, dead_code, reason = "it is enough that the names are there")]
        #![expect(non_camel_case_types, non_upper_case_globals, reason = "they are the names of others")]

        pub(crate) struct Result;
        pub(crate) struct Vec;
        pub(crate) struct Option;
        pub(crate) struct String;
        pub(crate) struct Box;
        pub(crate) struct Arc;
        pub(crate) struct Default;
        pub(crate) struct Clone;
        pub(crate) struct Send;
        pub(crate) struct Fn;
        pub(crate) struct Pipeline;
        pub(crate) struct Pipelines;
        pub(crate) struct Dag;
        pub(crate) struct Body;
        pub(crate) struct Collect;
        pub(crate) struct Dataset;
        pub(crate) struct Outputs;
        pub(crate) const Ok: u8 = 1;
        pub(crate) const Err: u8 = 2;
        pub(crate) const Some: u8 = 3;
        pub(crate) const None: u8 = 4;
        pub(crate) mod core {}
        pub(crate) mod std {}
        pub(crate) mod alloc {}
        pub(crate) mod pipeline_core {}
        pub(crate) mod pipeline_macros {}
        pub(crate) type usize = ();
        pub(crate) type u32 = ();
        pub(crate) type bool = ();

        macro_rules! vec {
            () => {};
        }
        macro_rules! panic {
            () => {};
        }
        macro_rules! compile_error {
            () => {};
        }
        pub(crate) use {panic, vec};
    }

    fn identity<T>(value: T) -> T {
        value
    }

    fn increase(value: i32) -> i32 {
        value + 1
    }

    fn check(value: i32) -> ::core::result::Result<i32, ::std::string::String> {
        ::core::result::Result::Ok(value)
    }

    catalog! {
        pub(crate) struct Catalog {
            A: Memory<i32> = Memory::new(1),
            B: Memory<i32>,
            file: Text = "no/such/file.txt",
            params: i32 = 5,
        }
    }

    pipeline! {
        pub(crate) item for Catalog {
            node(identity, [A] -> [copy]),
            node(increase, [copy] -> [B]),
            node(check?, [B] -> [checked: i32]),
            node(|b: i32, all: &i32| b + all, [B, params] -> [sum: Sum]),
            node(drop, [A] -> []),
        }
    }

    type Sum = i32;

    pipelines! {
        pub(crate) fn registry() for Catalog {
            item = item(),
            literal = pipeline!< node(identity, [A] -> [B]) >,
            __default__ = item + pipeline!< node(identity, [A] -> [free]) >,
        }
    }

    pub(crate) fn run() -> [i32; 4] {
        let catalog = Catalog::default();
        let expression = pipeline! { for Catalog; node(identity, [A] -> [x]), node(increase, [x] -> [y]) };
        let runner = SequentialRunner::new();
        let outputs = runner.run(&item(), &catalog).expect("it runs");
        let y = runner.run(&expression, &catalog).expect("it runs").y;
        let registry = registry();
        runner.run(registry.get("__default__").expect("it is there"), &catalog).expect("it runs");
        let literal = registry.get("literal").expect("it is there");
        runner.run(literal, &catalog).expect("it runs");
        [outputs.checked, outputs.sum, y, *catalog.B.load().expect("it is saved")]
    }
}

#[test]
fn names_of_the_standard_library_may_mean_something_else() {
    assert_eq!(shadowed::run(), [2, 7, 2, 1]);
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        body: Memory<i32> = Memory::new(2),
        io: Memory<i32> = Memory::new(3),
        catalog: Memory<i32> = Memory::new(4),
        closure: Memory<i32> = Memory::new(5),
        function: Memory<i32> = Memory::new(6),
        slot_x: Memory<i32> = Memory::new(7),
        node: Memory<i32> = Memory::new(8),
        params: Parameters = Parameters { body: 9, io: 10 },
    }
}

#[derive(Clone, Copy, Debug)]
struct Parameters {
    body: i32,
    io: i32,
}

fn identity<T>(value: T) -> T {
    value
}

mod functions_with_names_of_ours {
    //! Functions that are called as the locals, parameters and methods of an expansion are.

    use pipeline_core::prelude::*;

    use super::Catalog;

    fn pass(value: i32) -> i32 {
        value + 100
    }
    fn node(value: i32) -> i32 {
        value + 200
    }
    fn io(value: i32) -> i32 {
        value + 300
    }
    fn catalog(value: i32) -> i32 {
        value + 400
    }
    fn body(value: i32) -> i32 {
        value + 500
    }
    fn function(value: i32) -> i32 {
        value + 600
    }
    fn closure(value: i32, other: i32) -> i32 {
        value + other + 700
    }
    fn attempt(value: i32) -> Result<i32, String> {
        Ok(value + 800)
    }
    fn dag(value: i32, _other: i32) -> i32 {
        value + 900
    }
    fn in_memory(value: i32) -> i32 {
        value + 1000
    }
    fn pipeline(value: i32) -> i32 {
        value + 1100
    }
    fn missing() -> i32 {
        1200
    }
    fn slot_x(value: i32) -> i32 {
        value + 1300
    }
    fn in_x(value: i32) -> i32 {
        value + 1400
    }
    fn out_x(value: i32) -> i32 {
        value + 1500
    }
    fn named(value: i32) -> i32 {
        value + 1600
    }
    fn parameter(value: i32) -> i32 {
        value + 1700
    }

    pipeline! {
        pub(crate) all for Catalog {
            node(pass, [A] -> [pass: i32]),
            node(node, [A] -> [x1: i32]),
            node(io, [io] -> [x2: i32]),
            node(catalog, [catalog] -> [x3: i32]),
            node(body, [body] -> [x4: i32]),
            node(function, [function] -> [x5: i32]),
            node(closure, [closure, A] -> [x6: i32]),
            node(attempt?, [A] -> [x7: i32]),
            node(dag, [A, A] -> [x8: i32]),
            node(in_memory, [A] -> [x9: i32]),
            node(pipeline, [A] -> [x10: i32]),
            node(missing, [] -> [x11: i32]),
            node(slot_x, [slot_x] -> [x: i32]),
            node(in_x, [A] -> [x13: i32]),
            node(out_x, [A] -> [x14: i32]),
            node(named, [node] -> [named: i32], name = "named", tags = ["tagged"]),
            node(parameter, [params:body] -> [parameter: i32]),
        }
    }

    #[test]
    fn functions_may_be_called_as_our_locals_are() {
        let all = SequentialRunner::new().run(&all(), &Catalog::default()).unwrap();
        assert_eq!([all.pass, all.x1, all.x2, all.x3, all.x4], [101, 201, 303, 404, 502]);
        assert_eq!([all.x5, all.x6, all.x7, all.x8, all.x9], [606, 706, 801, 901, 1001]);
        assert_eq!([all.x10, all.x11, all.x, all.x13, all.x14], [1101, 1200, 1307, 1401, 1501]);
        assert_eq!([all.named, all.parameter], [1608, 1709]);
    }

    #[test]
    fn functions_may_be_called_as_our_locals_are_in_expressions_too() {
        let pipeline = pipeline! {
            for Catalog;
            node(pass, [A] -> [pass]),
            node(io, [pass] -> [io2]),
            node(catalog, [io2] -> [x]),
            node(body, [x] -> [slot]),
            node(function, [slot] -> [function2]),
            node(node, [function2] -> [end]),
        };
        let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
        assert_eq!(outputs.end, 1 + 100 + 300 + 400 + 500 + 600 + 200);
    }
}

#[test]
fn datasets_in_memory_may_be_called_as_our_locals_are() {
    fn add(left: i32, right: i32) -> i32 {
        left + right
    }
    let pipeline = pipeline! {
        for Catalog;
        node(identity, [A] -> [slot]),
        node(identity, [slot] -> [krate]),
        node(add, [slot, krate] -> [run]),
        node(add, [run, slot] -> [needs]),
        node(identity, [needs] -> [PIPELINE_DAG]),
        node(identity, [PIPELINE_DAG] -> [PipelineOutputs]),
        node(|x: i32| x, [PipelineOutputs] -> [Out0]),
        node(add, [Out0, run] -> [pipeline]),
        node(add, [io, catalog] -> [sum]),
        node(add, [params:io, io] -> [other_sum]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.pipeline, outputs.sum, outputs.other_sum), (5, 7, 13));
}

mod constants_called_as_datasets {
    //! A pattern with the name of a constant would compare, and not bind.

    #![expect(non_upper_case_globals, reason = "datasets are lower case, and a constant may be called as one is")]

    use pipeline_core::prelude::*;

    use super::Catalog;

    const A: i32 = 1000;
    const B: i32 = 10;
    static copy: i32 = 5;
    const sum: i32 = 6;
    const free: [u8; 2] = [7, 8];
    struct Unit;

    fn add(left: i32, right: i32) -> i32 {
        left + right + A + copy + sum + i32::from(free[0])
    }

    pipeline! {
        item for Catalog {
            node(|a: i32| a + A, [A] -> [copy]),
            node(add, [A, copy] -> [sum]),
            node(|value: i32| value - B, [sum] -> [B]),
            node(|b: i32| b, [B] -> [free: i32]),
            node(|b: i32| b, [B] -> [Unit: i32]),
        }
    }

    #[test]
    fn constants_and_statics_may_be_called_as_datasets() {
        let Unit = Unit;
        let outputs = SequentialRunner::new().run(&item(), &Catalog::default()).unwrap();
        assert_eq!((outputs.free, outputs.Unit), (2010, 2010));
    }
}

#[test]
fn locals_around_a_pipeline_may_be_called_as_its_datasets_and_our_locals() {
    let (slot_x, in_x, out_x, io, catalog, body) = (1, 2, 4, 8, 16, 32);
    let x = 64;
    let pipeline = pipeline! {
        for Catalog;
        node(move |a: i32| a + slot_x + in_x + out_x + io + catalog + body + x, [A] -> [x]),
        node(move |x: i32| x + io, [x] -> [y]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!(outputs.y, 1 + 127 + 8);
}

#[test]
fn closures_may_bind_what_our_locals_are_called() {
    let pipeline = pipeline! {
        for Catalog;
        node(|io: i32, catalog: i32, body: i32| { let in_body = io + catalog; in_body + body }, [A, io, body] -> [out_x]),
        node(|out_x: i32| { let closure = |io: i32| io + out_x; closure(1) }, [out_x] -> [end]),
    };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().end, 7);
}

// Pipelines that a user's own macro writes.

macro_rules! copying {
    ($name:ident, $from:ident -> $to:ident) => {
        pipeline! {
            /// Copies.
            $name for Catalog { node(identity, [$from] -> [$to]) }
        }
    };
}
copying!(from_a_to_b, A -> B);
copying!(from_b_to_a, B -> A);

#[test]
fn a_macro_may_write_items() {
    let catalog = Catalog { B: Memory::new(77), ..Catalog::default() };
    SequentialRunner::new().run(&from_b_to_a(), &catalog).unwrap();
    assert_eq!(catalog.A.load().unwrap(), 77);
    assert_eq!(from_a_to_b::DAG.to_string(), "identity([A]) -> [B]");
    assert_eq!(from_a_to_b().name(), Some("from_a_to_b"));
}

macro_rules! through_the_middle {
    ($from:ident -> $to:ident by $step:path) => {
        pipeline! {
            for Catalog;
            // `middle` is the macro's own name, `$from` and `$to` are the caller's.
            node(identity, [$from] -> [middle]),
            node($step, [middle] -> [$to]),
            node(|middle: &i32| *middle, [middle] -> [seen]),
        }
    };
}

#[test]
fn a_macro_may_write_expressions_with_names_of_its_own_and_of_its_caller() {
    let middle = pipeline! { for Catalog; node(|a: i32| a + 1, [A] -> [middle]) };
    let twice = through_the_middle!(A -> middle_twice by double);
    let (middle, twice) = SequentialRunner::new().run(&(middle + twice), &Catalog::default()).unwrap();
    assert_eq!((middle.middle, twice.middle_twice, twice.seen), (2, 2, 1));
    let generic = through_the_middle!(A -> end by identity::<i32>);
    assert_eq!(SequentialRunner::new().run(&generic, &Catalog::default()).unwrap().end, 1);
}

fn double(value: i32) -> i32 {
    2 * value
}

macro_rules! with_the_catalog_in_scope {
    ($input:ident) => {
        pipeline!(< node(identity, [$input] -> [out]) >)
    };
}

#[test]
fn a_macro_may_leave_the_catalog_to_the_scope() {
    let pipeline = with_the_catalog_in_scope!(A);
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().out, 1);
}

macro_rules! everything_given {
    ($catalog:ident, $ty:ty, $name:literal, [$($tag:literal),*], [$($input:ident),*], $field:ident, $body:block) => {
        pipeline! {
            for $catalog;
            node(|$($input: i32),*| [$($input),*].len(), [$($input),*] -> [n_inputs: $ty], name = $name, tags = [$($tag),*]),
            node(move || $body, [] -> [made]),
            node(|field: i32| field, [params:$field] -> [field]),
        }
    };
}

#[test]
fn a_macro_may_be_given_every_part() {
    let pipeline = everything_given!(Catalog, usize, "counting", ["a", "b"], [io, catalog, body], io, { 40 + 2 });
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.n_inputs, outputs.made, outputs.field), (3, 42, 10));
    let node = pipeline.dag().unwrap().nodes().next().unwrap();
    assert_eq!((node.name(), node.tags()), (Some("counting"), &["a", "b"][..]));
}

macro_rules! many {
    ($($name:ident),*) => {
        pipelines! {
            fn many() for Catalog {
                $($name = pipeline!< node(identity, [A] -> [B]) >,)*
                __default__ = pipeline!< $(node(identity, [A] -> [$name])),* >,
            }
        }
    };
}
many!(one, two, three);

#[test]
fn a_macro_may_write_a_registry() {
    assert_eq!(many().names().collect::<Vec<_>>(), ["one", "two", "three", "__default__"]);
    let registry = many();
    let dag = registry.get("__default__").unwrap().dag().unwrap();
    assert_eq!(dag.free_outputs().map(Dataset::name).collect::<Vec<_>>(), ["one", "two", "three"]);
}

macro_rules! a_catalog {
    ($name:ident { $($field:ident: $ty:ty = $value:expr),* }) => {
        catalog! {
            /// Written by a macro.
            struct $name { own: Memory<u8> = Memory::new(1), $($field: Memory<$ty> = Memory::new($value)),* }
        }
    };
}
a_catalog!(Generated { x: i32 = 5, y: Vec<i32> = vec![1, 2, 3] });
a_catalog!(Another { x: i32 = 6 });

#[test]
fn a_macro_may_write_catalogs() {
    let pipeline =
        pipeline! { for Generated; node(|x: i32, y: &[i32], own: u8| x + y[2] + i32::from(own), [x, y, own] -> [sum]) };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Generated::default()).unwrap().sum, 9);
    let pipeline = pipeline! { for Another; node(identity, [x] -> [same]) };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Another::default()).unwrap().same, 6);
}
