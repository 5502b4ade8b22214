//! What the order of a run rests on: atomic numbers, locks, and the cell of a slot. In the tests under loom (`tests.rs` beside `slot.rs`
//! and `flag.rs`) they are loom's, which tries every order that threads can have.

#[cfg(all(loom, test))]
pub(crate) use self::tried::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Cell, Mutex, Ordering, Reading, set};
#[cfg(all(feature = "rayon", not(all(loom, test))))]
pub(crate) use self::used::AtomicUsize;
#[cfg(not(all(loom, test)))]
pub(crate) use self::used::{AtomicBool, AtomicU8, AtomicU32, Cell, Mutex, Ordering, Reading, set};

#[cfg(not(all(loom, test)))]
mod used {
    use std::cell::UnsafeCell;
    use std::marker::PhantomData;
    pub(crate) use std::sync::Mutex;
    #[cfg(feature = "rayon")]
    pub(crate) use std::sync::atomic::AtomicUsize;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

    /// A place that threads share, each at its time.
    pub(crate) struct Cell<T>(UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        /// For one that nobody else touches now.
        #[inline]
        pub(crate) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
            body(self.0.get())
        }

        /// For one that others only read until the reading ends.
        #[inline]
        pub(crate) fn read(&self) -> (*const T, Reading<T>) {
            (self.0.get(), Reading(PhantomData))
        }
    }

    /// Says that a cell is being read. Costs nothing: loom alone wants to know.
    pub(crate) struct Reading<T>(PhantomData<fn() -> T>);

    impl<T> Reading<T> {
        #[expect(clippy::needless_pass_by_ref_mut, clippy::unused_self, reason = "loom's ends")]
        pub(crate) fn end(&mut self) {}
    }

    /// Sets an atomic number that nobody shares now.
    pub(crate) fn set(number: &mut AtomicU8, value: u8) {
        *number.get_mut() = value;
    }
}

#[cfg(all(loom, test))]
mod tried {
    use loom::cell::{ConstPtr, UnsafeCell};
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

    pub(crate) struct Cell<T>(UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        pub(crate) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
            self.0.with_mut(body)
        }

        pub(crate) fn read(&self) -> (*const T, Reading<T>) {
            let reading = self.0.get();
            (reading.with(|value| value), Reading(Some(reading)))
        }
    }

    pub(crate) struct Reading<T>(Option<ConstPtr<T>>);

    impl<T> Reading<T> {
        pub(crate) fn end(&mut self) {
            drop(self.0.take());
        }
    }

    pub(crate) fn set(number: &mut AtomicU8, value: u8) {
        number.with_mut(|number| *number = value);
    }
}
