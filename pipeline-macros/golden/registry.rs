/// All pipelines.
#[must_use]
pub fn pipelines() -> pipeline_core::Pipelines<Catalog> {
    const PART_0_0: pipeline_core::__private::sum::Declared = pipeline_core::__private::sum::declared(
        "models::training",
        || pipeline_core::__private::sum::Term::<Catalog, _> {
            pipeline: models::training(),
        },
    );
    #[allow(long_running_const_eval)]
    const _: () = if let ::core::option::Option::Some(text) = PART_0_0.mistake {
        ::core::panic!("{}", text.as_str())
    };
    static DAG_1_0: pipeline_core::Dag = {
        use pipeline_core::__private::dag::*;
        dag(
            &[node("identity", &[0], &[1])],
            &[in_catalog("A").read_by(&[0]), in_catalog("B").written_by(0)],
        )
    };
    #[allow(long_running_const_eval)]
    const _: () = if let ::core::option::Option::Some(text) = pipeline_core::__private::sum::two_parts(
        ("models::training", PART_0_0.dag),
        ("ab", &DAG_1_0),
    ) {
        ::core::panic!("{}", text.as_str())
    };
    #[allow(long_running_const_eval)]
    const _: () = if let ::core::option::Option::Some(text) = pipeline_core::__private::sum::cycle::<
        { 0 + pipeline_core::Dag::len(PART_0_0.dag) + pipeline_core::Dag::len(&DAG_1_0) },
    >(&[("models::training", PART_0_0.dag), ("ab", &DAG_1_0)]) {
        ::core::panic!("{}", text.as_str())
    };
    const ALL: &[&pipeline_core::Dag] = &[
        PART_0_0.dag,
        &DAG_1_0,
        PART_0_0.dag,
        &DAG_1_0,
    ];
    let pipeline_training = (pipeline_core::__private::sum::Term::<Catalog, _> {
        pipeline: models::training(),
    }
        .pipeline)
        .named("training");
    let pipeline_ab = ({
        let body = &mut pipeline_core::__private::Body::<
            pipeline_core::__private::Seen<
                { <Catalog as pipeline_core::__private::Catalog>::HAS_DATASETS },
                Catalog,
            >,
        >::new(&DAG_1_0);
        use pipeline_core::__private::{
            TakesAsDeclared as _, TakesReference as _, TakesValue as _,
        };
        body.node(
            (),
            |catalog, io, ()| {
                let in_A = &mut io.load(0, &catalog.A)?;
                let out_B = {
                    let function = identity;
                    function((&&&in_A.ask(&function)).takes(io.pass(in_A)))
                };
                io.output(out_B).save(1, &catalog.B)?;
                io.done()
            },
        );
        unsafe {
            body.pipeline(
                ::core::option::Option::None,
                &DAG_1_0,
                pipeline_core::__private::Collect::nothing(),
            )
        }
    })
        .named("ab");
    let pipeline___default__ = (::core::clone::Clone::clone(&pipeline_training)
        + ::core::clone::Clone::clone(&pipeline_ab))
        .named("__default__");
    pipeline_core::__private::Pipelines::new(
            <Catalog as ::core::default::Default>::default,
        )
        .with("training", pipeline_training)
        .with("ab", pipeline_ab)
        .with("__default__", pipeline___default__)
}
