//! How much an order holds, of DAGs whose least is known, and of random ones.

use super::*;
use crate::order;

/// A node of so many datasets in memory.
fn node(inputs: &[usize], outputs: &[usize]) -> Ends {
    Ends { inputs: inputs.to_vec(), outputs: outputs.to_vec() }
}

fn sorted(nodes: &[Ends], n_datasets: usize) -> Vec<usize> {
    order(nodes, &vec![true; n_datasets]).unwrap().nodes
}

/// How many datasets the order of the nodes holds at once, and how many the places would.
fn held(nodes: &[Ends], n_datasets: usize) -> (usize, usize) {
    let memory = Memory::new(nodes, &vec![true; n_datasets]);
    let by_place: Vec<usize> = (0..nodes.len()).collect();
    (memory.most_held(&sorted(nodes, n_datasets)), memory.most_held(&by_place))
}

/// Copies of a few nodes, all first nodes before all second ones, over datasets of their own.
fn side_by_side(n_copies: usize, nodes: &[Ends], n_datasets: usize) -> Vec<Ends> {
    let of = |copy: usize| move |&dataset: &usize| copy * n_datasets + dataset;
    let copied = |ends: &Ends, copy| Ends {
        inputs: ends.inputs.iter().map(of(copy)).collect(),
        outputs: ends.outputs.iter().map(of(copy)).collect(),
    };
    nodes.iter().flat_map(|ends| (0..n_copies).map(move |copy| copied(ends, copy))).collect()
}

#[test]
fn a_chain_is_ended_before_the_next_is_begun() {
    let chains = side_by_side(3, &[node(&[], &[0]), node(&[0], &[1]), node(&[1], &[])], 2);
    assert_eq!(sorted(&chains, 6), [0, 3, 6, 1, 4, 7, 2, 5, 8]);
    assert_eq!(held(&chains, 6), (2, 4));
}

#[test]
fn a_chain_that_widens_is_ended_too() {
    // Load, describe, split in two, fit, score.
    let chain = [node(&[], &[0]), node(&[0], &[]), node(&[0], &[1, 2]), node(&[1], &[3]), node(&[2, 3], &[])];
    assert_eq!(held(&side_by_side(8, &chain, 4), 32), (3, 17));
}

#[test]
fn chains_that_begin_from_one_dataset_are_ended_one_by_one() {
    let mut nodes = vec![node(&[], &[32])];
    nodes.extend(side_by_side(8, &[node(&[], &[0]), node(&[0], &[1]), node(&[0, 1], &[])], 4));
    for first in &mut nodes[1..=8] {
        first.inputs.push(32);
    }
    assert_eq!(held(&nodes, 33), (3, 16));
}

#[test]
fn what_is_joined_in_the_end_is_made_small_first() {
    // Eight tables are loaded, then cleaned, then joined: each is cleaned when it is loaded.
    let mut nodes = side_by_side(8, &[node(&[], &[0]), node(&[0], &[1])], 2);
    nodes.push(node(&[1, 3, 5, 7, 9, 11, 13, 15], &[16]));
    assert_eq!(sorted(&nodes, 17)[..6], [0, 8, 1, 9, 2, 10]);
}

#[test]
fn a_tree_is_reduced_from_the_left() {
    let mut nodes: Vec<Ends> = (0..64).map(|leaf| node(&[], &[leaf])).collect();
    nodes.extend((64..127).map(|to| node(&[2 * (to - 64), 2 * (to - 64) + 1], &[to])));
    // One for each layer, and those of the node that is executed.
    assert_eq!(held(&nodes, 127), (8, 65));
}

#[test]
fn the_places_decide_where_they_hold_less() {
    // A square whose rows each read the row before. Depth first, half of all rows would be begun.
    const WIDTH: usize = 8;
    let row = |at: usize| at / WIDTH;
    let nodes: Vec<Ends> = (0..WIDTH * WIDTH)
        .map(|at| match row(at).checked_sub(1) {
            None => node(&[], &[at]),
            Some(above) => node(&[above * WIDTH + at % WIDTH, above * WIDTH + (at + 1) % WIDTH], &[at]),
        })
        .collect();
    assert!(sorted(&nodes, WIDTH * WIDTH).is_sorted());
    assert_eq!(held(&nodes, WIDTH * WIDTH), (WIDTH + 2, WIDTH + 2));
}

#[test]
fn datasets_outside_of_memory_do_not_count() {
    let chains = side_by_side(3, &[node(&[], &[0]), node(&[0], &[1]), node(&[1], &[])], 2);
    assert!(order(&chains, &[false; 6]).unwrap().nodes.is_sorted());
}

#[test]
fn an_order_is_valid_and_never_holds_more_than_the_places_do() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut n_better = 0;
    for _ in 0..500 {
        let (mut nodes, mut n_datasets) = (Vec::new(), 0);
        for _ in 0..random.usize(1..30) {
            let inputs = (0..random.usize(0..4)).filter_map(|_| random.choice(0..n_datasets)).collect();
            let n_outputs = random.usize(0..3);
            nodes.push(Ends { inputs, outputs: (n_datasets..n_datasets + n_outputs).collect() });
            n_datasets += n_outputs;
        }
        let mut seen = vec![false; n_datasets];
        let order = sorted(&nodes, n_datasets);
        for &at in &order {
            assert!(nodes[at].inputs.iter().all(|&input| seen[input]), "{nodes:?} in the order {order:?}");
            for &output in &nodes[at].outputs {
                seen[output] = true;
            }
        }
        assert_eq!(order.len(), nodes.len());
        let (held, by_place) = held(&nodes, n_datasets);
        assert!(held <= by_place, "{nodes:?} in the order {order:?} holds {held}, not {by_place}");
        n_better += usize::from(held < by_place);
    }
    assert!(n_better > 100, "only {n_better} are better");
}
