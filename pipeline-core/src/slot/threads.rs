//! Slots on threads of the system, many times over, for the sanitizers (`.ci/sanitizers`): loom tries all orders, these see the memory itself.
//!
//! Threads are joined one by one, which `ThreadSanitizer` knows of; the end of a scope it does not see.

#![expect(unsafe_code, reason = "the rules of `slot.rs` are what is tested here: a sanitizer says where one is broken")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{hint, thread};

use super::{AnySlot, Readers, Slot, at};
use crate::memory::{Memory, State};
use crate::pass::Input;

/// A value that is whole as long as it is there.
struct Value<'c> {
    n_left: &'c AtomicUsize,
    numbers: Vec<u64>,
}

impl<'c> Value<'c> {
    fn new(n_left: &'c AtomicUsize, number: u64) -> Self {
        n_left.fetch_add(1, Ordering::Relaxed);
        Self { n_left, numbers: vec![number; 16] }
    }

    fn number(&self) -> u64 {
        assert!(self.numbers.iter().all(|&number| number == self.numbers[0]), "it is not whole");
        self.numbers[0]
    }
}

impl Clone for Value<'_> {
    fn clone(&self) -> Self {
        Self::new(self.n_left, self.number())
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        self.n_left.fetch_sub(1, Ordering::Relaxed);
    }
}

static N_LEFT: AtomicUsize = AtomicUsize::new(0);

fn slot(memory: &Memory) -> &Slot<Value<'static>> {
    // SAFETY: `memory` makes its slot for a `Value`.
    unsafe { at(&memory.slots, 0) }
}

/// A memory with a slot that node 0 writes and nodes 1 to 5 read.
fn memory() -> Memory {
    Memory::new([AnySlot::new::<Value<'static>>(5)].into(), 6)
}

/// Executes a reader as soon as the writer is done.
fn execute(memory: &Memory, node: usize, work: impl FnOnce(&Slot<Value<'static>>)) {
    while memory.state(0) != State::Completed {
        hint::spin_loop();
        thread::yield_now();
    }
    assert!(memory.start(node));
    work(slot(memory));
    memory.set(node, State::Completed);
}

fn by_reference(slot: &Slot<Value<'static>>, readers: Readers) -> u64 {
    // SAFETY: it is called for a reader that is executed, after the writer.
    let mut input = unsafe { slot.read(readers) }.expect("it is written");
    let value: &Value<'_> = input.pass().get();
    value.number()
}

fn by_value(slot: &Slot<Value<'static>>) -> u64 {
    // SAFETY: it is called for a reader that is executed, after the writer.
    let mut input = unsafe { slot.read(Readers::OnSeveral) }.expect("it is written");
    let value: Value<'_> = input.pass().get();
    value.number()
}

#[test]
fn readers_on_threads_see_the_value_whole_and_the_last_drops_it() {
    let mut memory = memory();
    for round in 0..200 {
        thread::scope(|scope| {
            let memory = &memory;
            let threads = [
                scope.spawn(move || {
                    assert!(memory.start(0));
                    // SAFETY: node 0 is the writer, and is executed now.
                    unsafe { slot(memory).put(Value::new(&N_LEFT, round)) };
                    memory.set(0, State::Completed);
                }),
                scope.spawn(move || {
                    execute(memory, 1, |slot| assert_eq!(by_reference(slot, Readers::OnSeveral), round));
                    execute(memory, 2, |slot| assert_eq!(by_value(slot), round));
                }),
                scope.spawn(move || execute(memory, 3, |slot| assert_eq!(by_value(slot), round))),
                scope.spawn(move || {
                    execute(memory, 4, |slot| {
                        (0..3).for_each(|_| assert_eq!(by_reference(slot, Readers::MayReadAgain), round));
                        // SAFETY: this reader has made its last attempt.
                        unsafe { memory.slots[0].count_out() };
                    });
                }),
                scope.spawn(move || {
                    while memory.state(0) != State::Completed {
                        thread::yield_now();
                    }
                    assert!(memory.pass_over(5, State::Orphaned));
                    // SAFETY: this reader has been skipped, and its writer is done.
                    unsafe { memory.slots[0].count_out() };
                }),
            ];
            for thread in threads {
                thread.join().expect("all is as it should be");
            }
        });
        assert_eq!(N_LEFT.load(Ordering::Relaxed), 0, "in round {round}");
        memory.restart();
    }
}
