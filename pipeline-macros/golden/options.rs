fn main() {
    let p = 'outside_of_functions_a_pipeline_has_a_name: {
        static PIPELINE_DAG: pipeline_core::Dag = {
            use pipeline_core::__private::dag::*;
            dag(
                &[
                    node("split", &[1], &[0]).before(&[1]),
                    node("fit", &[0], &[2])
                        .after(1)
                        .in_layer(1)
                        .retrying(3, 1500)
                        .within(120000),
                ],
                &[
                    in_memory("train").written_by(0).read_by(&[1]),
                    in_catalog("flowers").read_by(&[0]),
                    in_catalog("model").written_by(1),
                ],
            )
        };
        {
            let body = &mut pipeline_core::__private::Body::<
                pipeline_core::__private::Seen<
                    { <Catalog as pipeline_core::__private::Catalog>::HAS_DATASETS },
                    Catalog,
                >,
            >::new(&PIPELINE_DAG);
            use pipeline_core::__private::{
                TakesAsDeclared as _, TakesReference as _, TakesValue as _,
                HoldsAResult as _, HoldsAny as _,
            };
            let slot_train = body.memory();
            body.node(
                (slot_train,),
                |catalog, io, (slot_train,)| {
                    let in_flowers = &mut io.load(1, &catalog.flowers)?;
                    let out_train = {
                        let function = split;
                        function(
                            (&&&in_flowers.ask(&function)).takes(io.pass(in_flowers)),
                        )
                    };
                    io.put(0, slot_train, out_train);
                    io.done()
                },
            );
            body.node(
                (slot_train,),
                |catalog, io, (slot_train,)| {
                    let in_train = &mut io.read(0, slot_train)?;
                    let returned = {
                        let function = fit;
                        function(
                            (&&&in_train.ask(&function))
                                .takes(
                                    io.clone_as_it_is_needed_again({ io.pass(in_train) }),
                                ),
                        )
                    };
                    let out_model = io.attempt(returned)?;
                    io.output(out_model).save(2, &catalog.model)?;
                    io.done()
                },
            );
            (&slot_train).is_no_result();
            unsafe {
                body.pipeline(
                    ::core::option::Option::None,
                    &PIPELINE_DAG,
                    pipeline_core::__private::Collect::nothing(),
                )
            }
        }
    };
}
