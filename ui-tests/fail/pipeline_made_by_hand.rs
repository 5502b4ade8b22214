#![forbid(unsafe_code)]

use pipeline_core::__private::{Body, Collect, dag};
use pipeline_core::{Dag, Pipeline};

struct Catalog {}

static DAG: Dag = dag::dag(&[dag::node("text", &[], &[0])], &[dag::in_memory("text").written_by(0)]);

fn text() -> Pipeline<Catalog> {
    let mut body = Body::<Catalog>::new(&DAG);
    let number = body.memory::<usize>();
    let text = body.memory::<String>();
    body.node((number,), |_, io, (number,)| {
        io.put(0, number, 42);
        io.done()
    });
    let outputs = Collect::new(move |io| println!("{}", io.collect(0, &text)), |_| ());
    body.pipeline(None, &DAG, outputs)
}

fn main() {
    text();
}
