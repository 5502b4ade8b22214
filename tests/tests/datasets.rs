//! Datasets: what is saved is loaded, files are whole or untouched, and errors say where.

use std::error::Error as StdError;
use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::Utf8Error;
use std::sync::{Arc, Mutex};

use pipeline_core::dataset::{AnyProcess, Dataset, FromLocation, HoldingProcess, Load, Save, Shared, write_file};
use pipeline_core::prelude::*;
use pipeline_core::{DatasetError, Error};
use serde::{Deserialize, Serialize, Serializer};
use tempfile::TempDir;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Flower {
    species: String,
    petal_length: f64,
}

fn flower(species: &str, petal_length: f64) -> Flower {
    Flower { species: species.to_owned(), petal_length }
}

/// A number that cannot be written if it is negative.
#[derive(Debug)]
struct Fragile {
    number: i64,
}

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row {
            number: i64,
        }
        if self.number < 0 {
            return Err(serde::ser::Error::custom("a negative number"));
        }
        Row { number: self.number }.serialize(serializer)
    }
}

/// More than a buffer full, then one that cannot be written.
fn many_then_broken() -> Vec<Fragile> {
    (0..20_000).chain([-1]).map(|number| Fragile { number }).collect()
}

/// Panics when it is written.
#[derive(Debug)]
struct Explosive;

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("it explodes")
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// The names in a folder, sorted.
fn names_in(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn cause<E: StdError + 'static>(error: &DatasetError) -> &E {
    error.source().and_then(|cause| cause.downcast_ref()).expect("the cause is of this type")
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

// Files are whole or untouched.

#[test]
fn a_file_is_written_beside_its_target_and_renamed() {
    let folder = folder();
    let path = folder.path().join("report.txt");
    fs::write(&path, "earlier").unwrap();
    let mut names_meanwhile = Vec::new();
    write_file(&path, |file| {
        write!(file, "later")?;
        file.flush()?;
        names_meanwhile = names_in(folder.path());
        assert_eq!(fs::read_to_string(&path)?, "earlier");
        Ok::<_, io::Error>(())
    })
    .unwrap();
    assert_eq!(names_meanwhile.len(), 2, "{names_meanwhile:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "later");
    assert_eq!(names_in(folder.path()), ["report.txt"]);
}

#[test]
fn missing_parent_folders_are_made() {
    let folder = folder();
    let path = |name: &str| folder.path().join("data/08_reporting/today").join(name);
    Text::new(path("a.txt")).save("a".to_owned()).unwrap();
    Bytes::new(path("b/b.bin")).save(vec![1]).unwrap();
    Json::new(path("c/c.json")).save(1).unwrap();
    Csv::new(path("d/d.csv")).save(vec![flower("setosa", 1.0)]).unwrap();
    assert_eq!(names_in(path("")), ["a.txt", "b", "c", "d"]);
}

#[test]
fn a_csv_that_cannot_be_written_to_its_end_leaves_the_earlier_one() {
    let folder = folder();
    let numbers = Csv::new(folder.path().join("numbers.csv"));
    numbers.save(vec![Fragile { number: 7 }]).unwrap();
    let error = numbers.save(many_then_broken()).unwrap_err();
    assert!(error.to_string().contains("a negative number"), "{error}");
    assert_eq!(error.path(), Some(numbers.path()));
    assert!(matches!(cause::<csv::Error>(&error).kind(), csv::ErrorKind::Serialize(_)), "{error:?}");
    assert_eq!(fs::read_to_string(numbers.path()).unwrap(), "number\n7\n");
    assert_eq!(names_in(folder.path()), ["numbers.csv"]);
}

#[test]
fn a_json_that_cannot_be_written_to_its_end_leaves_the_earlier_one() {
    let folder = folder();
    let numbers = Json::new(folder.path().join("numbers.json"));
    numbers.save(vec![Fragile { number: 7 }]).unwrap();
    let earlier = fs::read(numbers.path()).unwrap();
    let error = numbers.save(many_then_broken()).unwrap_err();
    assert!(error.to_string().contains("a negative number"), "{error}");
    assert_eq!(error.path(), Some(numbers.path()));
    assert_eq!(cause::<serde_json::Error>(&error).to_string(), "a negative number");
    assert_eq!(fs::read(numbers.path()).unwrap(), earlier);
    assert_eq!(names_in(folder.path()), ["numbers.json"]);
}

#[test]
fn a_first_save_that_fails_leaves_no_file() {
    let folder = folder();
    let (csv, json) = (Csv::new(folder.path().join("n.csv")), Json::new(folder.path().join("n.json")));
    csv.save(many_then_broken()).unwrap_err();
    json.save(many_then_broken()).unwrap_err();
    assert!(!csv.exists().unwrap() && !json.exists().unwrap());
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn a_save_that_panics_leaves_the_earlier_file() {
    let folder = folder();
    let path = folder.path().join("n.json");
    fs::write(&path, "earlier").unwrap();
    let json = Json::new(&path);
    catch_unwind(AssertUnwindSafe(|| json.save(Explosive))).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "earlier");
    assert_eq!(names_in(folder.path()), ["n.json"]);
}

#[test]
fn a_target_that_is_a_folder_is_an_error_and_stays() {
    let folder = folder();
    let path = folder.path().join("report");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "").unwrap();
    let error = Text::new(&path).save("text".to_owned()).unwrap_err();
    assert_eq!(error.path(), Some(&*path));
    assert!(error.source().unwrap().is::<io::Error>());
    assert_eq!(names_in(folder.path()), ["report"]);
    assert_eq!(names_in(&path), ["inside"]);
}

#[test]
fn a_parent_that_is_a_file_is_an_error_with_the_target() {
    let folder = folder();
    fs::write(folder.path().join("data"), "a file").unwrap();
    let path = folder.path().join("data/report.txt");
    let error = Text::new(&path).save("text".to_owned()).unwrap_err();
    assert_eq!(error.path(), Some(&*path));
    assert!(error.source().unwrap().is::<io::Error>());
    assert_eq!(fs::read_to_string(folder.path().join("data")).unwrap(), "a file");
}

#[cfg(unix)]
mod unix {
    //! Permissions and links.

    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_target_is_replaced_not_written_into() {
        let folder = folder();
        let text = Text::new(folder.path().join("report.txt"));
        text.save("earlier".to_owned()).unwrap();
        let (earlier, held) = (fs::metadata(text.path()).unwrap().ino(), fs::File::open(text.path()).unwrap());
        text.save("later".to_owned()).unwrap();
        assert_ne!(fs::metadata(text.path()).unwrap().ino(), earlier);
        assert_eq!(io::read_to_string(held).unwrap(), "earlier");
    }

    #[test]
    fn an_overwritten_file_keeps_its_permissions() {
        let folder = folder();
        let text = Text::new(folder.path().join("report.txt"));
        text.save("earlier".to_owned()).unwrap();
        for mode in [0o600, 0o644, 0o755, 0o664] {
            fs::set_permissions(text.path(), fs::Permissions::from_mode(mode)).unwrap();
            text.save("later".to_owned()).unwrap();
            assert_eq!(fs::metadata(text.path()).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_new_file_has_the_permissions_that_any_new_file_has() {
        let folder = folder();
        fs::write(folder.path().join("plain"), "").unwrap();
        let text = Text::new(folder.path().join("report.txt"));
        text.save("text".to_owned()).unwrap();
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode(text.path()), mode(&folder.path().join("plain")));
    }

    #[test]
    fn a_link_stays_a_link_to_the_file_that_is_replaced() {
        let folder = folder();
        let (real, link) = (folder.path().join("real/file.txt"), folder.path().join("link.txt"));
        fs::create_dir(folder.path().join("real")).unwrap();
        fs::write(&real, "earlier").unwrap();
        symlink("real/file.txt", &link).unwrap();
        Text::new(&link).save("later".to_owned()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("real/file.txt"));
        assert_eq!(fs::read_to_string(&real).unwrap(), "later");
        assert_eq!(names_in(folder.path()), ["link.txt", "real"]);
        assert_eq!(names_in(folder.path().join("real")), ["file.txt"]);
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
        let folder = folder();
        let (real, link) = (folder.path().join("file.txt"), folder.path().join("link.txt"));
        symlink(&real, &link).unwrap();
        Text::new(&link).save("text".to_owned()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "text");
    }

    #[test]
    fn a_linked_folder_is_followed() {
        let folder = folder();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("data")).unwrap();
        Text::new(folder.path().join("data/report.txt")).save("text".to_owned()).unwrap();
        assert!(fs::symlink_metadata(folder.path().join("data")).unwrap().is_symlink());
        assert_eq!(names_in(folder.path().join("real")), ["report.txt"]);
    }

    #[test]
    fn a_name_as_long_as_the_file_system_takes_can_be_saved() {
        let folder = folder();
        let text = Text::new(folder.path().join("n".repeat(255)));
        fs::write(text.path(), "the file system takes the name").unwrap();
        text.save("text".to_owned()).unwrap();
        assert_eq!(text.load().unwrap(), "text");
    }
}

// Errors say where.

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
        numbers: Csv<Fragile> = "no/such/folder/numbers.csv",
    }
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
        assert_eq!(error.to_string(), format!("dataset `{name}`: {path}: No such file or directory (os error 2)"));
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
        assert!(error.source().is_some_and(<dyn StdError>::is::<csv::Error>));
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
        assert!(error.source().is_some_and(<dyn StdError>::is::<serde_json::Error>));
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

#[test]
fn a_failed_run_leaves_the_earlier_file_and_no_temporary_one() {
    let folder = folder();
    let numbers = Csv::new(folder.path().join("numbers.csv"));
    numbers.save(vec![Fragile { number: 7 }]).unwrap();
    let catalog = Catalog { numbers, ..Catalog::default() };
    let pipeline = pipeline! { for Catalog; node(many_then_broken, [] -> [numbers]) };
    for _ in 0..2 {
        let error = SequentialRunner::new().run(&pipeline, &catalog).unwrap_err();
        let Error::Save { dataset, .. } = &error else { panic!("{error:?}") };
        assert_eq!(dataset, "numbers");
        assert_eq!(fs::read_to_string(catalog.numbers.path()).unwrap(), "number\n7\n");
        assert_eq!(names_in(folder.path()), ["numbers.csv"]);
    }
}

// What can be asked of a dataset.

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
    assert_eq!(source.source().unwrap().to_string(), "line 1 has a line break");
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

#[test]
fn errors_are_made_of_anything_and_say_what_is_known() {
    let full = DatasetError::new(io::Error::other("the disk is full")).at_path("a/b.csv").at_line(3).at_column(7);
    assert_eq!(full.to_string(), "a/b.csv, line 3, column 7: the disk is full");
    let named = full.of_dataset(Some("rows")).of_dataset(None);
    assert_eq!(named.to_string(), "dataset `rows`: a/b.csv, line 3, column 7: the disk is full");
    assert_eq!(DatasetError::from("text").to_string(), "text");
    assert_eq!(DatasetError::new(io::Error::other("lost")).source().unwrap().to_string(), "lost");
}
