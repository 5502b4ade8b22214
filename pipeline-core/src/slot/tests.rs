//! Slots and the states of nodes under loom, in every order that two or three threads can have:
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --package pipeline-core --lib --no-default-features slot::
//! ```

#![expect(unsafe_code, reason = "the rules of `slot.rs` are what is tested here: loom fails where one is broken")]

use std::sync::Arc as Plain;
use std::sync::atomic::AtomicUsize as Count;
use std::sync::atomic::Ordering::SeqCst;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::{AnySlot, Readers, Slot, at};
use crate::memory::{Memory, State};
use crate::pass::{Input, Lent};

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

fn first(slots: &[AnySlot]) -> &Slot<Value> {
    // SAFETY: all tests make their first slot for a `Value`.
    unsafe { at(slots, 0) }
}

fn slot(memory: &Memory) -> &Slot<Value> {
    first(&memory.slots)
}

fn put(slot: &Slot<Value>, counts: &Counts) {
    // SAFETY: the test calls it as the writer.
    unsafe { slot.put(counts.value()) };
}

fn read(slot: &Slot<Value>, readers: Readers) -> Lent<'_, Value> {
    // SAFETY: the test calls it as a reader, whose writer is done.
    unsafe { slot.read(readers) }.expect("it is written")
}

fn take(slot: &Slot<Value>) -> Value {
    // SAFETY: the test calls it as the only reader, whose writer is done.
    unsafe { slot.take() }.expect("it is written")
}

/// As a node reads that takes a reference.
fn by_reference(slot: &Slot<Value>) {
    let mut input = read(slot, Readers::OnSeveral);
    let value: &Value = input.pass().get();
    assert_eq!(value.1, 42);
}

/// As a node reads that takes the value.
fn by_value(slot: &Slot<Value>) {
    let mut input = read(slot, Readers::OnSeveral);
    let value: Value = input.pass().get();
    assert_eq!(value.1, 42);
}

/// A slot with so many readers, each on a thread of its own, and what became of its value: at most so many clones.
fn readers(each: &'static [fn(&Slot<Value>)], max_clones: usize) {
    loom::model(move || {
        let counts = Counts::default();
        let slot = Arc::new(Slot::new(u32::try_from(each.len()).expect("few readers")));
        put(&slot, &counts);
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
        let again = first(&*slots);
        put(again, &counts);
        let other = thread::spawn({
            let slots = Arc::clone(&slots);
            move || by_reference(first(&*slots))
        });
        for _ in 0..2 {
            let mut input = read(again, Readers::MayReadAgain);
            let value: &Value = input.pass().get();
            assert_eq!(value.1, 42);
        }
        // SAFETY: this reader is counted out once, and does not read any more.
        unsafe { slots[0].count_out() };
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
                    assert_eq!(take(slot(&memory)).1, 42);
                    memory.set(1, State::Completed);
                }
                is_turn
            }
        });
        assert!(memory.start(0));
        put(slot(&memory), &counts);
        memory.set(0, State::Completed);
        if reader.join().expect("it reads or not") {
            counts.check(0);
        } else {
            assert_eq!(take(slot(&memory)).1, 42);
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
        put(slot(&memory), &counts);
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
                    put(slot(&memory), &counts);
                    memory.set(0, State::Completed);
                }
                is_started
            }
        });
        let in_order = memory.begin_in_order();
        if in_order {
            put(slot(&memory), &counts);
            memory.end_in_order(failed);
        }
        let one = one.join().expect("it starts or not");
        assert!(in_order ^ one, "in order: {in_order}, by itself: {one}");
        assert_eq!(memory.state(0), State::Completed);
        assert_eq!(memory.is_all_completed(), in_order && failed.is_none());
        assert_eq!(take(slot(&memory)).1, 42);
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

/// A scheduler says at its end what became of the nodes: node 0 is completed, node 1 has failed, and those behind it wait. Another thread, which
/// asks for node 2 all the time, skips it once, and then sees what node 0 did.
fn skipped_beside_the_end(end: fn(&Memory)) {
    loom::model(move || {
        let counts = Counts::default();
        let memory = Arc::new(memory(1));
        assert!(memory.begin_in_order());
        let other = thread::spawn({
            let memory = Arc::clone(&memory);
            move || {
                let skip = || memory.state(1) == State::Failed && memory.pass_over(2, State::Orphaned);
                let n_skipped = [skip(), skip()].into_iter().filter(|&is_skipped| is_skipped).count();
                if n_skipped > 0 {
                    // SAFETY: node 2 is the reader of the slot, and has been skipped.
                    unsafe { memory.slots[0].count_out() };
                }
                n_skipped
            }
        });
        put(slot(&memory), &counts);
        end(&memory);
        let n_skipped = other.join().expect("it skips or not");
        let is_skipped_now = memory.pass_over(2, State::Orphaned);
        assert_eq!(n_skipped + usize::from(is_skipped_now), 1);
        if n_skipped > 0 {
            counts.check(0);
        }
    });
}

#[test]
fn a_node_is_skipped_once_while_a_run_in_order_ends() {
    skipped_beside_the_end(|memory| memory.end_in_order(Some(1)));
}

#[test]
fn a_node_is_skipped_once_while_a_scheduler_ends() {
    skipped_beside_the_end(|memory| {
        memory.end_with(|node| match node {
            0 => State::Completed,
            1 => State::Failed,
            _ => State::Waiting,
        });
    });
}
