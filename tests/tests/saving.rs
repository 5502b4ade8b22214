//! Saving a file: it is replaced as a whole or stays untouched, and its permissions and the links to it are kept.

use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use pipeline_core::Error;
use pipeline_core::dataset::write_file;
use pipeline_core::prelude::*;
use pipeline_tests::{cause, folder, names_in};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Debug, Deserialize, Serialize)]
struct Flower {
    species: String,
    petal_length: f64,
}

fn flower(species: &str, petal_length: f64) -> Flower {
    Flower { species: species.to_owned(), petal_length }
}

/// A number that cannot be written if it is negative.
#[derive(Debug, Deserialize)]
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
#[derive(Debug, Deserialize)]
struct Explosive;

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("it explodes")
    }
}

catalog! {
    struct Catalog {
        numbers: Csv<Fragile> = "no/such/folder/numbers.csv",
    }
}

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
    assert!(error.cause().is::<io::Error>());
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
    assert!(error.cause().is::<io::Error>());
    assert_eq!(fs::read_to_string(folder.path().join("data")).unwrap(), "a file");
}

#[test]
fn a_failed_run_leaves_the_earlier_file_and_no_temporary_one() {
    let folder = folder();
    let numbers = Csv::new(folder.path().join("numbers.csv"));
    numbers.save(vec![Fragile { number: 7 }]).unwrap();
    let catalog = Catalog { numbers };
    let pipeline = pipeline! { for Catalog; node(many_then_broken, [] -> [numbers]) };
    for _ in 0..2 {
        let error = SequentialRunner::new().run(&pipeline, &catalog).unwrap_err();
        let Error::Save { dataset, .. } = &error else { panic!("{error:?}") };
        assert_eq!(dataset, "numbers");
        assert_eq!(fs::read_to_string(catalog.numbers.path()).unwrap(), "number\n7\n");
        assert_eq!(names_in(folder.path()), ["numbers.csv"]);
    }
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
