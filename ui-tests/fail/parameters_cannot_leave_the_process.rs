use pipeline_core::prelude::*;

#[derive(Default)]
pub struct Params {
    factor: i32,
}

catalog! { pub struct Catalog { n: Memory<i32> = Memory::new(1), total: Memory<i32>, params: Params } }

fn scale(n: i32, factor: i32) -> i32 {
    n * factor
}

pipeline! {
    #[portable]
    pub scaling for Catalog {
        node(scale, [n, params:factor] -> [total]),
    }
}

fn main() {
    SequentialRunner::new().run(&scaling(), &Catalog::default()).unwrap();
}
