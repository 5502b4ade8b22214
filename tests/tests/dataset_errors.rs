//! Errors of datasets say where: the dataset, its file, the line and column, and in a run the node and the pipeline.

#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

use std::error::Error as StdError;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::str::Utf8Error;
use std::sync::{Arc, Mutex};

use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, Error};
use pipeline_tests::{cause, folder};
use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::{Subscriber, span};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Flower {
    species: String,
    petal_length: f64,
}

catalog! {
    struct Catalog {
        flowers: Csv<Flower> = "no/such/folder/flowers.csv",
        semicolons: Csv<Flower> = Csv::new("no/such/folder/semicolons.csv").delimiter(b';'),
        model: Json<Flower> = "no/such/folder/model.json",
        report: Text = "no/such/folder/report.txt",
        image: Bytes = "no/such/folder/image.png",
        number: Memory<i32>,
        started: Memory<i32> = Memory::new(1),
        broken: Lambda<i32> = Lambda::new(|| Err::<i32, _>("cannot load"), |_| Err::<(), _>("cannot save")),
    }
}

#[test]
fn errors_are_made_of_anything_and_say_what_is_known() {
    let full = DatasetError::new(io::Error::other("the disk is full")).at_path("a/b.csv").at_line(3).at_column(7);
    assert_eq!(full.to_string(), "a/b.csv, line 3, column 7: the disk is full");
    let named = full.of_dataset(Some("rows")).of_dataset(None);
    assert_eq!(named.to_string(), "dataset `rows`: a/b.csv, line 3, column 7: the disk is full");
    assert_eq!(DatasetError::from("text").to_string(), "text");
    assert_eq!(DatasetError::new(io::Error::other("lost")).cause().to_string(), "lost");
}

#[test]
fn a_missing_file_is_an_error_with_the_datasets_name_its_path_and_the_cause() {
    let catalog = Catalog::default();
    let errors = [
        ("flowers", "csv", catalog.flowers.load().unwrap_err()),
        ("semicolons", "csv", catalog.semicolons.load().unwrap_err()),
        ("model", "json", catalog.model.load().unwrap_err()),
        ("report", "txt", catalog.report.load().unwrap_err()),
        ("image", "png", catalog.image.load().unwrap_err()),
    ];
    for (name, extension, error) in errors {
        let path = format!("no/such/folder/{name}.{extension}");
        assert_eq!(error.dataset(), Some(name));
        assert_eq!(error.path(), Some(Path::new(&path)));
        assert_eq!((error.line(), error.column()), (None, None));
        assert_eq!(cause::<io::Error>(&error).kind(), io::ErrorKind::NotFound);
        let here = std::env::current_dir().unwrap();
        let told = format!("dataset `{name}`: {path} (in {}): No such file or directory (os error 2)", here.display());
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn memory_that_was_never_saved_is_an_error_with_the_datasets_name() {
    let error = Catalog::default().number.load().unwrap_err();
    assert_eq!(error.dataset(), Some("number"));
    assert_eq!(error.path(), None);
    assert_eq!(error.to_string(), "dataset `number`: nothing has been saved yet");
}

#[test]
fn an_error_of_a_closure_has_the_datasets_name() {
    let catalog = Catalog::default();
    assert_eq!(catalog.broken.load().unwrap_err().to_string(), "dataset `broken`: cannot load");
    assert_eq!(catalog.broken.save(1).unwrap_err().to_string(), "dataset `broken`: cannot save");
}

#[test]
fn a_broken_row_is_an_error_with_its_line() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv")).named("flowers");
    let line_of = |rows: &str| {
        fs::write(flowers.path(), format!("species,petal_length\n{rows}")).expect("it can be written");
        let error = flowers.load().expect_err("a row is broken");
        assert_eq!((error.dataset(), error.path()), (Some("flowers"), Some(flowers.path())));
        assert!(error.cause().is::<csv::Error>());
        error.line()
    };
    assert_eq!(line_of("setosa,1.4\nvirginica,long\n"), Some(3), "not a number");
    assert_eq!(line_of("setosa,1.4\nvirginica\n"), Some(3), "too few columns");
    assert_eq!(line_of("setosa,1.4,1.5\n"), Some(2), "too many columns");
    assert_eq!(line_of("\"two\nlines\",1.4\nvirginica,long\n"), Some(4), "after a row of two lines");
}

#[test]
fn the_line_of_a_broken_row_counts_empty_lines() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    fs::write(flowers.path(), "species,petal_length\n\n\nsetosa,long\n").unwrap();
    assert_eq!(flowers.load().unwrap_err().line(), Some(4));
}

#[test]
fn a_row_that_is_not_utf8_is_an_error_with_its_line() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    fs::write(flowers.path(), b"species,petal_length\nsetosa,1.4\n\xff,1.4\n").unwrap();
    assert_eq!(flowers.load().unwrap_err().line(), Some(3));
}

#[test]
fn a_missing_column_is_an_error_that_names_it() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    fs::write(flowers.path(), "species,length\nsetosa,1.4\n").unwrap();
    let error = flowers.load().unwrap_err();
    assert!(error.to_string().contains("petal_length"), "{error}");
}

#[test]
fn a_broken_document_is_an_error_with_line_and_column() {
    let folder = folder();
    let model: Json<Flower> = Json::new(folder.path().join("model.json")).named("model");
    let place_of = |text: &str| {
        fs::write(model.path(), text).expect("it can be written");
        let error = model.load().expect_err("the document is broken");
        assert_eq!((error.dataset(), error.path()), (Some("model"), Some(model.path())));
        assert!(error.cause().is::<serde_json::Error>());
        (error.line(), error.column())
    };
    assert_eq!(place_of("{\n  \"species\": oops\n}"), (Some(2), Some(14)), "syntax");
    assert_eq!(place_of("{\"species\": \"a\", \"petal_length\": 1} x"), (Some(1), Some(37)), "something behind it");
    assert_eq!(place_of("{\n  \"species\": \"a\",\n").0, Some(3), "cut off");
}

#[test]
fn the_line_of_a_number_where_text_should_be_is_that_of_the_number() {
    let folder = folder();
    let model: Json<Flower> = Json::new(folder.path().join("model.json"));
    fs::write(model.path(), "{\n  \"species\": 7\n}").unwrap();
    let error = model.load().unwrap_err();
    assert_eq!((error.line(), error.column()), (Some(2), Some(14)), "{error}");
}

#[test]
fn lines_and_columns_count_from_one() {
    let folder = folder();
    let model: Json<Flower> = Json::new(folder.path().join("model.json"));
    for text in ["", "\n", "{\n", "{\n  \"species\": \"a\"\n"] {
        fs::write(model.path(), text).unwrap();
        let error = model.load().unwrap_err();
        assert_ne!(error.line(), Some(0), "{text:?}");
        assert_ne!(error.column(), Some(0), "{text:?}: {error}");
    }
}

#[test]
fn a_place_is_told_once() {
    let folder = folder();
    let model: Json<Flower> = Json::new(folder.path().join("model.json"));
    fs::write(model.path(), "{\n  \"species\": oops\n}").unwrap();
    let error = model.load().unwrap_err().to_string();
    assert_eq!(error.matches("column 14").count(), 1, "{error}");
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    fs::write(flowers.path(), "species,petal_length\nsetosa,long\n").unwrap();
    let error = flowers.load().unwrap_err().to_string();
    assert_eq!(error.matches("line 2").count() + error.matches("line: 2").count(), 1, "{error}");
}

#[test]
fn text_that_is_not_utf8_is_an_error_with_its_line() {
    let folder = folder();
    let report = Text::new(folder.path().join("report.txt")).named("report");
    fs::write(report.path(), b"fine\nfine\nnot \xff fine\n").unwrap();
    let error = report.load().unwrap_err();
    assert_eq!((error.dataset(), error.line()), (Some("report"), Some(3)));
    assert_eq!(cause::<Utf8Error>(&error).valid_up_to(), 14);
}

#[test]
fn in_a_run_an_input_that_cannot_be_loaded_is_named_with_pipeline_and_node() {
    let reading = pipeline! {
        for Catalog;
        node(|report: &str, number: i32| (report.len(), number), [report, number] -> [sum], name = "measure"),
    };
    let catalog = Catalog::default();
    let error = SequentialRunner::new().run(&reading.clone().named("reading"), &catalog).err().unwrap();
    let Error::Load { pipeline, node, dataset, source } = &error else { panic!("{error:?}") };
    assert_eq!(pipeline.as_deref(), Some("reading"));
    assert_eq!(node, "measure: <closure>([report;number]) -> [sum]");
    assert_eq!(dataset, "report");
    assert_eq!(source.path(), Some(Path::new("no/such/folder/report.txt")));
    assert_eq!(cause::<io::Error>(source).kind(), io::ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "cannot load dataset `report` for node `measure: <closure>([report;number]) -> [sum]` of pipeline `reading`"
    );

    // Without a name the pipeline is left out; the second input is found to be the one.
    let folder = folder();
    let report = Text::new(folder.path().join("report.txt"));
    report.save("text".to_owned()).unwrap();
    let error = SequentialRunner::new().run(&reading, &Catalog { report, ..catalog }).err().unwrap();
    let Error::Load { pipeline: None, dataset, .. } = &error else { panic!("{error:?}") };
    assert_eq!(dataset, "number");
}

#[test]
fn in_a_run_an_output_that_cannot_be_saved_is_named_with_pipeline_and_node() {
    fn make(value: i32) -> (i32, i32) {
        (value, value)
    }
    let saving = pipeline! { for Catalog; node(make, [started] -> [number, broken]) }.named("saving");
    let error = SequentialRunner::new().run(&saving, &Catalog::default()).unwrap_err();
    let Error::Save { pipeline, node, dataset, source } = &error else { panic!("{error:?}") };
    assert_eq!(pipeline.as_deref(), Some("saving"));
    assert_eq!(node, "make([started]) -> [number;broken]");
    assert_eq!(dataset, "broken");
    assert_eq!((source.dataset(), source.to_string().as_str()), (Some("broken"), "cannot save"));
}

#[test]
fn the_debug_text_of_an_error_has_all_causes() {
    let saving = pipeline! { for Catalog; node(|value: i32| value, [started] -> [broken]) };
    let error = SequentialRunner::new().run(&saving, &Catalog::default()).unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "cannot save dataset `broken` that node `<closure>([started]) -> [broken]` returned\n  caused by: cannot save"
    );
}

/// Fails by a cause that has a cause.
#[derive(Debug, thiserror::Error)]
#[error("the answer is broken")]
struct Broken(#[source] io::Error);

fn broken() -> Broken {
    Broken(io::Error::new(io::ErrorKind::ConnectionReset, "the line is dead"))
}

/// Errors of all kinds, each with texts that are to be there once, wherever it is printed.
fn errors_with_their_texts() -> Vec<(DatasetError, &'static [&'static str])> {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("rows.csv"), "species,petal_length\nsetosa,long\n").unwrap();
    fs::write(path("model.json"), "{\n  \"species\": oops\n}").unwrap();
    fs::write(path("text.txt"), b"\xff").unwrap();
    fs::create_dir(path("folder")).unwrap();
    let csv = csv::Error::from(io::Error::other("the disk is on fire"));
    let json = serde_json::Error::io(io::Error::other("the disk is on fire"));
    vec![
        (DatasetError::from("just a text"), &["just a text"]),
        (DatasetError::new(io::Error::other("lost")).at_path("a/b"), &["lost", "a/b"]),
        (
            DatasetError::new(broken()).at_path("a/b").at_line(3),
            &["the answer is broken", "the line is dead", "line 3"],
        ),
        (DatasetError::new(DatasetError::new(broken())), &["the answer is broken", "the line is dead"]),
        (DatasetError::new(io::Error::other(broken())), &["the answer is broken", "the line is dead"]),
        (DatasetError::new(csv), &["the disk is on fire"]),
        (DatasetError::new(json), &["the disk is on fire"]),
        (Csv::<Flower>::new(path("rows.csv")).load().unwrap_err(), &["invalid float literal", "line 2"]),
        (Json::<Flower>::new(path("model.json")).load().unwrap_err(), &["expected value", "line 2", "column 14"]),
        (Text::new(path("text.txt")).load().unwrap_err(), &["invalid utf-8 sequence"]),
        (Text::new(path("none.txt")).load().unwrap_err(), &["No such file or directory"]),
        (Text::new(path("folder")).save(String::new()).unwrap_err(), &["is a directory"]),
    ]
}

/// What others print of an error: its texts, and those of its sources.
fn printed(error: &(dyn StdError + 'static)) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

#[test]
fn an_error_prints_its_cause_once_wherever_it_is_printed() {
    let once = |printed: &str, texts: &[&str]| {
        for text in texts {
            assert_eq!(printed.matches(text).count(), 1, "`{text}` in: {printed}");
        }
    };
    for (error, texts) in errors_with_their_texts() {
        once(&printed(&error), texts);
        once(&format!("{error:?}"), texts);
        let error = Error::Load { pipeline: None, node: "n".to_owned(), dataset: "d".to_owned(), source: error };
        once(&printed(&error), texts);
        once(&format!("{error:?}"), texts);
        let error = anyhow::Error::from(error).context("in a program");
        once(&format!("{error:#}"), texts);
        once(&format!("{error:?}"), texts);
    }
    for (error, texts) in errors_with_their_texts() {
        once(&format!("{:#}", anyhow::Error::from(Error::from(error))), texts);
    }
}

/// Prints the errors of events as subscribers of `tracing` do.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Visit for Recorder {
    fn record_error(&mut self, _: &Field, error: &(dyn StdError + 'static)) {
        self.0.lock().unwrap().push_str(&printed(error));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn an_error_is_recorded_by_tracing_with_its_cause_once() {
    for (error, texts) in errors_with_their_texts() {
        let recorder = Recorder::default();
        tracing::subscriber::with_default(recorder.clone(), || {
            tracing::error!(error = &error as &dyn StdError, "it failed");
        });
        let text_of_all = recorder.0.lock().unwrap();
        for text in texts {
            assert_eq!(text_of_all.matches(text).count(), 1, "`{text}` in: {text_of_all}");
        }
    }
}

#[test]
fn the_cause_and_the_kind_of_an_io_error_are_found_however_deep() {
    use std::io::ErrorKind;

    let kinds: Vec<Option<ErrorKind>> = [
        DatasetError::from("just a text"),
        DatasetError::new(io::Error::from(ErrorKind::NotFound)),
        DatasetError::new(broken()),
        DatasetError::new(DatasetError::new(DatasetError::new(broken()))),
        DatasetError::new(csv::Error::from(io::Error::from(ErrorKind::StorageFull))),
        DatasetError::new(serde_json::Error::io(io::Error::from(ErrorKind::StorageFull))),
    ]
    .iter()
    .map(DatasetError::io_kind)
    .collect();
    assert_eq!(
        kinds,
        [
            None,
            Some(ErrorKind::NotFound),
            Some(ErrorKind::ConnectionReset),
            Some(ErrorKind::ConnectionReset),
            Some(ErrorKind::StorageFull),
            Some(ErrorKind::StorageFull)
        ]
    );
    let error = DatasetError::new(broken());
    assert!(error.cause().is::<Broken>());
    assert!(error.source().is_some_and(<dyn StdError>::is::<io::Error>), "behind the cause");
}

#[test]
fn a_relative_path_is_told_with_the_folder_that_it_is_looked_up_from() {
    let here = std::env::current_dir().unwrap();
    let told = |error: DatasetError| error.to_string().contains(&format!("(in {})", here.display()));
    assert!(told(Text::new("no/such/file.txt").load().unwrap_err()));
    assert!(told(Text::new("Cargo.toml/file.txt").save(String::new()).unwrap_err()));
    assert!(told(Bytes::new("src/../no/such").load().unwrap_err()));
    // An absolute one says it all, and a place inside of a file has been found.
    assert!(!told(Text::new(here.join("no/such/file.txt")).load().unwrap_err()));
    assert!(!told(Json::<Flower>::new("Cargo.toml").load().unwrap_err()));
}

/// An error that is its own cause, and one whose cause cannot be asked for.
#[derive(Clone, Copy, Debug)]
enum Odd {
    Loop,
    Panics,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("odd")
    }
}

impl std::error::Error for Odd {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Odd::Loop => Some(self),
            Odd::Panics => panic!("there is no source"),
        }
    }
}

#[test]
fn an_error_without_end_or_whose_source_panics_is_printed() {
    for odd in [Odd::Loop, Odd::Panics] {
        let failing = pipeline! { for Catalog; node((move |_: i32| Err::<u8, _>(odd))?, [started] -> [never]) };
        let error = SequentialRunner::new().run(&failing, &Catalog::default()).map(|_| ()).unwrap_err();
        assert_eq!(format!("{error:?}"), "node `<closure>([started]) -> [never]` failed\n  caused by: odd", "{odd:?}");
        let of_dataset = DatasetError::new(odd);
        assert_eq!((of_dataset.io_kind(), of_dataset.to_string()), (None, "odd".to_owned()));
    }
}
