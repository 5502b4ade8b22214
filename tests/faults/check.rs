//! What must be so after a run, whatever disturbed it.

use std::fs;
use std::path::Path;

use crate::case::{Case, Fault};
use crate::disturb::{Ended, Place};
use crate::program::{FILES, generation_in};

/// What is wrong after the disturbed run.
pub fn disturbed(case: &Case, place: &Place, generation: u64, ended: &Ended) -> Vec<String> {
    let mut wrong = general(case, place, ended);
    let files = files(case, &place.data(), generation, &mut wrong);
    let Some(code) = ended.code else { return wrong };
    let is_complete = files.iter().all(|file| *file == Some(generation));
    if code == 0 && !is_complete {
        wrong.push("exit code 0, and outputs are missing".to_owned());
    }
    if !allowed(case).contains(&code) {
        wrong.push(format!("exit code {code} (signals are negative)"));
    }
    if code == 1 && !matches!(case.fault, Fault::Closed(_) | Fault::FullStderr { .. }) && !ended.err.contains("node `")
    {
        wrong.push("an error that names no node".to_owned());
    }
    if ended.err.contains("WRONG INPUT") {
        wrong.push("a node has got what is not its input".to_owned());
    }
    if matches!(case.fault, Fault::None | Fault::Tmpdir(_) | Fault::StopAndGo { .. }) && code != 0 {
        wrong.push(format!("exit code {code} where all is well"));
    }
    wrong
}

/// What is wrong after a run that nothing disturbed.
pub fn repaired(case: &Case, place: &Place, generation: u64, ended: &Ended) -> Vec<String> {
    let mut wrong = general(case, place, ended);
    if ended.code != Some(0) {
        wrong.push(format!("exit code {:?} of a run again", ended.code));
    }
    if files(case, &place.data(), generation, &mut wrong).iter().any(|file| *file != Some(generation)) {
        wrong.push("outputs are missing after a run again".to_owned());
    }
    let beside = names(&place.data()).into_iter().filter(|name| !FILES[case.pipeline].contains(&name.as_str()));
    wrong.extend(beside.map(|name| format!("left beside the files: {name}")));
    wrong
}

/// What holds for every run.
fn general(case: &Case, place: &Place, ended: &Ended) -> Vec<String> {
    let mut wrong = Vec::new();
    if ended.code.is_none() {
        wrong.push("it does not end".to_owned());
    }
    if ended.err.contains("panicked at pipeline-core") || ended.err.contains("/pipeline-core/src/") {
        wrong.push("the run time has panicked".to_owned());
    }
    // What nodes start ends with their worker, if they have one and it does not end well.
    let may_stay = match case.fault {
        Fault::Act("spawn") => true,
        Fault::Act("spawn_and_abort") => case.runner != "ProcessRunner",
        _ => false,
    };
    let is_of_node = |command: &str| command.starts_with("sleep") && may_stay;
    wrong.extend(
        ended
            .left
            .iter()
            .filter(|process| !is_of_node(&process.command))
            .map(|it| format!("a process stays: {}", it.command)),
    );
    wrong.extend(names(&place.tmp()).into_iter().map(|name| format!("left in TMPDIR: {name}")));
    wrong
}

/// The generation of each file, if it is there.
fn files(case: &Case, data: &Path, generation: u64, wrong: &mut Vec<String>) -> Vec<Option<u64>> {
    let there: Vec<&&str> = FILES[case.pipeline].iter().collect();
    let mut generation_of = |file: &str| {
        if !data.join(file).exists() {
            return None;
        }
        match generation_in(data, file) {
            Ok(found) if (1..=generation).contains(&found) => Some(found),
            Ok(found) => {
                wrong.push(format!("{file} is of generation {found}, and this is {generation}"));
                None
            }
            Err(problem) => {
                wrong.push(format!("a file that is not whole: {problem}"));
                None
            }
        }
    };
    there.into_iter().map(|file| generation_of(file)).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The exit codes that a run may have, and, negative, the signals that may end it.
fn allowed(case: &Case) -> Vec<i32> {
    let is_here = case.runner != "ProcessRunner";
    let mut codes = vec![0, 1];
    match case.fault {
        Fault::Signal { to_worker: false, name, .. } => codes.extend(match name {
            "KILL" => [-9, -9],
            // Or it came before the run could handle it.
            "TERM" => [143, -15],
            "INT" => [130, -2],
            _ => [129, -1],
        }),
        Fault::Twice { name, .. } => codes.extend(match name {
            "TERM" => [143, -15],
            "INT" => [130, -2],
            _ => [129, -1],
        }),
        Fault::FullStderr { .. } => codes.extend([130, -2]),
        Fault::Act("terminate") if is_here => codes.push(143),
        Fault::Act("kill") if is_here => codes.push(-9),
        Fault::Act("abort" | "spawn_and_abort" | "garbage_and_abort") if is_here => codes.push(-6),
        Fault::FileSize { .. } if is_here => codes.push(-25),
        // Without a file the program cannot be loaded.
        Fault::OpenFiles { .. } => codes.extend([126, 127]),
        _ => {}
    }
    codes
}
