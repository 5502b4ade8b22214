fn main() {
    let p = 'outside_of_functions_a_pipeline_has_a_name: {
        static PIPELINE_DAG: pipeline_core::Dag = {
            use pipeline_core::__private::dag::*;
            dag(
                &[
                    node("identity", &[2], &[0]).before(&[1]),
                    node("<closure>", &[0], &[1]).after(1).in_layer(1),
                ],
                &[
                    in_memory("copy").written_by(0).read_by(&[1]),
                    in_memory("length").written_by(1),
                    in_catalog("flowers").read_by(&[0]),
                ],
            )
        };
        {
            #[allow(non_snake_case, dead_code, missing_debug_implementations)]
            #[derive(::core::fmt::Debug)]
            struct PipelineOutputs<Out0> {
                /// The free output `length`.
                pub length: Out0,
            }
            impl<Out0> pipeline_core::__private::Outputs for PipelineOutputs<Out0> {
                type Partial = PipelineOutputs<::core::option::Option<Out0>>;
            }
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
            let slot_copy = body.memory();
            body.node(
                (slot_copy,),
                |catalog, io, (slot_copy,)| {
                    let in_flowers = &mut io.load(2, &catalog.flowers)?;
                    let out_copy = {
                        let function = identity;
                        function(
                            (&&&in_flowers.ask(&function)).takes(io.pass(in_flowers)),
                        )
                    };
                    io.put(0, slot_copy, out_copy);
                    io.done()
                },
            );
            let slot_length = body.memory();
            let closure = |copy: &str| copy.len();
            body.node(
                (slot_copy, slot_length, closure),
                |catalog, io, (slot_copy, slot_length, closure)| {
                    let in_copy = &mut io.take(0, slot_copy)?;
                    let out_length = closure(io.pass(in_copy));
                    io.put(1, slot_length, out_length);
                    io.done()
                },
            );
            (&slot_copy).is_no_result();
            (&slot_length).is_no_result();
            unsafe {
                body.pipeline(
                    ::core::option::Option::None,
                    &PIPELINE_DAG,
                    pipeline_core::__private::Collect::new(
                        move |io| PipelineOutputs {
                            length: io.collect(1, &slot_length),
                        },
                        move |io| PipelineOutputs {
                            length: io.collect_if_written(1, &slot_length),
                        },
                    ),
                )
            }
        }
    };
}
