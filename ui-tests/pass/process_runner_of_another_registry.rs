use pipeline_core::prelude::*;

catalog! { pub struct Catalog { n: Memory<i32> = Memory::new(1), total: Memory<i32> } }

fn double(n: i32) -> i32 {
    2 * n
}

pipelines! {
    #[portable]
    pub fn pipelines() for Catalog {
        doubling = pipeline!< node(double, [n] -> [total]) >,
    }
}

fn main() {
    pipeline_core::worker::serve(&pipelines());
    ProcessRunner::new().run_named(&pipelines(), "doubling", &Catalog::default()).unwrap();
}
