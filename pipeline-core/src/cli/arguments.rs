//! The flags, and what they ask for.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::runners;
use crate::Slice;
use crate::shell::word;

pub(super) fn command() -> Command {
    let registry = Command::new("registry")
        .about("Tells about the registered pipelines")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("Lists the names of the registered pipelines"));
    Command::new("pipelines")
        .bin_name(bin_name())
        .about("Runs the pipelines of this program")
        .subcommand_required(true)
        .subcommand(run())
        .subcommand(registry)
}

fn run() -> Command {
    let workers = pipeline_graph::list(&runners::of_workers(), "and").replace('`', "");
    Command::new("run")
        .about("Runs a pipeline")
        // A later flag takes the place of an earlier one, as in Kedro: what a failed run advises can be added at the end.
        .args_override_self(true)
        .after_help(
            "Names are separated by commas. Nodes that all filters select are run. \
             A flag that is given again takes the place of the earlier one.",
        )
        .arg(value("pipeline", "NAME").short('p').default_value("__default__").help("The registered pipeline to run"))
        .arg(value("runner", "NAME").short('r').help(format!(
            "What runs it: {} [default: {}]",
            pipeline_graph::list(&runners::names(), "or").replace('`', ""),
            runners::DEFAULT
        )))
        .arg(switch("parallel").help("Runs it with ParallelRunner; not together with --runner"))
        .arg(
            value("max-workers", "N")
                .value_parser(value_parser!(usize))
                .help(format!("At most so many nodes at a time, for {workers}")),
        )
        .arg(switch("async").help("Loads the inputs of a node together, and saves its outputs together"))
        .arg(
            switch("keep-going")
                .help("After a failure goes on with the nodes that do not wait for the one that failed"),
        )
        .arg(switch("only-missing-outputs").help("Leaves out nodes whose outputs are there already"))
        .arg(names("from-nodes", "NODES").help("Only these nodes and those that come after them"))
        .arg(names("to-nodes", "NODES").help("Only these nodes and those that they wait for"))
        .arg(names("nodes", "NODES").short('n').help("Only these nodes"))
        .arg(names("tags", "TAGS").short('t').help("Only nodes with any of these tags"))
        .arg(
            names("from-inputs", "DATASETS")
                .help("Only nodes that read these datasets, and those that come after them"),
        )
        .arg(names("to-outputs", "DATASETS").help("Only nodes that write these datasets, and those that they wait for"))
}

fn value(name: &'static str, what: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(what)
}

/// A filter. One that names nothing, as an empty variable of a shell does, would select everything.
fn names(name: &'static str, what: &'static str) -> Arg {
    let some = |list: &str| match separate(list).as_slice() {
        [] => Err("it names nothing; leave the flag out to select everything"),
        _ => Ok(list.to_owned()),
    };
    value(name, what).value_parser(some)
}

fn switch(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

fn bin_name() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The flags that filter nodes.
const FILTERS: [&str; 6] = ["from-nodes", "to-nodes", "nodes", "tags", "from-inputs", "to-outputs"];

/// The same command with these filters in place of its own, as a line for a shell.
pub(super) fn with_filters(matches: &ArgMatches, filters: &Slice) -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    let mut words = vec![word(&program.to_string_lossy()), "run".to_owned()];
    let run = run();
    let is_kept = |arg: &&Arg| {
        let id = arg.get_id().as_str();
        !FILTERS.contains(&id) && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    for arg in run.get_arguments().filter(is_kept) {
        let id = arg.get_id().as_str();
        words.push(format!("--{id}"));
        if !matches!(arg.get_action(), ArgAction::SetTrue) {
            words.extend(matches.get_raw(id).into_iter().flatten().map(|value| word(&value.to_string_lossy())));
        }
    }
    words.push(filters.flags());
    words.join(" ")
}

/// What a flag with a value was given.
pub(super) fn text<'m>(matches: &'m ArgMatches, flag: &str) -> Option<&'m str> {
    matches.get_one::<String>(flag).map(String::as_str)
}

/// The slice that the filters make together.
pub(super) fn slice(matches: &ArgMatches) -> Slice {
    let names = |flag: &str| text(matches, flag).map(separate).unwrap_or_default();
    Slice::new()
        .from_nodes(names("from-nodes"))
        .to_nodes(names("to-nodes"))
        .nodes(names("nodes"))
        .tags(names("tags"))
        .from_inputs(names("from-inputs"))
        .to_outputs(names("to-outputs"))
}

/// Names that stand between commas; those in brackets are part of a name, as in `split([a,b]) -> [c]`.
fn separate(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_separator = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    list.split(is_separator).map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{command, separate};

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        command().debug_assert();
    }

    #[test]
    fn names_stand_between_commas() {
        assert_eq!(separate("a"), ["a"]);
        assert_eq!(separate("a,b"), ["a", "b"]);
        assert_eq!(separate(" a , two words ,, b,"), ["a", "two words", "b"]);
        assert_eq!(separate(""), [""; 0]);
        assert_eq!(separate(" , "), [""; 0]);
    }

    #[test]
    fn commas_in_brackets_are_part_of_a_name() {
        assert_eq!(separate("f([a,b]) -> [c,d],g"), ["f([a,b]) -> [c,d]", "g"]);
        assert_eq!(separate("a],b"), ["a]", "b"]);
        assert_eq!(separate("[a,b"), ["[a,b"]);
    }
}
