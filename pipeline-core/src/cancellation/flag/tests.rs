//! Nobody who listens misses that a flag is set; under loom, in every order that the threads can have:
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --package pipeline-core --lib --no-default-features cancellation::
//! ```

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use super::{Flag, Listening};

#[cfg(loom)]
use loom::{model, thread};
#[cfg(not(loom))]
use std::thread;

/// Once is enough where the orders are not tried one by one.
#[cfg(not(loom))]
fn model(body: impl Fn()) {
    body();
}

/// Not loom's, so that counting puts nothing in order.
fn counting(n_calls: &Arc<AtomicUsize>) -> impl Fn() + Send + Sync + 'static + use<> {
    let n_calls = Arc::clone(n_calls);
    move || {
        n_calls.fetch_add(1, SeqCst);
    }
}

#[test]
fn who_begins_to_listen_while_a_flag_is_set_hears_it() {
    model(|| {
        let (flag, n_calls) = (Arc::new(Flag::default()), Arc::default());
        let setting = {
            let flag = Arc::clone(&flag);
            thread::spawn(move || flag.set())
        };
        let listening = Listening::new(vec![Arc::clone(&flag)], counting(&n_calls));
        setting.join().expect("it only sets the flag");
        let n_heard = n_calls.load(SeqCst);
        assert!((1..=2).contains(&n_heard), "{n_heard}");
        drop(listening);
    });
}

#[test]
fn who_no_longer_listens_is_not_called() {
    model(|| {
        let (flag, n_calls) = (Arc::new(Flag::default()), Arc::default());
        let listening = Listening::new(vec![Arc::clone(&flag)], counting(&n_calls));
        let setting = {
            let flag = Arc::clone(&flag);
            thread::spawn(move || flag.set())
        };
        drop(listening);
        let n_heard = n_calls.load(SeqCst);
        setting.join().expect("it only sets the flag");
        assert_eq!(n_calls.load(SeqCst), n_heard);
    });
}

#[test]
fn one_of_several_flags_is_enough() {
    model(|| {
        let (flags, n_calls) = ([Arc::new(Flag::default()), Arc::new(Flag::default())], Arc::default());
        let listening = Listening::new(flags.to_vec(), counting(&n_calls));
        assert_eq!(n_calls.load(SeqCst), 0);
        flags[1].set();
        assert_eq!(n_calls.load(SeqCst), 1);
        drop(listening);
        flags[0].set();
        assert_eq!(n_calls.load(SeqCst), 1);
    });
}
