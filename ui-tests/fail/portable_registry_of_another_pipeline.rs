use pipeline_core::prelude::*;

catalog! { pub struct Catalog { n: Memory<i32> = Memory::new(1), total: Memory<i32> } }

fn double(n: i32) -> i32 {
    2 * n
}

pipeline! {
    pub doubling for Catalog {
        node(double, [n] -> [total]),
    }
}

pipelines! {
    #[portable]
    pub fn pipelines() for Catalog {
        doubling = doubling(),
    }
}

fn main() {
    assert!(pipelines().names().eq(["doubling"]));
}
