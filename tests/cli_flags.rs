//! A program whose pipelines write files in the working folder, for the tests of the flags of `run` and of Ctrl-C.

#![expect(clippy::print_stdout, reason = "it tells the test how far it is")]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pipeline_core::DatasetError;
use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save, write_file};
use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(1),
        first: Text = "data/first.txt",
        second: Text = "data/second.txt",
        third: Text = "data/third.txt",
        slow: SlowText = SlowText,
        ends: Ends = Ends,
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        __default__ = pipeline!<
            node(write, [A] -> [first], tags = ["start"]),
            node(copy, [first] -> [second], name = "second"),
            node(copy, [second] -> [third], name = "third", tags = ["end"]),
        >,
        free = pipeline!< node(|a: i32| a + 1, [A] -> [more]), node(|a: i32| a + 2, [A] -> [most]) >,
        in_memory = pipeline!< node(write, [A] -> [text]), node(|text: String| text, [text] -> [first]) >,
        broken = pipeline!<
            node(write, [A] -> [first], name = "write"),
            node(refuse?, [first] -> [second]),
            node(copy, [second] -> [third], name = "after"),
            node(write, [A] -> [beside], name = "beside"),
        >,
        slow = pipeline!< node(write, [A] -> [slow], name = "slow"), node(copy, [slow] -> [third], name = "after") >,
        broken_and_slow = pipeline!<
            node(write, [A] -> [first], name = "write"),
            node(refuse?, [first] -> [second]),
            node(write, [A] -> [slow], name = "slow"),
            node(copy, [slow] -> [third], name = "after"),
        >,
        only_slow = pipeline!< node(write, [A] -> [slow]) >,
        movies = pipeline!<
            node(write, [A] -> [movies], name = "clean_movies"),
            node(copy, [movies] -> [second], name = "by_genre"),
            node(copy, [movies] -> [roi_model], name = "fit"),
            node(copy, [roi_model] -> [first], name = "rank"),
            node(write, [A] -> [wettest], name = "wettest"),
            node(|first: &str, wettest: &str| format!("{first} {wettest}"), [first, wettest] -> [third], name = "report"),
        >,
        closures = pipeline!<
            node(|a: i32| a + 1, [A] -> [more]),
            node(|a: i32| a + 2, [A] -> [most]),
            node(|more: i32, most: i32| format!("{more} {most}"), [more, most] -> [first]),
            node((|text: &str| refuse(text))?, [first] -> [second]),
            node(|most: i32| most.to_string(), [most] -> [third]),
        >,
        refused_at_once = pipeline!< node((|a: i32| refuse(&a.to_string()))?, [A] -> [first]) >,
        telling = pipeline!< node(told, [A] -> [first]) >,
        exiting = pipeline!<
            node(write, [A] -> [first], name = "write"),
            node((|text: &str| exits(text, 0)), [first] -> [second], name = "exits"),
        >,
        exiting_with_3 = pipeline!< node((|_: i32| exits("", 3)), [A] -> [second], name = "exits") >,
        ending = pipeline!< node(write, [A] -> [ends]) >,
        noisy = pipeline!< node(noisy, [A] -> [first]), node(copy, [first] -> [third], name = "after") >,
    }
}

fn write(value: i32) -> String {
    format!("written from {value}")
}

fn told(value: i32) -> String {
    println!("told");
    write(value)
}

fn exits(text: &str, code: i32) -> String {
    // What the program has written by then is not lost.
    print!("written before, {}", text.len());
    std::process::exit(code)
}

/// Writes more to the standard error than there is room for.
fn noisy(value: i32) -> String {
    println!("half");
    eprint!("{}", "noise\n".repeat(100_000));
    write(value)
}

fn copy(text: &str) -> String {
    text.to_owned()
}

fn refuse(text: &str) -> Result<String, String> {
    if Path::new("accept").exists() { Ok(text.to_owned()) } else { Err("refused".to_owned()) }
}

/// Writes its file in two halves, and between them waits until there is a file `go`.
#[derive(Debug)]
struct SlowText;

const SLOW: &str = "data/slow.txt";

impl Dataset for SlowText {
    type Value = String;
    type Reach = AnyProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(Path::new(SLOW).exists())
    }
}

impl Load for SlowText {
    type Loaded = String;

    fn load(&self) -> Result<String, DatasetError> {
        Ok(std::fs::read_to_string(SLOW)?)
    }
}

impl Save for SlowText {
    fn save(&self, value: String) -> Result<(), DatasetError> {
        let (half, rest) = value.as_bytes().split_at(value.len() / 2);
        write_file(SLOW, |file| {
            file.write_all(half)?;
            file.flush()?;
            println!("half");
            while !Path::new("go").exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            file.write_all(rest)
        })
    }
}

/// Ends the program when it is asked whether it exists.
#[derive(Debug)]
struct Ends;

impl Dataset for Ends {
    type Value = String;
    type Reach = AnyProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        std::process::exit(0)
    }
}

impl Save for Ends {
    fn save(&self, _: String) -> Result<(), DatasetError> {
        Ok(())
    }
}

fn main() -> ExitCode {
    pipeline_core::cli::main(pipelines())
}
