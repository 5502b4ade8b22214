//! Sums of pipelines: they meet in the catalog and nowhere else.

use std::sync::{Arc, Mutex};

use pipeline_core::dag::{Dataset, Kind, Node};
use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs};

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        C: Memory<i32>,
        D: Memory<i32>,
        E: Memory<i32>,
        never: Memory<i32>,
        params: i32 = 10,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

fn add(left: i32, right: i32) -> i32 {
    left + right
}

/// Both texts of a sum that does not fit: from its DAG and from its run.
fn error_of<O: Outputs>(sum: &Pipeline<Catalog, O>) -> String {
    let catalog = Catalog::default();
    let error = sum.dag().expect_err("the parts do not fit");
    assert!(matches!(error, Error::Join { .. }));
    let runners: [&dyn Runner; 3] = [&SequentialRunner::new(), &ParallelRunner::new(), &DryRunner::new()];
    for runner in runners {
        let run = runner.run(sum, &catalog).err().expect("it cannot run");
        let report = runner.run_report(sum, &catalog).err().expect("it cannot start");
        assert_eq!((run.to_string(), report.to_string()), (error.to_string(), error.to_string()));
    }
    for dataset in [&catalog.B, &catalog.C, &catalog.D, &catalog.E] {
        assert!(!dataset.exists().expect("memory can tell"), "nothing has run");
    }
    error.to_string()
}

pipeline! {
    first for Catalog {
        node(double, [A] -> [B]),
        node(add, [B, params] -> [from_first: i32]),
    }
}

pipeline! {
    second for Catalog {
        node(double, [B] -> [C]),
        node(add, [A, C] -> [from_second: i32]),
    }
}

pipeline! {
    third for Catalog {
        node(|c: i32| c + 1, [C] -> [D]),
    }
}

#[test]
fn a_sum_runs_both_and_returns_both_outputs() {
    let catalog = Catalog::default();
    let (left, right) = SequentialRunner::new().run(&(first() + second()), &catalog).unwrap();
    assert_eq!((left.from_first, right.from_second), (12, 5));
    for dataset in [&catalog.B, &catalog.C] {
        assert!(!dataset.exists().unwrap(), "it passed from node to node");
    }
}

#[test]
fn the_parts_may_be_added_in_any_order() {
    let (right, left) = SequentialRunner::new().run(&(second() + first()), &Catalog::default()).unwrap();
    assert_eq!((left.from_first, right.from_second), (12, 5));
}

#[test]
fn three_parts_return_a_pair_of_a_pair() {
    let catalog = Catalog::default();
    let sum = first() + second() + third();
    let ((left, right), third {}) = ParallelRunner::new().run(&sum, &catalog).unwrap();
    assert_eq!((left.from_first, right.from_second, *catalog.D.load().unwrap()), (12, 5, 5));

    let (third {}, (right, left)) = SequentialRunner::new().run(&(third() + (second() + first())), &catalog).unwrap();
    assert_eq!((left.from_first, right.from_second), (12, 5));
}

#[test]
fn a_sum_is_called_by_its_parts() {
    assert_eq!((first() + second() + third()).name(), Some("first + second + third"));
    assert_eq!((first() + pipeline! { for Catalog; node(double, [B] -> [C]) }).name(), None);
    assert_eq!((first() + second()).named("both").name(), Some("both"));
}

#[test]
fn nodes_of_the_parts_are_executed_interleaved() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let [ab, bc, cd, de] = ["ab", "bc", "cd", "de"].map(|name| {
        let log = Arc::clone(&log);
        move |value: i32| {
            log.lock().expect("no panic").push(name);
            value + 1
        }
    });
    let outer = pipeline! { for Catalog; node(move |a: i32| ab(a), [A] -> [B]), node(move |c: i32| cd(c), [C] -> [D]) };
    let inner = pipeline! { for Catalog; node(move |b: i32| bc(b), [B] -> [C]), node(move |d: i32| de(d), [D] -> [E]) };
    let sum = outer + inner;
    let order: Vec<String> = sum.dag().unwrap().nodes().map(|node| node.to_string()).collect();
    assert_eq!(
        order,
        ["<closure>([A]) -> [B]", "<closure>([B]) -> [C]", "<closure>([C]) -> [D]", "<closure>([D]) -> [E]"]
    );
    let catalog = Catalog::default();
    let runners: [&dyn Runner; 2] = [&SequentialRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        runner.run(&sum, &catalog).unwrap();
        assert_eq!(std::mem::take(&mut *log.lock().unwrap()), ["ab", "bc", "cd", "de"]);
        assert_eq!(catalog.E.load().unwrap(), 5);
    }
}

#[test]
fn where_nodes_are_free_the_first_part_comes_first() {
    let sum = second() + first() + third();
    let order: Vec<String> = sum.dag().unwrap().nodes().map(|node| node.to_string()).collect();
    assert_eq!(
        order,
        [
            "double([A]) -> [B]",
            "double([B]) -> [C]",
            "add([A;C]) -> [from_second]",
            "add([B;parameters]) -> [from_first]",
            "<closure>([C]) -> [D]",
        ]
    );
    let written_in_order = first() + second() + third();
    let order: Vec<&str> = written_in_order.dag().unwrap().nodes().map(Node::function).collect();
    assert_eq!(order, ["double", "add", "double", "add", "<closure>"]);
}

#[test]
fn the_dag_of_a_sum_joins_the_datasets_of_the_catalog() {
    let sum = first() + second();
    let dag = sum.dag().unwrap();
    let b: Vec<Dataset<'_>> = dag.datasets().filter(|dataset| dataset.name() == "B").collect();
    let [b] = b.as_slice() else { panic!("{b:?}") };
    assert_eq!(b.writer().unwrap().to_string(), "double([A]) -> [B]");
    assert_eq!(
        b.readers().map(|node| node.to_string()).collect::<Vec<_>>(),
        ["add([B;parameters]) -> [from_first]", "double([B]) -> [C]"]
    );
    let a = dag.datasets().find(|dataset| dataset.name() == "A").unwrap();
    assert_eq!((a.kind(), a.n_readers()), (Kind::Catalog, 2));
    let layers: Vec<usize> = dag.layers().iter().map(Vec::len).collect();
    assert_eq!(layers, [1, 2, 1]);
    assert_eq!(dag.free_outputs().map(Dataset::name).collect::<Vec<_>>(), ["from_first", "from_second"]);
    assert_eq!(dag.free_inputs().map(Dataset::name).collect::<Vec<_>>(), ["A", "parameters"]);
    assert_eq!(dag.edges().count(), 3);
    let waits: Vec<usize> = dag.nodes().map(Node::n_predecessors).collect();
    assert_eq!(waits, [0, 1, 1, 1]);
}

#[test]
fn datasets_in_memory_of_one_name_stay_apart() {
    let texts = pipeline! {
        for Catalog;
        node(|a: i32| format!("{a}!"), [A] -> [value]),
        node(|value: &str| value.len(), [value] -> [len]),
        node(|value: String| value, [value] -> [kept]),
    };
    let numbers = pipeline! {
        for Catalog;
        node(|a: i32| f64::from(a) + 0.5, [A] -> [value]),
        node(double, [A] -> [kept]),
        node(|value: f64| value * 2.0, [value] -> [doubled]),
    };
    let sum = texts + numbers;
    let dag = sum.dag().unwrap();
    assert_eq!(dag.datasets().filter(|dataset| dataset.name() == "value").count(), 2);
    let runners: [&dyn Runner; 2] = [&SequentialRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        let (texts, numbers) = runner.run(&sum, &Catalog::default()).unwrap();
        assert_eq!((texts.len, texts.kept.as_str()), (2, "1!"));
        assert_eq!((numbers.doubled.to_string().as_str(), numbers.kept), ("3", 2));
    }
}

#[test]
fn a_pipeline_with_outputs_only_in_memory_may_be_added_to_itself() {
    let tripling =
        pipeline! { for Catalog; node(|a: i32| a * 3, [A] -> [step]), node(|step: i32| step, [step] -> [tripled]) };
    let sum = tripling.clone() + tripling;
    let (left, right) = SequentialRunner::new().run(&sum, &Catalog::default()).unwrap();
    assert_eq!((left.tripled, right.tripled), (3, 3));
    assert_eq!(sum.dag().unwrap().len(), 4);
}

#[test]
fn the_report_of_a_sum_has_the_outputs_of_both() {
    let failing = pipeline! {
        for Catalog;
        node(double, [A] -> [before]),
        node(double, [never] -> [after]),
    };
    let report = SequentialRunner::new().run_report(&(first() + failing), &Catalog::default()).unwrap();
    let (left, right) = report.outputs;
    assert_eq!((left.from_first, right.before, right.after), (Some(12), Some(2), None));
}

#[test]
fn an_error_in_a_part_is_told_with_the_names_of_that_part() {
    fn refuse(_: i32) -> Result<i32, String> {
        Err("refused".to_owned())
    }
    let refusing = pipeline! { for Catalog; node(refuse?, [C] -> [D]) }.named("refusing");
    let sum = first() + (refusing + second());
    let error = SequentialRunner::new().run(&sum, &Catalog::default()).err().unwrap();
    assert_eq!(
        format!("{error:?}"),
        "node `refuse([C]) -> [D]` of pipeline `first + refusing + second` failed\n  caused by: refused"
    );

    // The place of a dataset is another in each part and in the sum.
    let loading = pipeline! { for Catalog; node(add, [A, never] -> [E]) };
    let sum = (second() + first() + loading).named("all");
    let error = SequentialRunner::new().run(&sum, &Catalog::default()).err().unwrap();
    let Error::Load { pipeline, node, dataset, .. } = &error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), node.as_str(), dataset.as_str()), (Some("all"), "add([A;never]) -> [E]", "never"));
}

#[test]
fn a_sum_runs_again_and_its_parts_run_alone() {
    let (one, two) = (first(), second());
    let sum = one.clone() + two.clone();
    let catalog = Catalog::default();
    for seed in [1, 5] {
        catalog.A.save(seed).unwrap();
        let (left, right) = SequentialRunner::new().run(&sum, &catalog).unwrap();
        assert_eq!((left.from_first, right.from_second), (10 + 2 * seed, 5 * seed));
        assert_eq!(SequentialRunner::new().run(&one, &catalog).unwrap().from_first, 10 + 2 * seed);
        // The first reads `B` itself, so its run has released it.
        assert_eq!(SequentialRunner::new().run(&one, &catalog).unwrap().from_first, 10 + 2 * seed);
        let lost = SequentialRunner::new().run(&two, &catalog).unwrap_err();
        assert!(matches!(&lost, Error::Load { dataset, .. } if dataset == "B"), "{lost:?}");
        // A value from outside of a run stays.
        catalog.B.save(2 * seed).unwrap();
        for _ in 0..2 {
            assert_eq!(SequentialRunner::new().run(&two, &catalog).unwrap().from_second, 5 * seed);
        }
        catalog.B.release();
    }
}

#[test]
fn outputs_of_a_sum_may_be_dropped_with_their_types() {
    let sums: [Pipeline<Catalog>; 2] =
        [(first() + second()).without_outputs(), (first() + second() + third()).without_outputs()];
    for sum in &sums {
        let catalog = Catalog::default();
        let run = SequentialRunner::new().run_report(sum, &catalog).unwrap();
        assert_eq!(run.nodes().count(), sum.dag().unwrap().len());
        assert!(run.error().is_none());
    }
}

#[test]
fn a_dataset_with_two_writers_is_an_error() {
    let other = pipeline! { for Catalog; node(identity, [A] -> [B], name = "copy") };
    assert_eq!(
        error_of(&(first() + other.clone().named("other"))),
        "`first + other` cannot be joined: \
         dataset `B` is written by two nodes: `double([A]) -> [B]` and `copy: identity([A]) -> [B]`"
    );
    assert_eq!(
        error_of(&(other + first())),
        "a sum cannot be joined: \
         dataset `B` is written by two nodes: `copy: identity([A]) -> [B]` and `double([A]) -> [B]`"
    );
}

pipeline! { copying for Catalog { node(identity, [A] -> [B]) } }

pipeline! { copying_too for Catalog { node(identity, [A] -> [B]) } }

#[test]
fn two_items_of_equal_nodes_are_two_parts_and_the_error_says_how_each_came_in() {
    assert_eq!(
        error_of(&(copying() + copying_too())),
        "`copying + copying_too` cannot be joined: dataset `B` is written by two nodes: \
         `identity([A]) -> [B]` of `copying` and `identity([A]) -> [B]` of `copying_too`"
    );
    let both = (copying() + third()).named("both");
    assert_eq!(
        error_of(&(both + (second() + copying_too()))),
        "`both + second + copying_too` cannot be joined: dataset `B` is written by two nodes: \
         `identity([A]) -> [B]` of `copying` (by way of `both`) and `identity([A]) -> [B]` of `copying_too`"
    );
    let named = pipeline! { for Catalog; node(identity, [A] -> [B]) }.named("named");
    assert_eq!(
        error_of(&((third() + first()).named("inner") + named.clone())),
        "`inner + named` cannot be joined: dataset `B` is written by two nodes: \
         `double([A]) -> [B]` of `first` (by way of `inner`) and `identity([A]) -> [B]`"
    );
}

/// The nodes of a sum, in order.
fn nodes_of<O: Outputs>(sum: &Pipeline<Catalog, O>) -> Vec<String> {
    sum.dag().expect("the parts fit").nodes().map(|node| node.to_string()).collect()
}

#[test]
fn a_part_that_a_sum_has_twice_is_there_once() {
    let bc = pipeline! { for Catalog; node(double, [B] -> [C], name = "bc") }.named("bc");
    let (left, right) = (copying() + bc.clone(), bc.clone() + third());
    let sum = left.clone() + right.clone();
    assert_eq!(nodes_of(&sum), ["identity([A]) -> [B]", "bc: double([B]) -> [C]", "<closure>([C]) -> [D]"]);
    assert_eq!(nodes_of(&(third() + third())), ["<closure>([C]) -> [D]"]);
    assert_eq!(nodes_of(&(left.clone() + left.clone())).len(), 2);
    // Under other names, and by way of sums that have names.
    let renamed = left.named("left") + (third().named("another") + right.named("right"));
    assert_eq!(nodes_of(&renamed).len(), 3);
    let runners: [&dyn Runner; 3] = [&SequentialRunner::new(), &ThreadRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        for _ in 0..2 {
            let catalog = Catalog::default();
            let ((copying {}, ()), ((), third {})) = runner.run(&sum, &catalog).unwrap();
            assert_eq!(catalog.D.load().unwrap(), 3);
            let report = runner.run_report(&renamed, &catalog).unwrap();
            assert!(report.error().is_none());
        }
    }
}

#[test]
fn the_free_outputs_of_a_part_that_is_there_twice_are_returned_where_they_are_wanted() {
    for runner in [&SequentialRunner::new() as &dyn Runner, &ParallelRunner::new()] {
        let catalog = Catalog::default();
        let sum = (first().without_outputs() + second()) + (third() + first());
        assert_eq!(sum.dag().unwrap().len(), 5);
        for _ in 0..2 {
            let (((), second), (third {}, first)) = runner.run(&sum, &catalog).unwrap();
            assert_eq!((first.from_first, second.from_second), (12, 5));
        }
        let sum = (first() + second()) + (third() + first().without_outputs());
        let ((first, second), (third {}, ())) = runner.run(&sum, &catalog).unwrap();
        assert_eq!((first.from_first, second.from_second), (12, 5));
    }
    // What two sides want exists once; without outputs, nobody wants it.
    let twice = (first() + second()) + (first() + third());
    let error = error_of(&twice);
    assert!(error.ends_with("drop them on one side, with `without_outputs()` before the `+`"), "{error}");
    assert_eq!(twice.without_outputs().dag().unwrap().len(), 5);
}

#[test]
fn any_number_of_pipelines_has_a_sum_without_outputs() {
    let parts = [third().without_outputs(), second().without_outputs(), first().without_outputs()];
    for sum in [parts.iter().sum(), parts.into_iter().sum::<Pipeline<Catalog>>()] {
        assert_eq!(sum.name(), Some("third + second + first"));
        let catalog = Catalog::default();
        SequentialRunner::new().run(&sum, &catalog).unwrap();
        assert_eq!(*catalog.D.load().unwrap(), 5);
    }
    let none: Pipeline<Catalog> = std::iter::empty::<Pipeline<Catalog>>().sum();
    assert!(none.dag().unwrap().is_empty());
    assert_eq!(none.name(), None);
    let catalog = Catalog::default();
    SequentialRunner::new().run(&none, &catalog).unwrap();
    ParallelRunner::new().run(&none, &catalog).unwrap();
    let sum = first() + none;
    assert_eq!(SequentialRunner::new().run(&sum, &catalog).unwrap().0.from_first, 12);
}

#[test]
fn a_sum_of_ten_thousand_parts_is_made_at_once() {
    let part = || pipeline! { for Catalog; node(double, [A] -> [twice]) }.without_outputs();
    let parts: Vec<Pipeline<Catalog>> = (0..10_000).map(|_| part()).collect();
    let started = std::time::Instant::now();
    let by_hand = parts.iter().cloned().reduce(|sum, part| (sum + part).without_outputs()).unwrap();
    assert_eq!(by_hand.dag().unwrap().len(), 10_000);
    assert_eq!(parts.iter().sum::<Pipeline<Catalog>>().dag().unwrap().len(), 10_000);
    // It takes some milliseconds; were each `+` to copy or to join all before it, it would take minutes.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    SequentialRunner::new().run(&by_hand, &Catalog::default()).unwrap();
}

#[test]
fn a_cycle_across_parts_is_an_error() {
    let back = pipeline! { for Catalog; node(identity, [C] -> [A], name = "back") }.named("back");
    assert_eq!(
        error_of(&(first() + second() + back)),
        "`first + second + back` cannot be joined: its nodes wait for each other: \
         `double([A]) -> [B]` -> `double([B]) -> [C]` -> `back: identity([C]) -> [A]` -> `double([A]) -> [B]`"
    );
}

#[test]
fn a_name_that_two_nodes_have_is_an_error() {
    let one = pipeline! { for Catalog; node(double, [A] -> [B], name = "same") };
    let two = pipeline! { for Catalog; node(identity, [A] -> [C], name = "same") };
    assert_eq!(
        error_of(&(one + two).named("twins")),
        "`twins` cannot be joined: two nodes are called `same`: `same: double([A]) -> [B]` and `same: identity([A]) -> [C]`"
    );
}

#[test]
fn a_sum_that_does_not_fit_does_not_fit_into_a_larger_one() {
    let broken = first() + first();
    assert_eq!(
        error_of(&(broken + second())),
        "`first + first + second` cannot be joined: \
         dataset `B` is written by two nodes: `double([A]) -> [B]` of `first` and `double([A]) -> [B]` of `first`; \
         the sum returns the free outputs of both, so they are not one: drop them on one side, with `without_outputs()` before the `+`"
    );
}

#[test]
fn nodes_without_names_may_be_the_same_in_both_parts() {
    let one = pipeline! { for Catalog; node(double, [A] -> [twice]) };
    let two = pipeline! { for Catalog; node(double, [A] -> [twice]) };
    let (one, two) = SequentialRunner::new().run(&(one + two), &Catalog::default()).unwrap();
    assert_eq!((one.twice, two.twice), (2, 2));
}
