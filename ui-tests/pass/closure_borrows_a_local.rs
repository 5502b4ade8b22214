use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        average_rating: Memory<f64> = Memory::new(3.0),
    }
}

fn main() {
    let factor = 2.0;
    let scaling = pipeline! { node(move |rating: f64| factor * rating, [average_rating] -> [scaled_rating]) };
    let outputs = SequentialRunner::new().run(&scaling, &Catalog::default()).unwrap();
    assert_eq!(outputs.scaled_rating, 6.0);
}
