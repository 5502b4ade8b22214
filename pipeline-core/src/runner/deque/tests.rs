//! The deque under loom, in every order that two or three threads can have, with a few switches between them:
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --package pipeline-core --lib --no-default-features runner::deque::
//! ```

use loom::model::Builder;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::Deque;
use crate::sync::{AtomicU32, AtomicUsize, Cell, Ordering};

/// Tries the orders in which threads are interrupted three times at most: what goes wrong does so with fewer, and all orders take minutes.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// A thread that steals so many times.
fn thief(deque: &Arc<Deque>, n_times: usize) -> JoinHandle<Vec<u32>> {
    let deque = Arc::clone(deque);
    thread::spawn(move || (0..n_times).filter_map(|_| Some(deque.steal()?.0)).collect())
}

/// All that was taken, by whomever, and what is left.
fn taken(own: Vec<u32>, thieves: Vec<JoinHandle<Vec<u32>>>, deque: &Deque) -> Vec<u32> {
    let mut taken = own;
    for thief in thieves {
        taken.extend(thief.join().expect("it steals"));
    }
    taken.extend(std::iter::from_fn(|| deque.pop()));
    taken.sort_unstable();
    taken
}

#[test]
fn each_node_is_taken_once_by_its_thread_or_another() {
    for n_nodes in 1..=3 {
        model(move || {
            let deque = Arc::new(Deque::new(3));
            deque.push(0..n_nodes);
            let thieves = vec![thief(&deque, 2)];
            let own = (0..2).filter_map(|_| deque.pop()).collect();
            assert_eq!(taken(own, thieves, &deque), (0..n_nodes).collect::<Vec<_>>());
        });
    }
}

#[test]
fn each_node_is_taken_once_by_one_of_two_others() {
    model(|| {
        let deque = Arc::new(Deque::new(2));
        deque.push([0, 1]);
        let thieves = vec![thief(&deque, 1), thief(&deque, 1)];
        let own = deque.pop().into_iter().collect();
        assert_eq!(taken(own, thieves, &deque), [0, 1]);
    });
}

#[test]
fn nodes_that_come_while_others_take_are_taken_once() {
    model(|| {
        // The ring is that small that the third node comes where the first has been.
        let deque = Arc::new(Deque::new(1));
        deque.push([0]);
        let thieves = vec![thief(&deque, 2)];
        let mut own: Vec<u32> = deque.pop().into_iter().collect();
        for node in 1..3 {
            deque.push([node]);
            own.extend(deque.pop());
        }
        assert_eq!(taken(own, thieves, &deque), [0, 1, 2]);
    });
}

#[test]
fn who_takes_a_node_sees_what_was_done_before_it_was_put_there() {
    model(|| {
        let shared = Arc::new((Deque::new(2), Cell::new(0)));
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.0.steal().map(|_| read(&shared.1))
        });
        shared.1.with_mut(write);
        shared.0.push([0, 1]);
        let _own = shared.0.pop();
        assert_ne!(other.join().expect("it steals"), Some(0));
    });
}

#[expect(unsafe_code, reason = "loom tells whether another thread uses the cell at the same time")]
fn write(value: *mut u32) {
    // SAFETY: loom lets no two threads use it at the same time.
    unsafe { *value = 42 }
}

#[expect(unsafe_code, reason = "loom tells whether another thread uses the cell at the same time")]
fn read(cell: &Cell<u32>) -> u32 {
    let (value, mut reading) = cell.read();
    // SAFETY: loom lets no two threads use it at the same time.
    let value = unsafe { *value };
    reading.end();
    value
}

/// Who leaves finds the node, or who put it there knows that somebody is gone.
#[test]
fn no_node_is_left_to_a_thread_that_has_gone() {
    model(|| {
        let shared = Arc::new((Deque::new(1), AtomicUsize::new(2)));
        let leaving = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.fetch_sub(1, Ordering::AcqRel);
                !shared.0.is_empty()
            }
        });
        shared.0.push([0]);
        let calls = shared.1.load(Ordering::Relaxed) < 2;
        assert!(leaving.join().expect("it leaves") || calls);
    });
}

/// Of several threads, each of which does one of what a node waits for, the last puts it there: the one who takes it sees all of them.
#[test]
fn who_takes_a_node_that_waited_for_two_sees_both() {
    model(|| {
        let shared = Arc::new((Deque::new(1), AtomicU32::new(2), [Cell::new(0), Cell::new(0)]));
        let do_one = |place: usize, shared: &(Deque, AtomicU32, [Cell<u32>; 2])| {
            shared.2[place].with_mut(write);
            shared.1.fetch_sub(1, Ordering::AcqRel) == 1
        };
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || do_one(0, &shared) && (read(&shared.2[0]), read(&shared.2[1])) == (42, 42)
        });
        let is_last = do_one(1, &shared);
        if is_last {
            shared.0.push([0]);
            assert_eq!((read(&shared.2[0]), read(&shared.2[1])), (42, 42));
        }
        assert!(other.join().expect("it does its part") ^ is_last);
    });
}
