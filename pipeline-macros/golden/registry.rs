/// All pipelines.
#[must_use]
pub fn pipelines() -> pipeline_core::Pipelines<Catalog> {
    const PART_0_0: pipeline_core::__private::sum::Declared = pipeline_core::__private::sum::declared(
        "models::training",
        || pipeline_core::__private::sum::Term::<Catalog, _> {
            pipeline: models::training(),
        },
    );
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
    const PARTS_OF_SUMS: &[pipeline_core::__private::sum::Part] = &[
        PART_0_0.part,
        pipeline_core::__private::sum::literal("ab", &DAG_1_0),
    ];
    const SUM_2: pipeline_core::__private::sum::Sum<2> = pipeline_core::__private::sum::Sum::new(
        PARTS_OF_SUMS,
        [("", &[0]), ("", &[1])],
    );
    #[allow(long_running_const_eval)]
    static CHECKED_SUM_2: pipeline_core::__private::sum::Checked<2> = SUM_2
        .check::<{ SUM_2.size() }>();
    const _: () = if let ::core::option::Option::Some(text) = CHECKED_SUM_2.of_term(1) {
        ::core::panic!("{}", text.as_str())
    };
    const _: () = if let ::core::option::Option::Some(text) = &CHECKED_SUM_2.circle {
        ::core::panic!("{}", text.as_str())
    };
    let mut pipelines = pipeline_core::__private::Pipelines::new(
        <Catalog as ::core::default::Default>::default,
    );
    pipelines
        .add(
            "training",
            pipeline_core::__private::sum::Term::<Catalog, _> {
                pipeline: models::training(),
            }
                .pipeline,
        );
    pipelines
        .add(
            "ab",
            {
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
            },
        );
    pipelines.add_sum("__default__", [pipelines.entry(0), pipelines.entry(1)]);
    pipelines
}
