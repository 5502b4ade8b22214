//! What is asked about names in `pipeline!`.

use pipeline_editor_tests::Result;

use crate::checks::Checks;

pub(crate) fn ask(checks: &mut Checks) -> Result<()> {
    complete_code(checks)?;
    while_typing(checks)?;
    with_a_mistake(checks)?;
    with_half_a_node(checks)?;
    checks.undo()
}

fn complete_code(checks: &mut Checks) -> Result<()> {
    let split = ["node($0split, [", "fn $0split("];
    checks.leads("definition of a function", "node(sp$0lit,", "fn $0split(")?;
    checks.shows(
        "hover on a function",
        "node(sp$0lit,",
        "fn split(flowers: &Flowers, test_ratio: f64) -> (Train, Test)",
    )?;
    checks.renames("function", "node(sp$0lit,", &split)?;
    checks.leads("definition of a function with `?`", "node(su$0m?,", "fn $0sum(")?;
    checks.shows(
        "hover on a function with `?`",
        "node(su$0m?,",
        "fn sum(table: &Table) -> Result<Summary, &'static str>",
    )?;
    checks.leads("definition of a function of one input", "node(cou$0nt, [flowers] -> [table]", "fn $0count(")?;

    let flowers = [
        "$0flowers: Memory",
        "split, [$0flowers",
        "count, [$0flowers] -> [table]",
        "count, [$0flowers] -> [counted]",
        "[raw] -> [$0flowers]",
        "grow, [$0flowers",
        "catalog.$0flowers",
    ];
    checks.leads("definition of a catalog's dataset, an input", "split, [flo$0wers", "$0flowers: Memory")?;
    checks.shows("hover on a catalog's dataset, an input", "split, [flo$0wers", "pub flowers: Memory<Flowers>")?;
    checks.renames("catalog's dataset, at an input", "split, [flo$0wers", &flowers)?;
    checks.renames("catalog's dataset, at its field", "flo$0wers: Memory", &flowers)?;
    checks.leads("definition of a catalog's dataset, an output", "-> [mo$0del]", "$0model: Memory")?;
    checks.shows("hover on a catalog's dataset, an output", "-> [mo$0del]", "pub model: Memory<Model>")?;
    let model = ["$0model: Memory", "-> [$0model]", "[$0model, test]"];
    checks.renames("catalog's dataset, at an output", "-> [mo$0del]", &model)?;

    let train = ["-> [$0train, test]", "[$0train, params"];
    checks.leads("definition of a dataset in memory, an input", "[tr$0ain, params", "-> [$0train, test]")?;
    checks.leads("definition of a dataset in memory, its output", "-> [tr$0ain, test]", "-> [$0train, test]")?;
    checks.shows("hover on a dataset in memory, an input", "[tr$0ain, params", "let train: Train")?;
    checks.shows("hover on a dataset in memory, its output", "-> [tr$0ain, test]", "let train: Train")?;
    checks.renames("dataset in memory, at an input", "[tr$0ain, params", &train)?;
    checks.renames("dataset in memory, at its output", "-> [tr$0ain, test]", &train)?;
    checks.leads(
        "definition of a dataset in memory of an expression",
        "Summary, [coun$0ted]",
        "[flowers] -> [$0counted]",
    )?;
    checks.leads("definition of a free output, from its use", "outputs.sum$0mary", "-> [$0summary: Summary]")?;
    checks.renames("free output", "-> [sum$0mary: Summary]", &["-> [$0summary: Summary]", "outputs.$0summary"])?;
    checks.shows("hover on a free output", "-> [sum$0mary: Summary]", "let summary: Summary")?;

    let ratio = ["pub $0test_ratio: f64", "params:$0test_ratio]"];
    checks.leads("definition of a parameter", "params:test_ra$0tio]", "pub $0test_ratio: f64")?;
    checks.shows("hover on a parameter", "params:test_ra$0tio]", "pub test_ratio: f64")?;
    checks.renames("parameter, where it is read", "params:test_ra$0tio]", &ratio)?;
    checks.renames("parameter, at its field", "pub test_ra$0tio: f64", &ratio)?;
    checks.leads("definition of a parameter inside another", "params:depth.m$0ax]", "pub $0max: u32")?;
    checks.leads("definition of a group of parameters", "params:dep$0th.max]", "pub $0depth: Depth")?;
    checks.leads("definition of the parameters, by their prefix", "pa$0rams:test_ratio", "$0params: Params,")?;
    checks.leads("definition of all parameters", "[accuracy, par$0ams]", "$0params: Params,")?;

    checks.shows("hover on `node`", "no$0de(split", "A node: node(function, [inputs] -> [outputs])")?;
    checks.leads("definition of the catalog", "training for Cata$0log", "pub struct $0Catalog")?;
    checks.shows("hover on the catalog's own name", "pub struct Cata$0log", "pub struct Catalog")?;
    checks.leads("definition of a type in a closure", "|counted: &Tab$0le|", "pub struct $0Table;")?;
    let training =
        ["pub $0training for", "both + $0training()", "drop((expression, $0training()))", "outputs: $0training"];
    checks.renames("pipeline", "pub train$0ing for", &training)
}

fn while_typing(checks: &mut Checks) -> Result<()> {
    let inputs = "[flowers, params:test_ratio]";
    let mut offers = |from: &str, to: &str, wanted: &[&str]| {
        let name = format!("complete `{to}`");
        let at = checks.type_instead(from, to)?;
        checks.offers(&name, at, wanted)
    };
    let all = ["flowers", "model", "report", "params", "train", "test", "accuracy", "table"];
    offers(inputs, "[fl$0]", &all)?;
    offers(inputs, "[$0]", &all)?;
    offers(inputs, "[flowers, $0]", &all)?;
    offers(inputs, "[$0, flowers]", &all)?;
    offers(inputs, "[flowers$0]", &all)?;
    offers("-> [report]", "-> [rep$0]", &["report", "model"])?;
    offers(inputs, "[flowers, params:te$0]", &["test_ratio", "depth"])?;
    offers(inputs, "[flowers, params:$0]", &["test_ratio", "depth"])?;
    offers(inputs, "[flowers, params: $0]", &["test_ratio", "depth"])?;
    offers(inputs, "[flowers, params:depth.$0]", &["max"])?;
    offers("node(split,", "node(spl$0,", &["split", "fit"])?;
    offers("node(split,", "node($0,", &["split", "fit"])?;
    offers("[counted] -> [total]", "[cou$0] -> [total]", &["counted", "flowers"])?;
    offers("[counted] -> [total]", "[counted] -> [$0]", &["flowers", "report"])?;
    offers("node(sum?,", "n$0 node(sum?,", &["node"])?;
    offers("node(sum?,", "$0 node(sum?,", &["node"])?;
    offers("node(sum?,", "no$0(sum?,", &["node"])
}

/// The macros' own errors are shown where the mistakes are, not at the macro, and not only when the file is saved.
fn with_a_mistake(checks: &mut Checks) -> Result<()> {
    checks.type_instead("node(split, [flowers,", "node(split, [flwers$0,")?;
    checks.finds("an unknown dataset", "node(split, [$0flwers,", "no dataset is called `flwers`")?;
    checks.type_instead("node(fit, [train,", "node(fit$0 [train,")?;
    checks.finds("a missing comma", "node(fit $0[train,", "expected `,` after the function of the node")?;
    checks.type_instead("node(score, [model, test] -> [accuracy]", "node(score, [model, test] -> [model$0]")?;
    checks.finds("two writers", "[model, test] -> [$0model]", "dataset `model` is written by two nodes")?;
    checks.type_instead("node(count, [flowers] -> [table])", "node(count, [flowers, summary$0] -> [table])")?;
    checks.finds("a cycle", "-> [$0table]", "these datasets wait for each other")
}

/// Editors close brackets or do not; each way, the other nodes are as they were.
fn with_half_a_node(checks: &mut Checks) -> Result<()> {
    let first = "node(split, [flowers, params:test_ratio] -> [train, test]),";
    let last = "node(sum?, [table] -> [summary: Summary]),";
    let behind = |half: &str| format!("{last}\n        {half}");
    let functions: &[&str] = &["split", "fit"];
    let datasets: &[&str] = &["flowers", "model", "report", "accuracy", "table"];
    for (from, half, wanted) in [
        (first, "node(spl$0", functions),
        (first, "node(spl$0),", functions),
        (first, "node($0),", functions),
        (first, "node(split, [fl$0", datasets),
        (first, "node(split, [fl$0),", datasets),
        (first, "node(split, [fl$0]),", datasets),
        (first, "node(split, [flowers] -> $0", datasets),
        (first, "node(split, [flowers] -> $0),", datasets),
        (first, "node(split, [flowers] -> [$0", datasets),
        (first, "node(split, [flowers] -> [mo$0]),", datasets),
        (last, "node($0", functions),
        (last, "node(sum?, [ta$0", datasets),
    ] {
        let to = if from == last { behind(half) } else { half.to_owned() };
        let at = checks.type_instead(from, &to)?;
        checks.offers(&format!("complete half a node, `{half}`"), at, wanted)?;
        let rest = |what: &str| format!("beside `{half}`: {what}");
        checks.leads(&rest("definition of a function"), "node(fi$0t,", "fn $0fit(")?;
        checks.leads(&rest("definition of a catalog's dataset"), "-> [mod$0el]),", "$0model: Memory")?;
        checks.leads(
            &rest("definition of a dataset in memory"),
            "[accu$0racy, params]",
            "[model, test] -> [$0accuracy]",
        )?;
        checks.shows(&rest("hover on a function"), "node(fi$0t,", "fn fit(train: &Train, max: u32) -> Model")?;
        checks.shows(&rest("hover on a catalog's dataset"), "-> [mod$0el]),", "pub model: Memory<Model>")?;
        checks.shows(&rest("hover on a dataset in memory"), "[accu$0racy, params]", "let accuracy: Accuracy")?;
    }
    Ok(())
}
