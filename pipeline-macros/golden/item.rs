/// Splits the flowers, trains a model and scores it.
#[derive(::core::fmt::Debug)]
#[allow(non_camel_case_types)]
pub struct training {}
impl pipeline_core::__private::Outputs for training {
    type Partial = training;
    const DAG: ::core::option::Option<&'static pipeline_core::Dag> = ::core::option::Option::Some(
        training::DAG,
    );
}
impl training {
    /// The static DAG of the pipeline.
    pub const DAG: &'static pipeline_core::Dag = {
        static DAG: pipeline_core::Dag = {
            use pipeline_core::__private::dag::*;
            dag(
                &[
                    node("split", &[3, 4], &[0, 1]).tagged(&["prepare"]).before(&[1, 2]),
                    node("fit", &[0], &[5]).after(1).in_layer(1).before(&[2]),
                    node("score", &[5, 1], &[2]).after(2).in_layer(2).before(&[3]),
                    node("render", &[2, 6], &[7])
                        .named("render_report")
                        .after(1)
                        .in_layer(3),
                ],
                &[
                    in_memory("train").written_by(0).read_by(&[1]),
                    in_memory("test").written_by(0).read_by(&[2]),
                    in_memory("accuracy").written_by(2).read_by(&[3]),
                    in_catalog("flowers").read_by(&[0]),
                    parameter("params:test_ratio").read_by(&[0]),
                    in_catalog("model").written_by(1).read_by(&[2]),
                    parameter("parameters").read_by(&[3]),
                    in_catalog("report").written_by(3),
                ],
            )
        };
        &DAG
    };
}
/// Splits the flowers, trains a model and scores it.
#[must_use]
#[allow(private_interfaces)]
pub fn training() -> pipeline_core::Pipeline<Catalog, training> {
    let declaration = |
        body: &mut pipeline_core::__private::Body<
            '_,
            pipeline_core::__private::Seen<
                { <Catalog as pipeline_core::__private::Catalog>::HAS_DATASETS },
                Catalog,
            >,
        >|
    {
        use pipeline_core::__private::{
            TakesAsDeclared as _, TakesReference as _, TakesValue as _,
        };
        let slot_train = body.memory();
        let slot_test = body.memory();
        body.node(
            (slot_train, slot_test),
            |catalog, io, (slot_train, slot_test)| {
                let in_flowers = &mut io.load(3, &catalog.flowers)?;
                let in_test_ratio = &mut io.parameter(&catalog.params.test_ratio);
                let returned = split(io.pass(in_flowers), io.pass(in_test_ratio));
                let (out_train, out_test) = io.parts::<2, _, _>(returned);
                io.put(0, slot_train, out_train);
                io.put(1, slot_test, out_test);
                io.done()
            },
        );
        body.node(
            (slot_train,),
            |catalog, io, (slot_train,)| {
                let in_train = &mut io.take(0, slot_train)?;
                let returned = {
                    let function = fit;
                    function((&&&in_train.ask(&function)).takes(io.pass(in_train)))
                };
                let out_model = io.attempt(returned)?;
                io.output(out_model).save(5, &catalog.model)?;
                io.done()
            },
        );
        let slot_accuracy = body.memory::<f64>();
        body.node(
            (slot_test, slot_accuracy),
            |catalog, io, (slot_test, slot_accuracy)| {
                let in_model = &mut io.load(5, &catalog.model)?;
                let in_test = &mut io.take(1, slot_test)?;
                let out_accuracy = score(io.pass(in_model), io.pass(in_test));
                io.output(out_accuracy).put(2, slot_accuracy);
                io.done()
            },
        );
        body.node(
            (slot_accuracy,),
            |catalog, io, (slot_accuracy,)| {
                let in_accuracy = &mut io.take(2, slot_accuracy)?;
                let in_params = &mut io.parameter(&catalog.params);
                let out_report = render(io.pass(in_accuracy), io.pass(in_params));
                io.output(out_report).save(7, &catalog.report)?;
                io.done()
            },
        );
        body.outputs(|_| training {}, |_| training {})
    };
    unsafe {
        pipeline_core::__private::pipeline(
            ::core::option::Option::Some("training"),
            training::DAG,
            declaration,
        )
    }
}
