//! The free outputs of a pipeline as one value with a typed field each.

/// What a run returns. `pipeline!` implements it for the struct of a pipeline's free outputs; `()` has none, and a sum has a pair.
pub trait Outputs: 'static {
    /// The same, each field an `Option`: what a run that left nodes out has to return.
    type Partial: 'static;
}

impl Outputs for () {
    type Partial = ();
}

impl<A: Outputs, B: Outputs> Outputs for (A, B) {
    type Partial = (A::Partial, B::Partial);
}
