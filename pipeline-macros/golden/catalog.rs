/// All data.
#[allow(non_snake_case)]
struct Catalog {
    flowers: Csv<Flower>,
    model: Memory<Model>,
    params: Params,
}
impl ::core::default::Default for Catalog {
    fn default() -> Self {
        Self {
            flowers: pipeline_core::__private::a_dataset::<Csv<Flower>>()
                .named(
                    <pipeline_core::__private::Seen<
                        { <Self as pipeline_core::__private::Catalog>::HAS_DATASETS },
                        Csv<Flower>,
                    > as pipeline_core::__private::FromLocation>::from_location(
                        "data/flowers.csv",
                    ),
                    "flowers",
                ),
            model: pipeline_core::__private::a_dataset::<Memory<Model>>()
                .named(
                    <pipeline_core::__private::Seen<
                        { <Self as pipeline_core::__private::Catalog>::HAS_DATASETS },
                        Memory<Model>,
                    > as pipeline_core::__private::NeedsNoLocation>::make(),
                    "model",
                ),
            params: <Params as ::core::default::Default>::default(),
        }
    }
}
impl pipeline_core::__private::Catalog for Catalog {
    const HAS_DATASETS: ::core::primitive::bool = {
        let _ = pipeline_core::__private::a_dataset::<Csv<Flower>>();
        let _ = pipeline_core::__private::a_dataset::<Memory<Model>>();
        true
    };
    fn datasets(
        &self,
    ) -> ::std::vec::Vec<
        (&'static ::core::primitive::str, &dyn pipeline_core::__private::AnyDataset),
    > {
        ::std::vec![
            ("flowers", pipeline_core::__private::a_dataset:: < Csv < Flower > > ().any(&
            self.flowers)), ("model", pipeline_core::__private::a_dataset:: < Memory <
            Model > > ().any(& self.model))
        ]
    }
}
#[allow(unused_macros)]
macro_rules! __catalog_Catalog_109420aaf95e1450 {
    ([$($krate:tt)*] $next:ident $($rest:tt)*) => {
        $($krate)* ::__private:: $next ! { [$($krate)*] ["" flowers model { params
        parameters }] $($rest)* }
    };
}
#[allow(unused_imports)]
use __catalog_Catalog_109420aaf95e1450 as Catalog;
