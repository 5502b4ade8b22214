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
        node(scale, [model_input, metrics] -> [features]),
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

fn main() {}
