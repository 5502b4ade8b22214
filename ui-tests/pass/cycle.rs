use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        model_input: Memory<Vec<f64>>,
        metrics: Memory<f64>,
        params: Params,
    }
}

#[derive(Default)]
pub struct Params {
    factor: f64,
}

pipeline! {
    pub data_science for Catalog {
        node(scale, [model_input, params:factor] -> [features]),
        node(fit, [features] -> [model]),
        node(evaluate, [model] -> [metrics]),
    }
}

fn scale(table: &[f64], factor: f64) -> Vec<f64> {
    table.iter().map(|value| value * factor).collect()
}

fn fit(features: &[f64]) -> f64 {
    features.iter().sum()
}

fn evaluate(model: f64) -> f64 {
    model / 2.0
}

fn main() {
    let (model_input, params) = (Memory::new(vec![1.0, 2.0]), Params { factor: 10.0 });
    let catalog = Catalog { model_input, params, ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.metrics.load().unwrap(), 15.0);
}
