//! Datasets, the library's and those of one's own: what is saved is loaded, and they tell about themselves.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipeline_core::dataset::{AnyProcess, Dataset, FromLocation, HoldingProcess, Load, Save, Shared, write_file};
use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, Error};
use pipeline_tests::{cause, folder, names_in};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Flower {
    species: String,
    petal_length: f64,
}

fn flower(species: &str, petal_length: f64) -> Flower {
    Flower { species: species.to_owned(), petal_length }
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
        numbers: Csv<Flower> = "no/such/folder/numbers.csv",
    }
}

// What is saved is loaded.

#[test]
fn memory_loads_what_was_saved_last() {
    let numbers = Memory::default();
    numbers.save(vec![1]).unwrap();
    assert_eq!(*numbers.load().unwrap(), [1]);
    numbers.save(vec![2, 3]).unwrap();
    assert_eq!(*numbers.load().unwrap(), [2, 3]);
    assert_eq!(*Memory::new("from the start").load().unwrap(), "from the start");
}

#[test]
fn csv_loads_the_rows_that_were_saved() {
    let folder = folder();
    let flowers = Csv::new(folder.path().join("flowers.csv"));
    let rows = vec![flower("setosa", 1.4), flower("with, comma and \"quotes\"\nand a line", -0.5), flower("", 0.0)];
    flowers.save(rows.clone()).unwrap();
    assert_eq!(flowers.load().unwrap(), rows);
    flowers.save(rows[..1].to_vec()).unwrap();
    assert_eq!(fs::read_to_string(flowers.path()).unwrap(), "species,petal_length\nsetosa,1.4\n");
}

#[test]
fn csv_loads_no_rows_if_none_were_saved() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    flowers.save(Vec::new()).unwrap();
    assert_eq!(flowers.load().unwrap(), []);
    fs::write(flowers.path(), "species,petal_length\n").unwrap();
    assert_eq!(flowers.load().unwrap(), []);
}

#[test]
fn csv_reads_columns_by_name_in_any_order() {
    let folder = folder();
    let flowers: Csv<Flower> = Csv::new(folder.path().join("flowers.csv"));
    fs::write(flowers.path(), "petal_length,more,species\r\n1.5,x,setosa\r\n").unwrap();
    assert_eq!(flowers.load().unwrap(), [flower("setosa", 1.5)]);
}

#[test]
fn csv_separates_columns_by_what_it_is_told() {
    let folder = folder();
    let flowers = Csv::new(folder.path().join("flowers.csv")).delimiter(b';');
    flowers.save(vec![flower("a,b", 1.5)]).unwrap();
    assert_eq!(fs::read_to_string(flowers.path()).unwrap(), "species;petal_length\na,b;1.5\n");
    assert_eq!(flowers.load().unwrap(), [flower("a,b", 1.5)]);
}

#[test]
fn json_loads_the_value_that_was_saved() {
    let folder = folder();
    let model = Json::new(folder.path().join("model.json"));
    model.save(vec![flower("Blüte", 1.0)]).unwrap();
    assert_eq!(model.load().unwrap(), [flower("Blüte", 1.0)]);
    let text = "[\n  {\n    \"species\": \"Blüte\",\n    \"petal_length\": 1.0\n  }\n]";
    assert_eq!(fs::read_to_string(model.path()).unwrap().trim_end(), text);
}

#[test]
fn text_and_bytes_load_what_was_saved() {
    let folder = folder();
    let text = Text::new(folder.path().join("report.txt"));
    for saved in ["", "a line\n", "Blüte\r\n\0"] {
        text.save(saved.to_owned()).unwrap();
        assert_eq!(text.load().unwrap(), saved);
    }
    let bytes = Bytes::new(folder.path().join("image.bin"));
    for saved in [vec![], vec![0, 255, 10, 13]] {
        bytes.save(saved.clone()).unwrap();
        assert_eq!(bytes.load().unwrap(), saved);
    }
}

#[test]
fn a_shorter_value_leaves_nothing_of_a_longer_one() {
    let folder = folder();
    let text = Text::new(folder.path().join("report.txt"));
    text.save("long ".repeat(10_000)).unwrap();
    text.save("short".to_owned()).unwrap();
    assert_eq!(text.load().unwrap(), "short");
}

#[test]
fn lambda_loads_and_saves_with_its_closures() {
    let store = Arc::new(Mutex::new(Vec::new()));
    let (loads, saves, asks) = (Arc::clone(&store), Arc::clone(&store), Arc::clone(&store));
    let last = Lambda::new(
        move || loads.lock().expect("no panic").last().copied().ok_or("nothing there"),
        move |value: i32| -> Result<(), io::Error> {
            saves.lock().expect("no panic").push(value);
            Ok(())
        },
    )
    .with_exists(move || !asks.lock().expect("no panic").is_empty());
    assert!(!last.exists().unwrap());
    assert_eq!(last.load().unwrap_err().to_string(), "nothing there");
    last.save(1).unwrap();
    last.save(2).unwrap();
    assert_eq!((last.load().unwrap(), last.exists().unwrap()), (2, true));
    assert_eq!(*store.lock().unwrap(), [1, 2]);
}

#[test]
fn lambda_refuses_what_it_has_no_closure_for() {
    let reads = Lambda::read_only(|| Ok::<_, io::Error>(1));
    assert_eq!(reads.load().unwrap(), 1);
    assert_eq!(reads.save(2).unwrap_err().to_string(), "it has no closure that saves");
    let writes = Lambda::write_only(|_: i32| Ok::<_, io::Error>(()));
    writes.save(1).unwrap();
    assert_eq!(writes.load().unwrap_err().to_string(), "it has no closure that loads");
}

#[test]
fn lambda_keeps_the_errors_of_its_closures() {
    let broken: Lambda<i32> = Lambda::new(
        || Err::<i32, _>(io::Error::new(io::ErrorKind::TimedOut, "too slow")),
        |_| Err::<(), _>("12x".parse::<i32>().expect_err("no number")),
    );
    assert_eq!(cause::<io::Error>(&broken.load().unwrap_err()).kind(), io::ErrorKind::TimedOut);
    assert_eq!(
        cause::<std::num::ParseIntError>(&broken.save(1).unwrap_err()).to_string(),
        "invalid digit found in string"
    );
}

// What can be asked of a dataset, and of the catalog that has it.

#[test]
fn a_dataset_tells_whether_there_is_something_to_load() {
    let folder = folder();
    let text = Text::new(folder.path().join("report.txt"));
    assert!(!text.exists().unwrap());
    text.save(String::new()).unwrap();
    assert!(text.exists().unwrap());
    let memory = Memory::default();
    assert!(!memory.exists().unwrap());
    memory.save(1).unwrap();
    assert!(memory.exists().unwrap());
    assert!(!Lambda::read_only(|| Ok::<_, io::Error>(1)).exists().unwrap());
}

#[test]
fn a_dataset_tells_where_its_data_is() {
    let catalog = Catalog::default();
    assert_eq!(catalog.flowers.describe(), "no/such/folder/flowers.csv");
    assert_eq!(catalog.model.describe(), "no/such/folder/model.json");
    assert_eq!(catalog.report.describe(), "no/such/folder/report.txt");
    assert_eq!(catalog.image.describe(), "no/such/folder/image.png");
    assert_eq!(catalog.number.describe(), "in memory");
    assert_eq!(catalog.broken.describe(), "closures that load and save");
}

#[test]
fn a_default_catalog_has_the_locations_that_are_written() {
    let catalog = Catalog::default();
    assert_eq!(catalog.flowers.path(), Path::new("no/such/folder/flowers.csv"));
    assert_eq!(catalog.semicolons.path(), Path::new("no/such/folder/semicolons.csv"));
    assert_eq!(catalog.model.path(), Path::new("no/such/folder/model.json"));
    assert_eq!(catalog.report.path(), Path::new("no/such/folder/report.txt"));
    assert_eq!(catalog.image.path(), Path::new("no/such/folder/image.png"));
    assert_eq!(catalog.started.load().unwrap(), 1);
}

#[test]
fn a_catalog_lists_its_datasets_and_finds_them_by_name() {
    let catalog = Catalog::default();
    let names: Vec<&str> = catalog.datasets().into_iter().map(|(name, _)| name).collect();
    let declared = ["flowers", "semicolons", "model", "report", "image", "number", "started", "broken", "numbers"];
    assert_eq!(names, declared);
    assert_eq!(catalog.dataset("image").unwrap().describe(), "no/such/folder/image.png");
    assert!(catalog.dataset("started").unwrap().exists().unwrap());
    assert!(!catalog.dataset("number").unwrap().exists().unwrap());
    assert!(catalog.dataset("weather").is_none());
}

#[test]
fn fields_that_are_set_by_hand_are_what_a_run_uses() {
    fn names(flowers: &[Flower]) -> Vec<String> {
        flowers.iter().map(|flower| flower.species.clone()).collect()
    }
    let folder = folder();
    let mut catalog = Catalog {
        flowers: Csv::new(folder.path().join("flowers.csv")).delimiter(b'\t'),
        report: Text::new(folder.path().join("report.txt")),
        ..Catalog::default()
    };
    catalog.flowers.save(vec![flower("setosa", 1.0), flower("virginica", 5.0)]).unwrap();
    let pipeline = pipeline! {
        for Catalog;
        node(names, [flowers] -> [names]),
        node(|names: Vec<String>| names.join(" "), [names] -> [report]),
    };
    SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("report.txt")).unwrap(), "setosa virginica");
    catalog.report = Text::new(folder.path().join("other.txt"));
    SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(names_in(folder.path()), ["flowers.csv", "other.txt", "report.txt"]);
}

#[test]
fn each_reader_loads_anew() {
    catalog! {
        struct Counting {
            count: Lambda<usize> = {
                let count = Mutex::new(0);
                Lambda::read_only(move || -> Result<usize, io::Error> {
                    let mut count = count.lock().expect("no panic");
                    *count += 1;
                    Ok(*count)
                })
            },
        }
    }
    let pipeline = pipeline! {
        for Counting;
        node(|count: usize| count, [count] -> [first]),
        node(|count: usize, first: usize| (count, first), [count, first] -> [both]),
    };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Counting::default()).unwrap().both, (2, 1));
}

// Datasets of one's own.

/// Lines of a file.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
}

impl Dataset for Lines {
    type Value = Vec<String>;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        format!("the lines of {}", self.path.display())
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.path.try_exists()?)
    }
}

impl Load for Lines {
    type Loaded = Vec<String>;

    fn load(&self) -> Result<Vec<String>, DatasetError> {
        Ok(fs::read_to_string(&self.path)?.lines().map(str::to_owned).collect())
    }
}

impl Save for Lines {
    fn save(&self, value: Vec<String>) -> Result<(), DatasetError> {
        if let Some(place) = value.iter().position(|line| line.contains('\n')) {
            return Err(DatasetError::from(format!("line {} has a line break", place + 1)).at_path(&self.path));
        }
        write_file(&self.path, |file| value.iter().try_for_each(|line| writeln!(file, "{line}")))
    }
}

impl FromLocation for Lines {
    fn from_location(location: &str) -> Self {
        Self { path: PathBuf::from(location) }
    }
}

/// Holds a value that is only read. It cannot be saved, and says nothing about itself.
#[derive(Debug)]
struct Constant<T>(Arc<T>);

impl<T: Send + Sync + 'static> Dataset for Constant<T> {
    type Value = T;
    type Reach = HoldingProcess;
}

impl<T: Send + Sync + 'static> Load for Constant<T> {
    type Loaded = Shared<T>;

    fn load(&self) -> Result<Shared<T>, DatasetError> {
        Ok(Shared::new(Arc::clone(&self.0)))
    }
}

catalog! {
    struct Own {
        lines: Lines = "no/such/folder/lines.txt",
        other: Lines = Lines { path: PathBuf::from("no/such/folder/other.txt") },
        constant: Constant<Vec<String>> = Constant(Arc::new(vec!["a".to_owned(), "b".to_owned()])),
    }
}

#[test]
fn a_dataset_of_ones_own_is_read_and_written_by_nodes() {
    fn shout(lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| line.to_uppercase()).collect()
    }
    let folder = folder();
    let catalog = Own { lines: Lines { path: folder.path().join("sub/lines.txt") }, ..Own::default() };
    let pipeline = pipeline! {
        for Own;
        node(shout, [constant] -> [lines]),
        node(|lines: &[String]| lines.len(), [lines] -> [len]),
        node(|lines: Vec<String>| lines.concat(), [lines] -> [text]),
    };
    assert!(!catalog.lines.exists().unwrap());
    let outputs = SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!((outputs.len, &*outputs.text), (2, "AB"));
    assert!(catalog.lines.exists().unwrap());
    assert_eq!(fs::read_to_string(folder.path().join("sub/lines.txt")).unwrap(), "A\nB\n");
    assert_eq!(names_in(folder.path().join("sub")), ["lines.txt"]);
}

#[test]
fn errors_of_a_dataset_of_ones_own_are_named_by_the_run() {
    let pipeline = pipeline! { for Own; node(|lines: &[String]| lines.to_vec(), [lines] -> [other]) }.named("copying");
    let error = SequentialRunner::new().run(&pipeline, &Own::default()).unwrap_err();
    let Error::Load { dataset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((dataset.as_str(), source.path()), ("lines", None));
    assert_eq!(cause::<io::Error>(source).kind(), io::ErrorKind::NotFound);

    let folder = folder();
    let path = |name: &str| Lines { path: folder.path().join(name) };
    let catalog = Own { lines: path("lines.txt"), other: path("other.txt"), ..Own::default() };
    let breaking = pipeline! { for Own; node(|| vec!["two\nlines".to_owned()], [] -> [other]) };
    let error = SequentialRunner::new().run(&breaking, &catalog).unwrap_err();
    let Error::Save { dataset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((dataset.as_str(), source.path()), ("other", Some(&*folder.path().join("other.txt"))));
    assert_eq!(source.cause().to_string(), "line 1 has a line break");
}

#[test]
fn a_dataset_of_ones_own_that_says_nothing_has_defaults() {
    let catalog = Own::default();
    assert!(catalog.constant.describe().contains("Constant"), "{}", catalog.constant.describe());
    assert!(!catalog.constant.exists().unwrap());
    catalog.constant.release();
    assert_eq!(*catalog.constant.load().unwrap(), ["a", "b"]);
    assert_eq!(catalog.lines.path, Path::new("no/such/folder/lines.txt"));
    assert_eq!(catalog.dataset("lines").unwrap().describe(), "the lines of no/such/folder/lines.txt");
}
