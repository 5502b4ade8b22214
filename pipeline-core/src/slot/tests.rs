//! Slots and the states of nodes under loom, in every order that two or three threads can have:
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --package pipeline-core --lib --no-default-features slot::
//! ```

use std::sync::Arc as Plain;
use std::sync::atomic::AtomicUsize as Count;
use std::sync::atomic::Ordering::SeqCst;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::{AnySlot, Readers, Slot, at};
use crate::memory::{Memory, State};
use crate::pass::Input;

/// What became of a value and its clones. Not loom's, so that counting puts nothing in order.
#[derive(Clone, Default)]
struct Counts {
    drops: Plain<Count>,
    clones: Plain<Count>,
}

struct Value(Counts, u32);

impl Clone for Value {
    fn clone(&self) -> Self {
        self.0.clones.fetch_add(1, SeqCst);
        Self(self.0.clone(), self.1)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, SeqCst);
    }
}

impl Counts {
    fn value(&self) -> Value {
        Value(self.clone(), 42)
    }

    /// Every value has been dropped once, the clones included.
    fn check(&self, max_clones: usize) {
        let clones = self.clones.load(SeqCst);
        assert!(clones <= max_clones, "{clones} clones");
        assert_eq!(self.drops.load(SeqCst), 1 + clones);
    }
}

fn slot(memory: &Memory) -> &Slot<Value> {
    at(&memory.slots, 0)
}

/// As a node reads that takes a reference.
fn by_reference(slot: &Slot<Value>) {
    let mut input = slot.read(Readers::OnSeveral).expect("it is written");
    let value: &Value = input.pass().get();
    assert_eq!(value.1, 42);
}

/// As a node reads that takes the value.
fn by_value(slot: &Slot<Value>) {
    let mut input = slot.read(Readers::OnSeveral).expect("it is written");
    let value: Value = input.pass().get();
    assert_eq!(value.1, 42);
}

/// A slot with so many readers, each on a thread of its own, and what became of its value: at most so many clones.
fn readers(each: &'static [fn(&Slot<Value>)], max_clones: usize) {
    loom::model(move || {
        let counts = Counts::default();
        let slot = Arc::new(Slot::new(u32::try_from(each.len()).expect("few readers")));
        slot.put(counts.value());
        let (first, others) = each.split_first().expect("there are readers");
        let others: Vec<JoinHandle<()>> = others
            .iter()
            .map(|read| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || read(&slot))
            })
            .collect();
        first(&slot);
        for other in others {
            other.join().expect("it reads");
        }
        // Before the slot itself is dropped, its last reader has dropped the value.
        counts.check(max_clones);
    });
}

#[test]
fn the_last_of_two_readers_drops_the_value() {
    readers(&[by_reference, by_reference], 0);
}

#[test]
fn the_last_of_two_readers_by_value_gets_it() {
    // Where they overlap, both are given clones.
    readers(&[by_value, by_value], 2);
    readers(&[by_reference, by_value], 1);
}

#[test]
fn the_last_of_three_readers_drops_the_value() {
    readers(&[by_reference, by_reference, by_reference], 0);
}

#[test]
fn of_three_readers_those_by_value_get_clones_and_the_last_the_value() {
    readers(&[by_reference, by_value, by_value], 2);
}

#[test]
fn a_reader_that_may_read_again_is_counted_out_once() {
    loom::model(|| {
        let counts = Counts::default();
        let slots = Arc::new([AnySlot::new::<Value>(2)]);
        let again: &Slot<Value> = at(&*slots, 0);
        again.put(counts.value());
        let other = thread::spawn({
            let slots = Arc::clone(&slots);
            move || by_reference(at(&*slots, 0))
        });
        for _ in 0..2 {
            let mut input = again.read(Readers::MayReadAgain).expect("it stays until this reader is counted out");
            let value: &Value = input.pass().get();
            assert_eq!(value.1, 42);
        }
        slots[0].count_out();
        other.join().expect("it reads");
        counts.check(0);
    });
}

/// A memory with a slot that node 0 writes and nodes 1 and 2 read.
fn memory(n_readers: u32) -> Memory {
    Memory::new([AnySlot::new::<Value>(n_readers)].into(), 3)
}

#[test]
fn a_reader_that_sees_its_writer_completed_sees_the_value() {
    loom::model(|| {
        let counts = Counts::default();
        let memory = Arc::new(memory(1));
        let reader = thread::spawn({
            let memory = Arc::clone(&memory);
            move || {
                let is_turn = memory.state(0) == State::Completed;
                if is_turn {
                    assert!(memory.start(1));
                    assert_eq!(slot(&memory).take().expect("it is written").1, 42);
                    memory.set(1, State::Completed);
                }
                is_turn
            }
        });
        assert!(memory.start(0));
        slot(&memory).put(counts.value());
        memory.set(0, State::Completed);
        if reader.join().expect("it reads or not") {
            counts.check(0);
        } else {
            assert_eq!(slot(&memory).take().expect("it is still there").1, 42);
            counts.check(0);
        }
    });
}

#[test]
fn of_two_readers_on_threads_the_one_that_is_last_sees_all_of_the_other() {
    loom::model(|| {
        let counts = Counts::default();
        let memory = Arc::new(memory(2));
        let read = |node: usize, memory: &Memory| {
            if memory.state(0) == State::Completed {
                assert!(memory.start(node));
                by_value(slot(memory));
                memory.set(node, State::Completed);
            }
        };
        let reader = thread::spawn({
            let memory = Arc::clone(&memory);
            move || read(1, &memory)
        });
        assert!(memory.start(0));
        slot(&memory).put(counts.value());
        memory.set(0, State::Completed);
        read(2, &memory);
        reader.join().expect("it reads or not");
        if memory.state(1) == State::Completed {
            counts.check(2);
        }
    });
}

#[test]
fn a_node_is_started_once_by_whoever_is_first() {
    loom::model(|| {
        let memory = Arc::new(memory(1));
        let other = thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.start(0)
        });
        let own = memory.start(0);
        assert!(own ^ other.join().expect("it starts or not"));
    });
}

/// One thread executes all nodes in order, if it may; another starts the first of them by itself. Each is executed once.
fn in_order_beside_one(failed: Option<usize>) {
    loom::model(move || {
        let counts = Counts::default();
        let memory = Arc::new(memory(1));
        let one = thread::spawn({
            let (memory, counts) = (Arc::clone(&memory), counts.clone());
            move || {
                let is_started = memory.start(0);
                if is_started {
                    slot(&memory).put(counts.value());
                    memory.set(0, State::Completed);
                }
                is_started
            }
        });
        let in_order = memory.begin_in_order();
        if in_order {
            slot(&memory).put(counts.value());
            memory.end_in_order(failed);
        }
        let one = one.join().expect("it starts or not");
        assert!(in_order ^ one, "in order: {in_order}, by itself: {one}");
        assert_eq!(memory.state(0), State::Completed);
        assert_eq!(memory.is_all_completed(), in_order && failed.is_none());
        assert_eq!(slot(&memory).take().expect("it is written").1, 42);
        counts.check(0);
    });
}

#[test]
fn what_is_executed_in_order_is_not_started_by_itself() {
    in_order_beside_one(None);
}

#[test]
fn what_is_executed_in_order_up_to_a_failure_is_not_started_by_itself() {
    in_order_beside_one(Some(1));
}
