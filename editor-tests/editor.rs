//! What an editor shows inside the macros, asked of rust-analyzer over its protocol. `editor-tests/install.sh` builds it; where it has not
//! been built, this is skipped.
//!
//! Each question is a check with a name. `limits.txt` has those that have no good answer today; one that gets it fails the test too, so
//! that the list stays true. A place in the file is the code around it, with `$0` where the cursor is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use pipeline_editor_tests::{Editor, Result};
use serde_json::json;

/// The checks that fail today, and why, a line each: `NAME # WHY`.
const LIMITS: &str = include_str!("limits.txt");

#[test]
fn an_editor_shows_what_the_names_in_a_pipeline_mean() -> Result<()> {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(reason) => {
            eprintln!("skipped, because {reason}");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    let mut checks = Checks { editor: open(&tools, &folder)?, results: Vec::new() };
    let complete = checks.editor.text().to_owned();
    complete_code(&mut checks)?;
    while_typing(&mut checks, &complete)?;
    with_half_a_node(&mut checks, &complete)?;
    checks.compare_with_limits()
}

fn complete_code(checks: &mut Checks) -> Result<()> {
    let problems = checks.editor.problems()?;
    checks.note("no errors in complete code", if problems.is_empty() { Ok(()) } else { Err(format!("{problems:?}")) });

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

    checks.leads("definition of the catalog", "training for Cata$0log", "pub struct $0Catalog")?;
    checks.shows("hover on the catalog's own name", "pub struct Cata$0log", "pub struct Catalog")?;
    checks.leads("definition of a type in a closure", "|counted: &Tab$0le|", "pub struct $0Table;")?;
    let training = ["pub $0training for", "drop((expression, $0training()))", "outputs: $0training"];
    checks.renames("pipeline", "pub train$0ing for", &training)
}

fn while_typing(checks: &mut Checks, complete: &str) -> Result<()> {
    let inputs = "[flowers, params:test_ratio]";
    let mut offers = |from: &str, to: &str, wanted: &[&str]| {
        let name = format!("complete `{to}`");
        let at = checks.type_instead(complete, from, to)?;
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
    offers("node(sum?,", "n$0 node(sum?,", &["node"])
}

/// Editors close brackets or do not; each way, the other nodes are as they were.
fn with_half_a_node(checks: &mut Checks, complete: &str) -> Result<()> {
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
        let at = checks.type_instead(complete, from, &to)?;
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

/// What has been asked, and whether the answer was right.
struct Checks {
    editor: Editor,
    results: Vec<(String, std::result::Result<(), String>)>,
}

impl Checks {
    fn note(&mut self, name: &str, result: std::result::Result<(), String>) {
        self.results.push((name.to_owned(), result));
    }

    /// The offset of a place, of which there is one.
    fn at(&self, place: &str) -> usize {
        let (before, after) = place.split_once("$0").expect("a place has a cursor");
        let wanted = format!("{before}{after}");
        let mut found = self.editor.text().match_indices(&wanted).map(|(at, _)| at + before.len());
        match (found.next(), found.next()) {
            (Some(at), None) => at,
            (at, _) => panic!("`{place}` is there {}", if at.is_some() { "twice" } else { "nowhere" }),
        }
    }

    /// The line and what stands there, for people.
    fn describe(&self, at: usize) -> String {
        let text = self.editor.text();
        let line = text[..at].matches('\n').count();
        format!(
            "line {}, `{}`",
            line + 1,
            text[at..].chars().take_while(|c| c.is_alphanumeric() || "_!".contains(*c)).collect::<String>()
        )
    }

    /// "Go to definition" leads to one place, this one.
    fn leads(&mut self, name: &str, from: &str, to: &str) -> Result<()> {
        let found = self.editor.definitions(self.at(from))?;
        let wanted = self.at(to);
        let result = match found.as_slice() {
            [Ok(range)] if range.start == wanted => Ok(()),
            found => {
                let found = found.iter().map(|place| match place {
                    Ok(range) => self.describe(range.start),
                    Err(file) => file.rsplit('/').next().unwrap_or_default().to_owned(),
                });
                Err(format!("leads to {:?}", found.collect::<Vec<_>>()))
            }
        };
        self.note(name, result);
        Ok(())
    }

    /// The hover says this, and nothing of what the macros generate.
    fn shows(&mut self, name: &str, at: &str, wanted: &str) -> Result<()> {
        let found = self.editor.hover(self.at(at))?;
        let generated = [
            "pipeline_core::",
            "macro_rules",
            "{unknown}",
            "Out0",
            "let in_",
            "let out_",
            "let slot_",
            "\nio:",
            "returned",
        ];
        let is_alone = found.matches(wanted).count() == 1 && generated.iter().all(|text| !found.contains(text));
        self.note(name, if is_alone { Ok(()) } else { Err(format!("shows {found:?}")) });
        Ok(())
    }

    /// These places are all references, and a rename changes them and nothing else.
    fn renames(&mut self, name: &str, at: &str, places: &[&str]) -> Result<()> {
        const NEW: &str = "renamed";
        let at = self.at(at);
        let wanted: BTreeSet<usize> = places.iter().map(|place| self.at(place)).collect();
        let references = self.editor.references(at)?;
        let starts: BTreeSet<usize> = references.iter().map(|range| range.start).collect();
        let found = starts.iter().map(|&start| self.describe(start)).collect::<Vec<_>>();
        self.note(
            &format!("references of a {name}"),
            if starts == wanted { Ok(()) } else { Err(format!("finds {found:?}")) },
        );
        let text = self.editor.text();
        let length = text[*wanted.iter().next().expect("there is a place")..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .count();
        let mut renamed = text.to_owned();
        for &start in wanted.iter().rev() {
            renamed.replace_range(start..start + length, NEW);
        }
        let result = match self.editor.rename(at, NEW) {
            Ok(text) if text == renamed => Ok(()),
            Ok(text) => Err(format!("changes {} of {} places", text.matches(NEW).count(), wanted.len())),
            Err(error) => Err(error.to_string()),
        };
        self.note(&format!("rename of a {name}"), result);
        Ok(())
    }

    /// Changes the complete code in one place; the offset is that of the cursor then.
    fn type_instead(&mut self, complete: &str, from: &str, to: &str) -> Result<usize> {
        assert_eq!(complete.matches(from).count(), 1, "`{from}` is there once");
        let (start, cursor) = (complete.find(from), to.find("$0"));
        self.editor.set_text(complete.replace(from, &to.replace("$0", "")))?;
        Ok(start.unwrap_or_default() + cursor.expect("what is typed has a cursor"))
    }

    /// These names are offered.
    fn offers(&mut self, name: &str, at: usize, wanted: &[&str]) -> Result<()> {
        let found = self.editor.completions(at)?;
        let missing: Vec<_> = wanted.iter().filter(|wanted| !found.iter().any(|found| found == *wanted)).collect();
        let result = if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("does not offer {missing:?}, but {} others", found.len()))
        };
        self.note(name, result);
        Ok(())
    }

    fn compare_with_limits(self) -> Result<()> {
        let limits: Vec<(&str, &str)> = LIMITS.lines().filter_map(|line| line.split_once(" # ")).collect();
        let mut report = String::new();
        let mut is_right = true;
        for (name, result) in &self.results {
            let limit = limits.iter().find(|(limit, _)| limit == name);
            let line = match (result, limit) {
                (Ok(()), None) => format!("works      {name}"),
                (Err(found), None) => format!("BROKEN     {name}: {found}"),
                (Err(_), Some((_, why))) => format!("limit      {name}: {why}"),
                (Ok(()), Some(_)) => format!("WORKS NOW  {name}: take it off limits.txt"),
            };
            is_right &= result.is_ok() == limit.is_none();
            writeln!(report, "{line}")?;
        }
        for (limit, _) in limits.iter().filter(|(limit, _)| self.results.iter().all(|(name, _)| name != limit)) {
            writeln!(report, "UNKNOWN    {limit}: no check has this name")?;
            is_right = false;
        }
        eprintln!("{report}");
        assert!(is_right, "the list above has lines in capitals");
        Ok(())
    }
}

/// What must be there.
struct Tools {
    rust_analyzer: PathBuf,
    proc_macro_server: PathBuf,
}

impl Tools {
    fn find() -> std::result::Result<Self, String> {
        let rust_analyzer =
            workspace().join("target/editor/bin/rust-analyzer").with_extension(env::consts::EXE_EXTENSION);
        if !rust_analyzer.exists() {
            return Err(format!("there is no {}: run editor-tests/install.sh", rust_analyzer.display()));
        }
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().map_err(|error| error.to_string())?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
        let proc_macro_server =
            sysroot.join("libexec/rust-analyzer-proc-macro-srv").with_extension(env::consts::EXE_EXTENSION);
        if !proc_macro_server.exists() {
            return Err(format!("the toolchain has no {}", proc_macro_server.display()));
        }
        Ok(Self { rust_analyzer, proc_macro_server })
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is a member of a workspace").to_owned()
}

/// Writes the fixture and opens it.
fn open(tools: &Tools, folder: &Path) -> Result<Editor> {
    let workspace = workspace();
    let write = |path: &str, text: &str| -> Result<()> {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
        Ok(fs::write(path, text)?)
    };
    let manifest = format!(
        "[package]\nname = \"fixture\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         pipeline-core = {{ path = \"{}\", default-features = false }}\n",
        workspace.join("pipeline-core").display()
    );
    write("Cargo.toml", &manifest)?;
    // The same versions, so nothing is fetched.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    write("src/main.rs", include_str!("fixture.rs"))?;
    write("library/core/src/lib.rs", include_str!("core.rs"))?;
    write("library/std/src/lib.rs", "pub use core::*;")?;
    for name in ["alloc", "proc_macro", "test"] {
        write(&format!("library/{name}/src/lib.rs"), "")?;
    }
    let options = json!({
        "cachePriming": { "enable": false },
        "cargo": { "sysrootSrc": folder.join("library"), "targetDir": workspace.join("target/editor/fixture") },
        // What is asked is what rust-analyzer finds, not what rustc does.
        "checkOnSave": false,
        "procMacro": { "server": tools.proc_macro_server },
    });
    Editor::open(&tools.rust_analyzer, folder, "src/main.rs", &options)
}
