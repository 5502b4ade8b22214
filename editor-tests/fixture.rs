//! What the tests open. It is complete, and compiles.

use pipeline_core::prelude::*;

#[derive(Default)]
pub struct Flowers;
#[derive(Default)]
pub struct Model;
#[derive(Default)]
pub struct Report;
pub struct Train;
pub struct Test;
pub struct Accuracy;
pub struct Table;
pub struct Summary;
#[derive(Default)]
pub struct Raw;
#[derive(Default)]
pub struct Forest;
pub struct Trees;

#[derive(Default)]
pub struct Params {
    pub test_ratio: f64,
    pub depth: Depth,
}

#[derive(Default)]
pub struct Depth {
    pub max: u32,
    pub min: u32,
}

catalog! {
    pub struct Catalog {
        flowers: Memory<Flowers>,
        model: Memory<Model>,
        report: Memory<Report>,
        raw: Memory<Raw>,
        forest: Memory<Forest>,
        params: Params,
    }
}

pipeline! {
    /// Trains a model and scores it.
    pub training for Catalog {
        node(split, [flowers, params:test_ratio] -> [train, test]),
        node(fit, [train, params:depth.max] -> [model]),
        node(score, [model, test] -> [accuracy]),
        node(render, [accuracy, params] -> [report]),
        node(count, [flowers] -> [table]),
        node(sum?, [table] -> [summary: Summary]),
    }
}

fn split(flowers: &Flowers, test_ratio: f64) -> (Train, Test) {
    (Train, Test)
}
fn fit(train: &Train, max: u32) -> Model {
    Model
}
fn score(model: &Model, test: &Test) -> Accuracy {
    Accuracy
}
fn render(accuracy: &Accuracy, params: &Params) -> Report {
    Report
}
fn count(flowers: &Flowers) -> Table {
    Table
}
fn sum(table: &Table) -> Result<Summary, &'static str> {
    Ok(Summary)
}

mod cleaning {
    use super::{Catalog, Flowers, Raw};
    use pipeline_core::prelude::*;

    pipeline! {
        pub pipeline for Catalog {
            node(clean, [raw] -> [flowers]),
        }
    }

    fn clean(raw: &Raw) -> Flowers {
        Flowers
    }
}

pipelines! {
    /// All pipelines.
    pub fn registry() for Catalog {
        cleaned = cleaning::pipeline(),
        grown = pipeline!< node(grow, [flowers, params:depth.min] -> [trees]), node(plant?, [trees] -> [forest]) >,
        measured = pipeline!{ node(measure, [forest] -> [height]) },
        weighed = pipeline!< node(weigh, [forest] -> [weight]) >,
        both = cleaned + grown,
        __default__ = both + training(),
    }
}

fn grow(flowers: &Flowers, min: u32) -> Trees {
    Trees
}
fn plant(trees: &Trees) -> Result<Forest, &'static str> {
    Ok(Forest)
}
fn measure(forest: &Forest) -> u32 {
    0
}

fn weigh(forest: &Forest) -> f64 {
    0.0
}

fn main() {
    let pipelines = registry();
    let expression = pipeline! {
        node(count, [flowers] -> [counted]),
        node(|counted: &Table| Summary, [counted] -> [total]),
    };
    let catalog = Catalog::default();
    drop((expression, training()));
    drop(catalog.flowers);
}

fn summary_of(outputs: training) -> Summary {
    outputs.summary
}
