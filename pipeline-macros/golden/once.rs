#[allow(non_snake_case, dead_code, missing_debug_implementations)]
#[derive(::core::fmt::Debug)]
#[allow(non_camel_case_types)]
pub struct scaling<Out0 = f64> {
    /// The free output `scaled`.
    pub scaled: Out0,
}
impl<Out0> pipeline_core::__private::Outputs for scaling<Out0> {
    type Partial = scaling<::core::option::Option<Out0>>;
    const DAG: ::core::option::Option<&'static pipeline_core::Dag> = ::core::option::Option::Some(
        scaling::DAG,
    );
}
impl scaling {
    /// The static DAG of the pipeline.
    pub const DAG: &'static pipeline_core::Dag = {
        static DAG: pipeline_core::Dag = {
            use pipeline_core::__private::dag::*;
            dag(
                &[node("<closure>", &[1], &[0])],
                &[in_memory("scaled").written_by(0), in_catalog("flowers").read_by(&[0])],
            )
        };
        &DAG
    };
}
#[must_use]
#[allow(private_interfaces)]
pub fn scaling() -> pipeline_core::Pipeline<Catalog, scaling> {
    let body = &mut pipeline_core::__private::Body::<
        pipeline_core::__private::Seen<
            { <Catalog as pipeline_core::__private::Catalog>::HAS_DATASETS },
            Catalog,
        >,
    >::new(scaling::DAG);
    let slot_scaled = body.memory::<f64>();
    let closure = scaled_by(3);
    body.node(
        (slot_scaled, closure),
        |catalog, io, (slot_scaled, closure)| {
            let in_flowers = &mut io.load(1, &catalog.flowers)?;
            let out_scaled = closure(io.pass(in_flowers));
            io.output(out_scaled).put(0, slot_scaled);
            io.done()
        },
    );
    unsafe {
        body.pipeline(
            ::core::option::Option::Some("scaling"),
            scaling::DAG,
            pipeline_core::__private::Collect::new(
                move |io| scaling {
                    scaled: io.collect(0, &slot_scaled),
                },
                move |io| scaling {
                    scaled: io.collect_if_written(0, &slot_scaled),
                },
            ),
        )
    }
}
