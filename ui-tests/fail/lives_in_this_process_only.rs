use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        session: Lambda<i32> = Lambda::read_only(|| Ok::<_, String>(1)),
        total: Memory<i32>,
    }
}

fn double(n: i32) -> i32 {
    2 * n
}

pipeline! {
    #[portable]
    pub doubling for Catalog {
        node(double, [session] -> [total]),
    }
}

fn main() {
    ThreadRunner::new().run(&doubling(), &Catalog::default()).unwrap();
}
