//! An error of the user's, as errors of this crate keep it.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

use super::BoxError;
use crate::panics::discard;

/// The error of a node or a hook, as an [`Error`](crate::Error) keeps it: all that can be asked of a [`BoxError`] can be asked of it, by `Deref`.
///
/// If the error panics when it is dropped, nothing else does: an error that a run reports nowhere, since another attempt went well, does not
/// end it.
pub struct Cause(Option<BoxError>);

impl Cause {
    /// The error itself.
    ///
    /// # Panics
    ///
    /// Never: it is there until the cause is dropped.
    #[must_use]
    pub fn into_inner(mut self) -> BoxError {
        self.0.take().expect(UNTIL_DROPPED)
    }
}

impl Cause {
    /// The error as a value of its own type.
    ///
    /// # Errors
    ///
    /// Fails with the cause itself if it is of another type.
    pub fn downcast<E: StdError + 'static>(self) -> Result<Box<E>, Self> {
        self.into_inner().downcast().map_err(Self::from)
    }
}

const UNTIL_DROPPED: &str = "the error is there until it is dropped";

impl Deref for Cause {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().expect(UNTIL_DROPPED)
    }
}

impl Drop for Cause {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

impl<E: Into<BoxError>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(Some(error.into()))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
