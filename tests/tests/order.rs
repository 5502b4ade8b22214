//! The order of a pipeline: with one worker, few values are in memory at the same time, and what makes no difference stays as it is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_core::Outputs;
use pipeline_core::dag::{Dag, Node};
use pipeline_core::prelude::*;

/// How many values there are, and how many there were at most.
#[derive(Debug, Default)]
struct Counter {
    alive: AtomicUsize,
    most: AtomicUsize,
}

/// A value that counts.
struct Big(Arc<Counter>);

impl Big {
    fn new(counter: &Arc<Counter>) -> Self {
        let alive = counter.alive.fetch_add(1, Ordering::SeqCst) + 1;
        counter.most.fetch_max(alive, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Big {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

catalog! {
    struct Catalog {
        counter: Memory<Arc<Counter>> = Memory::new(Arc::default()),
        a: Memory<i32>,
        b: Memory<i32>,
        c: Memory<i32>,
        d: Memory<i32>,
    }
}

fn load(counter: &Arc<Counter>) -> Big {
    Big::new(counter)
}

fn process(value: &Big) -> Big {
    Big::new(&value.0)
}

fn join(left: &Big, _: &Big) -> Big {
    Big::new(&left.0)
}

fn split(value: &Big) -> (Big, Big) {
    (Big::new(&value.0), Big::new(&value.0))
}

fn save(_: &Big) -> i32 {
    1
}

fn score(_: &Big, _: &Big) -> i32 {
    1
}

/// All who execute one node at a time.
fn one_by_one() -> [(&'static str, Box<dyn Runner>); 3] {
    [
        ("SequentialRunner", Box::new(SequentialRunner::new())),
        ("ThreadRunner", Box::new(ThreadRunner::new().max_workers(1))),
        ("ParallelRunner", Box::new(ParallelRunner::new().max_workers(1))),
    ]
}

/// Runs a pipeline with one worker of each kind: so many values are alive at once, and none in the end.
#[track_caller]
fn holds<O: Outputs>(pipeline: &Pipeline<Catalog, O>, n_values: usize) {
    for (name, runner) in one_by_one() {
        let counter = Arc::new(Counter::default());
        let catalog = Catalog { counter: Memory::new(Arc::clone(&counter)), ..Catalog::default() };
        drop(runner.run(pipeline, &catalog).expect("it runs"));
        assert_eq!(counter.most.load(Ordering::SeqCst), n_values, "{name}: {}", pipeline.dag().expect("it has one"));
        assert_eq!(counter.alive.load(Ordering::SeqCst), 0, "{name}");
    }
}

fn names(dag: &Dag) -> Vec<&str> {
    dag.nodes().filter_map(Node::name).collect()
}

#[test]
fn a_chain_is_run_to_its_end_before_the_next_one_begins() {
    let chains = pipeline! {
        for Catalog;
        node(load, [counter] -> [raw_a], name = "load_a"),
        node(load, [counter] -> [raw_b], name = "load_b"),
        node(load, [counter] -> [raw_c], name = "load_c"),
        node(load, [counter] -> [raw_d], name = "load_d"),
        node(process, [raw_a] -> [clean_a], name = "process_a"),
        node(process, [raw_b] -> [clean_b], name = "process_b"),
        node(process, [raw_c] -> [clean_c], name = "process_c"),
        node(process, [raw_d] -> [clean_d], name = "process_d"),
        node(save, [clean_a] -> [a], name = "save_a"),
        node(save, [clean_b] -> [b], name = "save_b"),
        node(save, [clean_c] -> [c], name = "save_c"),
        node(save, [clean_d] -> [d], name = "save_d"),
    };
    holds(&chains, 2);
    assert_eq!(names(chains.dag().unwrap())[..6], ["load_a", "process_a", "save_a", "load_b", "process_b", "save_b"]);
}

#[test]
fn a_chain_that_begins_from_a_shared_value_and_widens_is_run_to_its_end_too() {
    let chains = pipeline! {
        for Catalog;
        node(load, [counter] -> [shared]),
        node(process, [shared] -> [table_a]),
        node(process, [shared] -> [table_b]),
        node(process, [shared] -> [table_c]),
        node(save, [table_a] -> [described_a]),
        node(save, [table_b] -> [described_b]),
        node(save, [table_c] -> [described_c]),
        node(split, [table_a] -> [train_a, test_a]),
        node(split, [table_b] -> [train_b, test_b]),
        node(split, [table_c] -> [train_c, test_c]),
        node(process, [train_a] -> [model_a]),
        node(process, [train_b] -> [model_b]),
        node(process, [train_c] -> [model_c]),
        node(score, [model_a, test_a] -> [a]),
        node(score, [model_b, test_b] -> [b]),
        node(score, [model_c, test_c] -> [c]),
    };
    // The shared one, and a table with its parts.
    holds(&chains, 4);
}

#[test]
fn a_tree_is_reduced_with_few_values_in_memory() {
    let tree = pipeline! {
        for Catalog;
        node(load, [counter] -> [l1]), node(load, [counter] -> [l2]), node(load, [counter] -> [l3]),
        node(load, [counter] -> [l4]), node(load, [counter] -> [l5]), node(load, [counter] -> [l6]),
        node(load, [counter] -> [l7]), node(load, [counter] -> [l8]),
        node(join, [l1, l2] -> [m1]), node(join, [l3, l4] -> [m2]), node(join, [l5, l6] -> [m3]),
        node(join, [l7, l8] -> [m4]), node(join, [m1, m2] -> [n1]), node(join, [m3, m4] -> [n2]),
        node(join, [n1, n2] -> [root]), node(save, [root] -> [a]),
    };
    // One for each of the three layers of leaves and joins below the node that is executed, and its own two.
    holds(&tree, 5);
}

#[test]
fn the_nodes_of_a_sum_are_ordered_anew() {
    pipeline! {
        loading for Catalog {
            node(load, [counter] -> [raw], name = "load"),
            node(save, [raw] -> [a], name = "save"),
        }
    }
    pipeline! {
        both for Catalog {
            node(load, [counter] -> [other], name = "load_other"),
            node(|other: &Big, _: i32| save(other), [other, a] -> [b], name = "end"),
        }
    }
    // What `end` needs is made first, since its first input waits for nothing.
    holds(&(both() + loading()), 2);
    let sum = loading() + both();
    holds(&sum, 1);
    assert_eq!(names(sum.dag().unwrap()), ["load", "save", "load_other", "end"]);
}

#[test]
fn what_makes_no_difference_is_run_as_it_is_written() {
    // Nothing is in memory: the catalog holds it all.
    let through_the_catalog = pipeline! {
        for Catalog;
        node(|_: &Arc<Counter>| 1, [counter] -> [a], name = "a"),
        node(|_: &Arc<Counter>| 2, [counter] -> [b], name = "b"),
        node(|a: i32| a, [a] -> [c], name = "c"),
        node(|b: i32| b, [b] -> [d], name = "d"),
    };
    assert_eq!(names(through_the_catalog.dag().unwrap()), ["a", "b", "c", "d"]);

    // Each order holds two values at the end, whichever comes first.
    let one_after_the_other = pipeline! {
        for Catalog;
        node(load, [counter] -> [second], name = "second"),
        node(load, [counter] -> [first], name = "first"),
        node(score, [first, second] -> [a], name = "score"),
    };
    assert_eq!(names(one_after_the_other.dag().unwrap()), ["second", "first", "score"]);
}

#[test]
fn an_order_that_holds_fewer_values_as_it_is_written_is_kept() {
    // Each row reads the one before it: depth first, more than one row would be begun.
    let rows = pipeline! {
        for Catalog;
        node(load, [counter] -> [r11]), node(load, [counter] -> [r12]), node(load, [counter] -> [r13]),
        node(load, [counter] -> [r14]), node(load, [counter] -> [r15]),
        node(join, [r11, r12] -> [r21]), node(join, [r12, r13] -> [r22]), node(join, [r13, r14] -> [r23]),
        node(join, [r14, r15] -> [r24]), node(join, [r15, r11] -> [r25]),
        node(join, [r21, r22] -> [r31]), node(join, [r22, r23] -> [r32]), node(join, [r23, r24] -> [r33]),
        node(join, [r24, r25] -> [r34]), node(join, [r25, r21] -> [r35]),
        node(save, [r31] -> [_s1]), node(save, [r32] -> [_s2]), node(save, [r33] -> [_s3]),
        node(save, [r34] -> [_s4]), node(save, [r35] -> [_s5]),
    };
    holds(&rows, 7);
}
