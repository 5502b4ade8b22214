//! What is asked about names in `pipelines!`: those inside `pipeline!< … >`, and those of the pipelines themselves.

use pipeline_editor_tests::Result;

use crate::checks::Checks;

pub(crate) fn ask(checks: &mut Checks) -> Result<()> {
    names_of_nodes(checks)?;
    names_of_pipelines(checks)?;
    while_typing(checks)?;
    with_a_mistake(checks)?;
    with_half_an_entry(checks)?;
    checks.undo()
}

/// Inside `pipeline!< … >`, all is as in a pipeline that is declared elsewhere.
fn names_of_nodes(checks: &mut Checks) -> Result<()> {
    let named = |what: &str| format!("{what}, in angles");
    checks.leads(&named("definition of a function"), "node(gr$0ow,", "fn $0grow(")?;
    checks.shows(&named("hover on a function"), "node(gr$0ow,", "fn grow(flowers: &Flowers, min: u32) -> Trees")?;
    checks.renames(&named("function"), "node(gr$0ow,", &["node($0grow,", "fn $0grow("])?;
    checks.leads(&named("definition of a function with `?`"), "node(pla$0nt?,", "fn $0plant(")?;
    checks.renames(&named("function with `?`"), "node(pla$0nt?,", &["node($0plant?,", "fn $0plant("])?;

    let forest = ["$0forest: Memory", "-> [$0forest]", "measure, [$0forest]", "weigh, [$0forest]"];
    checks.leads(&named("definition of a catalog's dataset, an input"), "grow, [flo$0wers", "$0flowers: Memory")?;
    checks.shows(
        &named("hover on a catalog's dataset, an input"),
        "grow, [flo$0wers",
        "pub flowers: Memory<Flowers>",
    )?;
    checks.leads(&named("definition of a catalog's dataset, an output"), "-> [for$0est]", "$0forest: Memory")?;
    checks.shows(&named("hover on a catalog's dataset, an output"), "-> [for$0est]", "pub forest: Memory<Forest>")?;
    checks.renames(&named("catalog's dataset, at an output"), "-> [for$0est]", &forest)?;
    checks.renames(&named("catalog's dataset, at its field"), "for$0est: Memory", &forest)?;

    let trees = ["-> [$0trees]", "[$0trees] -> "];
    checks.leads(&named("definition of a dataset in memory, an input"), "[tre$0es] -> ", "-> [$0trees]")?;
    checks.leads(&named("definition of a dataset in memory, its output"), "-> [tre$0es]", "-> [$0trees]")?;
    checks.shows(&named("hover on a dataset in memory, an input"), "[tre$0es] -> ", "let trees: Trees")?;
    checks.shows(&named("hover on a dataset in memory, its output"), "-> [tre$0es]", "let trees: Trees")?;
    checks.renames(&named("dataset in memory, at an input"), "[tre$0es] -> ", &trees)?;
    checks.renames(&named("dataset in memory, at its output"), "-> [tre$0es]", &trees)?;

    let min = ["pub $0min: u32", "params:depth.$0min]"];
    checks.leads(&named("definition of a parameter"), "params:depth.m$0in]", "pub $0min: u32")?;
    checks.shows(&named("hover on a parameter"), "params:depth.m$0in]", "pub min: u32")?;
    checks.renames(&named("parameter, where it is read"), "params:depth.m$0in]", &min)?;
    checks.leads(&named("definition of a group of parameters"), "params:de$0pth.min]", "pub $0depth: Depth")?;
    checks.leads(
        &named("definition of the parameters, by their prefix"),
        "par$0ams:depth.min]",
        "$0params: Params,",
    )?;

    checks.leads("definition of a function, in braces", "node(meas$0ure,", "fn $0measure(")?;
    checks.leads("definition of a catalog's dataset, in braces", "measure, [for$0est]", "$0forest: Memory")?;
    checks.shows("hover on a catalog's dataset, in braces", "measure, [for$0est]", "pub forest: Memory<Forest>")?;
    checks.shows("hover on a free output, in braces", "-> [hei$0ght]", "let height: u32")
}

fn names_of_pipelines(checks: &mut Checks) -> Result<()> {
    let pipeline = ["pub $0pipeline for", "cleaning::$0pipeline()"];
    checks.leads("definition of a pipeline of another module", "cleaning::pipe$0line()", "pub $0pipeline for")?;
    checks.shows(
        "hover on a pipeline of another module",
        "cleaning::pipe$0line()",
        "pub fn pipeline() -> pipeline_core::Pipeline<Catalog, pipeline>",
    )?;
    checks.renames("pipeline of another module", "cleaning::pipe$0line()", &pipeline)?;
    checks.leads("definition of a module", "clea$0ning::pipeline()", "mod $0cleaning")?;
    checks.renames("module", "clea$0ning::pipeline()", &["mod $0cleaning", "$0cleaning::pipeline()"])?;
    checks.leads("definition of a pipeline of this module", "both + train$0ing()", "pub $0training for")?;
    let training =
        ["pub $0training for", "both + $0training()", "drop((expression, $0training()))", "outputs: $0training"];
    checks.renames("pipeline, at its use", "both + train$0ing()", &training)?;

    let cleaned = ["$0cleaned = ", "= $0cleaned + grown"];
    checks.leads("definition of an entry, in a sum", "= clea$0ned + grown", "$0cleaned = ")?;
    checks.leads("definition of an entry in angles, in a sum", "cleaned + gro$0wn", "$0grown = ")?;
    checks.leads("definition of a sum, in a sum", "= bo$0th + training()", "$0both = ")?;
    checks.leads("definition of an entry, where it is made", "clea$0ned = ", "$0cleaned = ")?;
    checks.shows("hover on an entry, in a sum", "= clea$0ned + grown", "let cleaned: Pipeline<Catalog>")?;
    checks.shows("hover on a sum, in a sum", "= bo$0th + training()", "let both: Pipeline<Catalog>")?;
    checks.shows("hover on an entry, where it is made", "gro$0wn = ", "let grown: Pipeline<Catalog>")?;
    checks.renames("entry, in a sum", "= clea$0ned + grown", &cleaned)?;
    checks.renames("entry, where it is made", "clea$0ned = ", &cleaned)?;
    checks.renames("sum, in a sum", "= bo$0th + training()", &["$0both = ", "= $0both + training()"])?;

    checks.leads("definition of the catalog of a registry", "registry() for Cata$0log", "pub struct $0Catalog")?;
    checks.renames("registry", "pub fn regis$0try", &["pub fn $0registry", "pipelines = $0registry()"])
}

fn while_typing(checks: &mut Checks) -> Result<()> {
    let mut offers = |from: &str, to: &str, wanted: &[&str]| {
        let name = format!("complete in a registry `{to}`");
        let at = checks.type_instead(from, to)?;
        checks.offers(&name, at, wanted)
    };
    let inputs = "[flowers, params:depth.min]";
    let all = ["flowers", "model", "forest", "params", "trees"];
    offers(inputs, "[fl$0]", &all)?;
    offers(inputs, "[$0]", &all)?;
    offers(inputs, "[flowers, $0]", &all)?;
    offers(inputs, "[flowers, params:de$0]", &["test_ratio", "depth"])?;
    offers(inputs, "[flowers, params:depth.$0]", &["min", "max"])?;
    offers("[trees] -> [forest]", "[tr$0] -> [forest]", &all)?;
    offers("[trees] -> [forest]", "[trees] -> [fo$0]", &["forest", "model"])?;
    offers("node(grow,", "n$0 node(grow,", &["node"])?;
    offers("node(grow,", "node(gr$0,", &["grow", "plant"])?;
    offers("node(grow,", "node($0,", &["grow", "plant"])?;

    let sum = "both = cleaned + grown,";
    let entries = ["cleaned", "grown", "measured", "cleaning::", "training"];
    offers(sum, "both = cl$0 + grown,", &entries)?;
    offers(sum, "both = $0 + grown,", &entries)?;
    offers(sum, "both = cleaned + gr$0,", &entries)?;
    offers(sum, "both = cleaned + $0,", &entries)?;
    offers(sum, "both = cle$0,", &entries)?;
    offers(sum, "both = $0,", &entries)?;
    offers(sum, "both = cleaned + cleaning::$0,", &["pipeline"])?;
    offers(sum, "both = cleaned + cleaning::pi$0,", &["pipeline"])?;
    offers(sum, "both = cleaned + cleaning::pi$0(),", &["pipeline"])?;
    offers(sum, "both = cleaning::$0,", &["pipeline"])?;
    offers(sum, "both = pipe$0,", &["pipeline!"])?;
    checks.hides("later entries and the sum itself", sum, "both = cleaned + $0,", &["__default__", "both"])
}

/// Mistakes are shown where they are.
fn with_a_mistake(checks: &mut Checks) -> Result<()> {
    checks.type_instead("both = cleaned + grown,", "both = cleaned + grwn$0,")?;
    checks.finds("an unknown entry", "cleaned + $0grwn", "no pipeline is registered as `grwn`")?;
    checks.type_instead("node(plant?, [trees]", "node(plant?, [treees$0]")?;
    checks.finds("an unknown dataset, in angles", "plant?, [$0treees", "no dataset is called `treees`")?;
    checks.type_instead("node(grow, [flowers,", "node(grwo$0, [flowers,")?;
    checks.leads("definition of an entry beside an unknown function", "cleaned + gro$0wn", "$0grown = ")
}

/// Whatever is not closed or not finished, the other entries are as they were.
fn with_half_an_entry(checks: &mut Checks) -> Result<()> {
    let sum = "both = cleaned + grown,";
    let node = "node(plant?, [trees] -> [forest]) >,";
    let functions: &[&str] = &["grow", "plant"];
    let datasets: &[&str] = &["flowers", "model", "forest", "params"];
    let entries: &[&str] = &["cleaned", "grown", "measured", "cleaning::", "training"];
    let halves = [
        (node, "node(pl$0", functions),
        (node, "node(pl$0 >,", functions),
        (node, "node(pl$0) >,", functions),
        (node, "node(pl$0)", functions),
        (node, "node(plant, [tr$0", datasets),
        (node, "node(plant, [tr$0]", datasets),
        (node, "node(plant, [tr$0]) >,", datasets),
        (node, "node(plant, [tr$0 >,", datasets),
        (node, "node(plant, [flowers] -> $0 >,", datasets),
        (node, "node(plant, [flowers] -> [mo$0", datasets),
        (sum, "both = cl$0", entries),
        (sum, "both = $0", entries),
        (sum, "both = cleaned + $0", entries),
        (sum, "both = pipeline!< node(gr$0", functions),
        (sum, "both = pipeline!< node(gr$0) >", functions),
        (sum, "both = pipeline!< node(gr$0) >,", functions),
        (sum, "both = pipeline!{ node(gr$0 },", functions),
        // What is being typed here is a new name.
        (sum, "ne$0 both = cleaned + grown,", &[]),
        (sum, "new = $0 both = cleaned + grown,", entries),
        (sum, "both = cleaned + grown$0", &[]),
        (sum, "both = pipeline!< no$0", &["node"]),
        (sum, "both = pipeline!< no$0 >,", &["node"]),
        (sum, "both = pipeline!$0,", &[]),
    ];
    for (from, half, wanted) in halves {
        let at = checks.type_instead(from, half)?;
        if !wanted.is_empty() {
            checks.offers(&format!("complete half an entry, `{half}`"), at, wanted)?;
        }
        let rest = |what: &str| format!("beside `{half}`: {what}");
        checks.leads(&rest("definition of a function in angles"), "node(gr$0ow,", "fn $0grow(")?;
        checks.leads(&rest("definition of a parameter in angles"), "params:depth.m$0in]", "pub $0min: u32")?;
        checks.leads(&rest("definition of a function in braces"), "node(meas$0ure,", "fn $0measure(")?;
        checks.leads(&rest("definition of a function in angles behind it"), "node(wei$0gh,", "fn $0weigh(")?;
        checks.shows(&rest("hover on a dataset in memory"), "-> [tre$0es]", "let trees: Trees")?;
        checks.leads(&rest("definition of an entry"), "= bo$0th + training()", "$0both = ")?;
        checks.leads(&rest("definition of a pipeline"), "both + train$0ing()", "pub $0training for")?;
        checks.shows(&rest("hover on an entry"), "bo$0th + training()", "let both: Pipeline<Catalog>")?;
    }
    Ok(())
}
