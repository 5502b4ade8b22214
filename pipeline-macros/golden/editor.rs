const _: () = {
    /** A node: `node(function, [inputs] -> [outputs])`, and behind them `name = "…"` and `tags = ["…"]`.

 A `?` behind the function says that it returns a `Result`; `params:` before an input that it is a parameter.*/
    fn node() {}
    let _ = { node };
    let _ = { node };
    let _ = { node };
};
const _: () = {
    let _ = { split };
    let _ = { fit };
    let _ = { sco };
};
const _: () = {
    fn names(catalog: &Catalog, offer: &Offer) {
        &offer;
        &catalog.flowers;
        &catalog.params.test_ratio;
        &offer.tets;
        &offer;
        &offer;
        &offer;
        &catalog.model;
        &offer;
        &offer;
    }
    struct Offer {
        train: pipeline_core::__private::InMemory,
        tets: pipeline_core::__private::InMemory,
    }
    impl ::core::ops::Deref for Offer {
        type Target = Catalog;
        fn deref(&self) -> &Catalog {
            loop {}
        }
    }
};
const _: () = {
    mod mistake {
        ::core::compile_error! {
            "expected `, [inputs] -> [outputs]` after the function of the node"
        }
    }
};
const _: () = {
    mod mistake {
        ::core::compile_error! {
            "output `tets` goes nowhere: the catalog does not declare it and no node reads it\n\nhelp: declare `tets` in the catalog, or write `tets: Type` to have `training` return it"
        }
    }
};
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
        static DAG: pipeline_core::Dag = pipeline_core::__private::dag::dag(&[], &[]);
        &DAG
    };
}
#[must_use]
#[allow(private_interfaces)]
pub fn training() -> pipeline_core::Pipeline<Catalog, training> {
    let declaration = |body: &mut pipeline_core::__private::Body<'_, Catalog>| {
        use pipeline_core::__private::{
            TakesAsDeclared as _, TakesReference as _, TakesValue as _,
        };
        let slot_train = body.memory();
        let slot_tets = body.memory();
        body.node(
            (slot_train, slot_tets),
            |catalog, io, (slot_train, slot_tets)| {
                let in_flowers = &mut io.load(2, &catalog.flowers)?;
                let in_test_ratio = &mut io.parameter(&catalog.params.test_ratio);
                let returned = split(io.pass(in_flowers), io.pass(in_test_ratio));
                let (out_train, out_tets) = io.parts::<2, _, _>(returned);
                io.put(0, slot_train, out_train);
                io.put(1, slot_tets, out_tets);
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
                io.output(out_model).save(4, &catalog.model)?;
                io.done()
            },
        );
        {
            let train @ _ = body.value(slot_train);
            let tets @ _ = body.value(slot_tets);
            let _ = &train;
            let _ = &tets;
        }
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
