use pipeline_core::prelude::*;

catalog! { pub struct Catalog { n: Memory<i32> = Memory::new(1), total: Memory<i32> } }

#[derive(serde::Serialize, serde::Deserialize)]
struct Handle(i32);

fn open(n: i32) -> Handle {
    Handle(n)
}

fn read(handle: &Handle) -> i32 {
    handle.0
}

pipeline! {
    #[portable]
    pub reading for Catalog {
        node(open, [n] -> [handle]),
        node(read, [handle] -> [total]),
    }
}

fn main() {
    SequentialRunner::new().run(&reading(), &Catalog::default()).unwrap();
}
