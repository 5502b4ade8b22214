//! Registries of pipelines, and the command line over them.

use std::ffi::OsString;
use std::process::{Command, ExitCode, Output};

use pipeline_core::cli;
use pipeline_core::prelude::*;
use pipeline_core::{Error, Status};

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        B: Memory<i32>,
        C: Memory<i32>,
        D: Memory<i32>,
        never: Memory<i32>,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

fn refuse(value: i32) -> Result<i32, String> {
    Err(format!("{value} is refused"))
}

mod data_processing {
    //! A pipeline that is called `pipeline`, as in Kedro's template.

    use pipeline_core::prelude::*;

    use super::{Catalog, double};

    pipeline! {
        /// From `A` to `B`.
        pub(crate) pipeline for Catalog { node(double, [A] -> [B]), node(|b: i32| b + 1, [B] -> [more: i32]) }
    }

    pub(crate) mod deeper {
        //! A pipeline deeper down.

        use pipeline_core::prelude::*;

        use crate::{Catalog, double};

        pipeline! { pub(crate) science for Catalog { node(double, [B] -> [C]) } }
    }
}

pipeline! { last for Catalog { node(double, [C] -> [D]) } }

pipelines! {
    /// All forms that an entry can have.
    fn pipelines() for Catalog {
        data_processing = data_processing::pipeline(),
        data_science = data_processing::deeper::science(),
        without_parentheses = data_processing::pipeline,
        here = last(),
        literal = pipeline!< node(identity, [A] -> [B], name = "copy") >,
        in_braces = pipeline! { node(identity, [A] -> [D]) },
        in_parentheses = pipeline!(node(identity, [A] -> [D])),
        in_angles_in_brackets = pipeline![< node(identity, [A] -> [D]) >],
        several_nodes = pipeline!< node(double, [A] -> [copy]), node(|copy: i32| copy + 1, [copy] -> [D]), >,
        failing = pipeline!< node(refuse?, [A] -> [B]) >,
        unsaved = pipeline!< node(identity, [never] -> [B]) >,
        free_output = pipeline!< node(identity, [A] -> [free]) >,
        r#type = pipeline!< node(double, [A] -> [D]) >,
        sum = data_processing + data_science,
        mixed = sum + last() + pipeline!< node(identity, [A] -> [free]) >,
        __default__ = data_processing + data_science + here,
    }
}

/// Runs a pipeline of the registry over a new catalog.
fn run(name: &str) -> Result<Catalog, Error> {
    let (pipelines, catalog) = (pipelines(), Catalog::default());
    SequentialRunner::new().run(pipelines.get(name)?, &catalog)?;
    Ok(catalog)
}

#[test]
fn names_come_in_the_order_of_registration() {
    let pipelines = pipelines();
    let names: Vec<&str> = pipelines.names().collect();
    assert_eq!(names[..4], ["data_processing", "data_science", "without_parentheses", "here"]);
    assert_eq!((names.len(), names.last()), (16, Some(&"__default__")));
}

#[test]
fn every_form_of_an_entry_runs() {
    // It writes `B` and reads it, and has released it.
    assert!(!run("data_processing").unwrap().B.exists().unwrap());
    assert!(!run("without_parentheses").unwrap().B.exists().unwrap());
    assert_eq!(run("literal").unwrap().B.load().unwrap(), 1);
    for form in ["in_braces", "in_parentheses", "in_angles_in_brackets"] {
        assert_eq!(run(form).unwrap().D.load().unwrap(), 1, "{form}");
    }
    assert_eq!(run("several_nodes").unwrap().D.load().unwrap(), 3);
    assert_eq!(run("type").unwrap().D.load().unwrap(), 2);
    run("free_output").unwrap();
}

#[test]
fn sums_of_entries_paths_and_literals_run() {
    assert_eq!(run("sum").unwrap().C.load().unwrap(), 4);
    assert_eq!(run("mixed").unwrap().D.load().unwrap(), 8);
    assert_eq!(run("__default__").unwrap().D.load().unwrap(), 8);
}

#[test]
fn an_entry_that_is_a_part_of_a_sum_runs_alone_too() {
    let catalog = run("data_processing").unwrap();
    assert!(!catalog.C.exists().unwrap());
    let error = run("data_science").err().unwrap();
    assert!(matches!(&error, Error::Load { dataset, .. } if dataset == "B"), "{error:?}");
}

#[test]
fn a_registered_pipeline_is_called_by_its_entry() {
    let pipelines = pipelines();
    for name in pipelines.names() {
        assert_eq!(pipelines.get(name).unwrap().name(), Some(name));
    }
    let error = run("failing").err().unwrap();
    assert_eq!(error.to_string(), "node `refuse([A]) -> [B]` of pipeline `failing` failed");
    let text = pipelines.get("literal").unwrap().dag().unwrap().to_string();
    assert_eq!(text, "copy: identity([A]) -> [B]");
}

#[test]
fn a_wrong_name_is_an_error_with_the_nearest() {
    let pipelines = pipelines();
    let message = |name: &str| pipelines.get(name).unwrap_err().to_string();
    assert_eq!(
        message("data_procesing"),
        "no pipeline is registered as `data_procesing`; did you mean `data_processing`?"
    );
    assert_eq!(message("Literal"), "no pipeline is registered as `Literal`; did you mean `literal`?");
    let none_near = message("weather");
    assert!(
        none_near
            .starts_with("no pipeline is registered as `weather`; the registered pipelines are `data_processing`, ")
    );
    assert!(none_near.ends_with(" and `__default__`"), "{none_near}");
    assert!(matches!(pipelines.get(""), Err(Error::UnknownPipeline { name, .. }) if name.is_empty()));
}

#[test]
fn an_empty_registry_has_no_names_to_offer() {
    let pipelines = Pipelines::new(Catalog::default);
    assert_eq!(pipelines.get("any").unwrap_err().to_string(), "no pipeline is registered as `any`");
    assert_eq!(pipelines.names().count(), 0);
}

#[test]
fn a_registry_is_made_by_hand_too() {
    let pipelines = Pipelines::new(|| Catalog { A: Memory::new(100), ..Catalog::default() })
        .with("first", data_processing::pipeline())
        .with(String::from("second"), data_processing::deeper::science())
        .with("both", data_processing::pipeline() + data_processing::deeper::science())
        .with("first", pipeline! { for Catalog; node(identity, [A] -> [B]) });
    assert_eq!(pipelines.names().collect::<Vec<_>>(), ["first", "second", "both"]);
    assert_eq!(format!("{pipelines:?}"), r#"["first", "second", "both"]"#);
    let catalog = pipelines.catalog();
    SequentialRunner::new().run(pipelines.get("first").unwrap(), &catalog).unwrap();
    assert_eq!(catalog.B.load().unwrap(), 100);
    SequentialRunner::new().run(pipelines.get("both").unwrap(), &catalog).unwrap();
    assert_eq!(catalog.C.load().unwrap(), 400);
}

#[test]
fn a_registry_makes_its_catalog_anew_and_as_it_is_told() {
    let pipelines = pipelines();
    pipelines.catalog().A.save(7).unwrap();
    assert_eq!(pipelines.catalog().A.load().unwrap(), 1);
    let other = pipelines.with_catalog(|| Catalog { A: Memory::new(50), ..Catalog::default() });
    let catalog = other.catalog();
    SequentialRunner::new().run(other.get("__default__").unwrap(), &catalog).unwrap();
    assert_eq!(catalog.D.load().unwrap(), 400);
}

#[test]
fn a_registered_pipeline_can_be_reported() {
    let pipelines = pipelines();
    let report = DryRunner::new().run_report(pipelines.get("__default__").unwrap(), &pipelines.catalog()).unwrap();
    assert_eq!(
        report.to_string(),
        "Actual run would execute 4 nodes:\n\
         double([A]) -> [B]\n\
         <closure>([B]) -> [more]\n\
         double([B]) -> [C]\n\
         double([C]) -> [D]"
    );
    assert!(report.nodes().all(|(_, status)| status == Status::WouldExecute));
}

// Exit codes.

fn main_from(arguments: &[&str]) -> String {
    let arguments = std::iter::once("program").chain(arguments.iter().copied()).map(OsString::from);
    format!("{:?}", cli::main_from(&pipelines(), arguments))
}

fn code(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

#[test]
fn the_exit_code_is_0_if_all_went_well() {
    let lines: [&[&str]; 9] = [
        &["run"],
        &["run", "--pipeline", "literal"],
        &["run", "--pipeline=literal", "--runner=ParallelRunner"],
        &["run", "-p", "sum", "-r", "SequentialRunner"],
        &["run", "--runner", "DryRunner"],
        // A dry run loads nothing, so what was never saved is no failure.
        &["run", "--pipeline", "unsaved", "--runner", "DryRunner"],
        &["registry", "list"],
        &["--help"],
        &["run", "--help"],
    ];
    for line in lines {
        assert_eq!(main_from(line), code(0), "{line:?}");
    }
}

#[test]
fn the_exit_code_is_1_if_the_run_failed() {
    let lines: [&[&str]; 4] = [
        &["run", "--pipeline", "failing"],
        &["run", "--pipeline", "failing", "--runner", "ParallelRunner"],
        &["run", "--pipeline", "unsaved"],
        &["run", "--pipeline", "data_science"],
    ];
    for line in lines {
        assert_eq!(main_from(line), code(1), "{line:?}");
    }
}

#[test]
fn the_exit_code_is_1_if_the_parts_of_a_sum_do_not_fit() {
    let twice = last() + last();
    let pipelines = Pipelines::new(Catalog::default).with("twice", twice);
    let arguments = ["program", "run", "-p", "twice"].map(OsString::from);
    assert_eq!(format!("{:?}", cli::main_from(&pipelines, arguments)), code(1));
}

#[test]
fn the_exit_code_is_2_if_the_command_line_is_wrong() {
    let lines: [&[&str]; 9] = [
        &[],
        &["run", "--pipeline", "literals"],
        &["run", "--runner", "SequentalRunner"],
        &["run", "--pipelines", "literal"],
        &["run", "--pipeline"],
        &["run", "literal"],
        &["registry"],
        &["registry", "show"],
        &["start"],
    ];
    for line in lines {
        assert_eq!(main_from(line), code(2), "{line:?}");
    }
}

// What the program writes.

fn program(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pipeline-tests-cli"));
    program.args(arguments).env("RUST_BACKTRACE", "0").output().expect("the program starts")
}

/// Exit code, standard output and standard error.
fn told(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(arguments);
    let text = |bytes| String::from_utf8(bytes).expect("it writes text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn the_program_tells_how_many_nodes_ran() {
    let (code, out, err) = told(&["run"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("Completed 2 out of 2 nodes in "), "{out}");
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn the_program_lists_its_pipelines() {
    let (code, out, err) = told(&["registry", "list"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "ab\nbc\nfailing\npanicking\nreading\nunsaved\n__default__\n");
}

#[test]
fn the_program_tells_what_a_dry_run_would_do() {
    let (code, out, err) = told(&["run", "--runner", "DryRunner"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    // A dry run takes no time worth telling.
    assert_eq!(out, "Actual run would execute 2 nodes:\ncopy: identity([A]) -> [B]\nidentity([B]) -> [C]\n");
}

#[test]
fn the_program_tells_an_error_with_its_causes() {
    assert_eq!(
        told(&["run", "--pipeline", "failing"]),
        (
            Some(1),
            String::new(),
            "error: node `refuse([A]) -> [B]` of pipeline `failing` failed\n  caused by: 1 is refused\n\
             No node was completed, so there is nothing to resume: repeat the previous command once the cause is mended.\n"
                .to_owned()
        )
    );
    let (code, out, err) = told(&["run", "--pipeline", "reading"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(
        err,
        "error: cannot load dataset `missing` for node `<closure>([missing]) -> [len]` of pipeline `reading`\n  \
         caused by: no/such/folder/missing.txt: No such file or directory (os error 2)\n\
         No node was completed, so there is nothing to resume: repeat the previous command once the cause is mended.\n"
    );
    let (code, _, err) = told(&["run", "--pipeline", "unsaved"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("caused by: nothing has been saved yet\n"), "{err}");
}

#[test]
fn the_program_tells_a_panic_as_an_error() {
    let (code, out, err) = told(&["run", "--pipeline", "panicking"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    // The panic itself has been told before, by the standard library.
    assert!(err.contains("\nerror: node `panics([A]) -> [B]` of pipeline `panicking` panicked: 1 panics\n"), "{err}");
}

#[test]
fn the_program_offers_the_nearest_names() {
    assert_eq!(
        told(&["run", "--pipeline", "panicing"]),
        (
            Some(2),
            String::new(),
            "error: no pipeline is registered as `panicing`; did you mean `panicking`?\n".to_owned()
        )
    );
    assert_eq!(
        told(&["run", "--runner", "Sequential"]),
        (
            Some(2),
            String::new(),
            "error: there is no runner `Sequential`; did you mean `SequentialRunner`?\n".to_owned()
        )
    );
    let (code, out, err) = told(&["run", "--pipelin", "ab"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("--pipelin") && err.contains("'--pipeline'"), "{err}");
}

#[test]
fn the_program_calls_itself_by_its_own_name() {
    let (code, out, err) = told(&["--help"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("Usage: pipeline-tests-cli"), "{out}");
    assert!(out.contains("run") && out.contains("registry"), "{out}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_is_no_failure() {
    use std::process::Stdio;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = Command::new(env!("CARGO_BIN_EXE_pipeline-tests-cli"));
    let output = program.args(["registry", "list"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
