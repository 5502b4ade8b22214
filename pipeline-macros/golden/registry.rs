/// All pipelines.
#[must_use]
pub fn pipelines() -> pipeline_core::Pipelines<Catalog> {
    let pipeline_training = (models::training()).named("training");
    let pipeline_ab = ({
        static PIPELINE_DAG: pipeline_core::Dag = {
            use pipeline_core::__private::dag::*;
            dag(
                &[node("identity", &[0], &[1])],
                &[in_catalog("A").read_by(&[0]), in_catalog("B").written_by(0)],
            )
        };
        pipeline_core::__private::pipeline(
            ::core::option::Option::None,
            &PIPELINE_DAG,
            |body: &mut pipeline_core::__private::Body<Catalog>| {
                use pipeline_core::__private::{
                    TakesAsDeclared as _, TakesReference as _, TakesValue as _,
                };
                body.node(
                    (),
                    |catalog, io, ()| {
                        let in_A = &mut io.load(0, &catalog.A)?;
                        let out_B = {
                            let function = identity;
                            function((&&&in_A.ask(&function)).takes(in_A.pass()))
                        };
                        io.output(out_B).save(1, &catalog.B)?;
                        io.done()
                    },
                );
                pipeline_core::__private::Collect::nothing()
            },
        )
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
