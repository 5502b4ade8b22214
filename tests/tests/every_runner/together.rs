//! Several runs at a time, and work beside a run's own.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every test of the suite is given its runner by reference")]

use std::thread;

use pipeline_core::prelude::*;
use rayon::prelude::*;

use crate::Catalog;
use crate::runners::Tried;

pipeline! {
    #[portable]
    pub(crate) listing for Catalog {
        node(|a: i32| vec![a; 3], [A] -> [list]),
        node(|list: &[i32]| list.iter().sum::<i32>(), [list] -> [sum]),
        node(|list: Vec<i32>| list.len(), [list] -> [len]),
        node(|sum: i32, len: usize| format!("{sum} of {len}"), [sum, len] -> [text: String]),
    }
}

pub(crate) fn two_runs_at_once_do_not_meet(tried: &Tried) {
    let pipeline = listing();
    let run_often = |a: i32| {
        let catalog = Catalog { A: Memory::new(a), ..Catalog::default() };
        for _ in 0..20 {
            assert_eq!(tried.run(&pipeline, &catalog).expect("it runs").text, format!("{} of 3", 3 * a));
        }
    };
    thread::scope(|scope| {
        let others = [1, 2].map(|a| scope.spawn(move || run_often(a)));
        run_often(3);
        for other in others {
            other.join().expect("its own values are there");
        }
    });
}

fn sum(n: i32) -> i32 {
    (0..=n * 1000).into_par_iter().map(|x| x % 7).sum()
}

pipeline! {
    #[portable]
    pub(crate) working for Catalog {
        node(sum, [A] -> [one]), node(sum, [A] -> [two]), node(sum, [A] -> [three]), node(sum, [A] -> [four]),
        node(|sums: [i32; 4]| sums.into_par_iter().max(), [all] -> [most: Option<i32>]),
        node(|a: i32, b: i32, c: i32, d: i32| [a, b, c, d], [one, two, three, four] -> [all]),
    }
}

pub(crate) fn a_node_may_work_in_parallel_by_itself(tried: &Tried) {
    let outputs = tried.run(&working(), &Catalog::default()).expect("it runs");
    assert_eq!(outputs.most, Some((0..=3000).map(|x| x % 7).sum::<i32>()));
}
