//! Panics of the user's code, made into what they said. Under `panic = "abort"` there is nothing to catch: a panic ends the process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a call returns, or what its panic said.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(message)
}

/// What a panic said. What it was raised with may panic itself when it is dropped: that is heard no more.
pub(crate) fn message(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text =
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it gave no message".to_owned());
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}

/// Drops a value of the user's, such as an error that is not reported because another attempt went well. If its `Drop` panics, it is gone all
/// the same.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        drop(message(payload));
    }
}
