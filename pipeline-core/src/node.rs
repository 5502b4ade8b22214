//! A node as a run calls it: loads its inputs, calls its function, saves its outputs.
//!
//! The function is apart from what it needs, so it has no state: nodes that need the same types share all code but their own. The table of
//! nodes forgets the type of what they need; with a virtual call in between, a run of trivial nodes took a fifth longer.

#![expect(unsafe_code, reason = "see above; the two fields are made together, from one type")]

use std::any::Any;
use std::mem::transmute;
use std::ptr;

use crate::io::{Ended, Io};

/// What a node needs (the keys of its slots, its closure if it is one), and a function that does its work with that.
pub(crate) struct NodeCode<C> {
    work: Work<C>,
    needs: Box<dyn Any + Send + Sync>,
}

/// The work of a node whose needs are behind a pointer of unknown type. It is only to be called with a pointer to the type for which it
/// was made, which is there during the call.
type Work<C> = unsafe fn(&C, &Io<'_>, *const ()) -> Ended;

impl<C> NodeCode<C> {
    pub(crate) fn new<N: Send + Sync + 'static>(needs: N, work: fn(&C, &Io<'_>, &N) -> Ended) -> Self {
        // SAFETY: the two types differ in one argument, `&N` and `*const ()`. References and raw pointers to sized types are passed alike,
        // whatever they point to, as the documentation of `fn` guarantees under "ABI compatibility". What the call itself needs is up to `call`.
        let work = unsafe { transmute::<fn(&C, &Io<'_>, &N) -> Ended, Work<C>>(work) };
        Self { work, needs: Box::new(needs) }
    }

    #[inline]
    pub(crate) fn call(&self, catalog: &C, io: &Io<'_>) -> Ended {
        // The pointer comes from a reference to the whole value, so `work` may read all of it.
        let needs = ptr::from_ref(&*self.needs).cast::<()>();
        // SAFETY: the pointer is to the `N` that `new` put into the box beside this `work`. The box is borrowed during the call, and it is not
        // given out otherwise, so the value stays and nothing changes it.
        unsafe { (self.work)(catalog, io, needs) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::slot::Readers;

    fn io() -> Io<'static> {
        // SAFETY: the nodes of these tests use no slots.
        unsafe { Io::new(&[], Readers::OnOneThread) }
    }

    /// Says when it is dropped.
    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_a_closure_captures_is_there_in_each_call_and_dropped_once() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (text, counted) = ("captured".repeat(100), Counted(Arc::clone(&dropped)));
        let sum = Arc::new(AtomicUsize::new(0));
        let closure = {
            let sum = Arc::clone(&sum);
            move |factor: usize| {
                let _ = &counted;
                sum.fetch_add(factor * text.len(), Ordering::Relaxed);
            }
        };
        let node = NodeCode::<usize>::new((closure, 7_u8), |factor, io, (closure, seven)| {
            closure(*factor * usize::from(*seven));
            io.done()
        });
        thread::scope(|scope| {
            let call = |factor| (0..10).for_each(|_| node.call(&factor, &io()).expect("it ends well"));
            let threads = [1, 2].map(|factor| scope.spawn(move || call(factor)));
            // ThreadSanitizer knows of a join, but not of the end of a scope.
            for thread in threads {
                thread.join().expect("it ends well");
            }
        });
        assert_eq!(sum.load(Ordering::Relaxed), 10 * (1 + 2) * 7 * 800);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        drop(node);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn needs_of_no_size_and_of_a_large_alignment_are_passed_as_they_are() {
        #[repr(align(64))]
        struct Aligned([u64; 8]);
        let node = NodeCode::<()>::new((), |(), io, ()| io.done());
        node.call(&(), &io()).expect("it ends well");
        let node = NodeCode::<u64>::new(Aligned([1, 2, 3, 4, 5, 6, 7, 8]), |wanted, io, needs| {
            assert!(ptr::from_ref(needs).is_aligned());
            assert_eq!(needs.0.iter().sum::<u64>(), *wanted);
            io.done()
        });
        node.call(&36, &io()).expect("it ends well");
    }
}
