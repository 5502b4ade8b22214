use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        model_input: Memory<Vec<f64>>,
        test: Memory<Vec<f64>>,
        score: Memory<f64>,
    }
}

pipeline! {
    pub data_science for Catalog {
        node(split, [model_input] -> [train, test]),
        node(fit, [train] -> [model]),
        node(evaluate, [model, test] -> [score]),
    }
}

fn split(table: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (table[1..].to_vec(), table[..1].to_vec())
}

fn fit(train: &[f64]) -> f64 {
    train.iter().sum::<f64>() / train.len() as f64
}

fn evaluate(model: f64, test: &[f64]) -> f64 {
    model - test[0]
}

fn main() {
    let catalog = Catalog { model_input: Memory::new(vec![1.0, 2.0, 4.0]), ..Catalog::default() };
    SequentialRunner::new().run(&data_science(), &catalog).unwrap();
    assert_eq!(catalog.score.load().unwrap(), 2.0);
}
