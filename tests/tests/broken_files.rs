//! Files that are not what their dataset expects: an error that says where and what to do, never
//! fewer rows or other values.

use std::collections::HashMap;
use std::fs;

use pipeline_core::dataset::{Load, Save};
use pipeline_core::prelude::*;
use pipeline_tests::folder;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Row {
    id: u32,
    name: String,
}

fn row(id: u32, name: &str) -> Row {
    Row { id, name: name.to_owned() }
}

/// The line and the message of the error that a CSV file with this text is.
fn refused<T: for<'de> Deserialize<'de> + Send + Sync + 'static>(text: impl AsRef<[u8]>) -> (Option<u64>, String) {
    let folder = folder();
    let csv = Csv::<T>::new(folder.path().join("rows.csv"));
    fs::write(csv.path(), text.as_ref()).expect("it can be written");
    let Err(error) = csv.load() else { panic!("{:?} was loaded", String::from_utf8_lossy(text.as_ref())) };
    (error.line(), error.to_string())
}

/// The rows of a CSV file with this text.
fn loaded<T: for<'de> Deserialize<'de> + Send + Sync + 'static>(text: &str) -> Vec<T> {
    let folder = folder();
    let csv = Csv::<T>::new(folder.path().join("rows.csv"));
    fs::write(csv.path(), text).expect("it can be written");
    csv.load().expect("the rows are good")
}

#[track_caller]
fn assert_refused((line, message): (Option<u64>, String), at: u64, words: &str) {
    assert_eq!(line, Some(at), "{message}");
    assert!(message.contains(words), "{message}");
}

// Files of another format.

#[test]
fn csv_of_nothing_is_an_error() {
    assert_refused(refused::<Row>(""), 1, "the file is empty: a CSV file has the names of its columns at least");
    assert_refused(refused::<Row>("\n\r\n\n"), 1, "there is nothing but empty lines");
    assert_refused(refused::<(u32, String)>(""), 1, "the file is empty");
    assert_refused(refused::<f64>(""), 1, "the file is empty");
    assert_refused(refused::<HashMap<String, String>>(""), 1, "the file is empty");
}

#[test]
fn csv_of_another_format_is_an_error() {
    assert_refused(refused::<Row>([0x1f, 0x8b, 8, 0, 0, 3, 0x4b]), 1, "it looks compressed with gzip");
    assert_refused(refused::<Row>(b"\xff\xfei\0d\0"), 1, "it looks like UTF-16: convert it to UTF-8 first");
    assert_refused(refused::<Row>("{\"error\": \"no such file\"}"), 1, "there is no column `id`");
    assert_refused(refused::<Row>("<!DOCTYPE html>\n<html></html>\n"), 1, "there is no column `id`");
    assert_refused(refused::<Row>("PK\x03\x04"), 1, "there is no column `id`; it looks like a zip archive");
}

#[test]
fn csv_of_another_format_is_an_error_where_no_column_is_needed() {
    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Lenient {
        id: u32,
        name: Option<String>,
    }
    assert_refused(refused::<Lenient>("some,other,columns\n1,2,3\n"), 1, "there is no column `id`");
    assert_eq!(loaded::<Lenient>("name\na\n"), [Lenient { id: 0, name: Some("a".to_owned()) }]);
}

#[test]
fn csv_that_is_not_utf8_is_an_error_and_its_columns_do_not_go_by_place() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Price {
        net: f64,
    }
    // In Latin-1, the first column is "größe". `net` must not get what is there.
    assert_eq!(loaded::<Price>("größe,net\n1.0,2.0\n"), [Price { net: 2.0 }]);
    assert_refused(refused::<Price>(b"gr\xf6\xdfe,net\n1.0,2.0\n"), 1, "a CSV file is text in UTF-8");
    assert_refused(refused::<Row>(b"id,name\n1,a\n2,\xe9\n"), 3, "a CSV file is text in UTF-8");
    assert_refused(refused::<Row>(b"id,name,note\n1,a,\n2,b,\xe9\n"), 3, "a CSV file is text in UTF-8");
}

// Headers.

#[test]
fn a_header_without_a_needed_column_is_an_error_with_rows_and_without() {
    assert_refused(refused::<Row>("key,label\n"), 1, "there is no column `id`; the columns are `key` and `label`");
    assert_refused(refused::<Row>("id,nmae\n"), 1, "there is no column `name`; did you mean `nmae`?");
    assert_refused(refused::<Row>("id,nmae\n1,a\n"), 1, "there is no column `name`; did you mean `nmae`?");
    assert_refused(refused::<Row>("\n\nid\n"), 3, "there is no column `name`");
    assert_refused(refused::<Row>("id;name\n1;a\n"), 1, "are the columns separated by `;`? `.delimiter(b';')` says so");
    assert_refused(refused::<Row>("id\tname\n"), 1, "are the columns separated by `\\t`?");
}

#[test]
fn a_header_needs_no_column_of_an_option_or_a_default_and_may_have_more_by_any_name() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Some3 {
        #[serde(alias = "key")]
        id: u32,
        #[serde(rename = "Full Name")]
        name: Option<String>,
        #[serde(default)]
        count: u8,
        #[serde(skip)]
        seen: bool,
    }
    assert_eq!(loaded::<Some3>("id\n"), []);
    assert_eq!(loaded::<Some3>("more,key,even more\n"), []);
    let only = |id, count| Some3 { id, name: None, count, seen: false };
    assert_eq!(loaded::<Some3>("more,key,even more\nx,7,\n"), [only(7, 0)]);
    assert_eq!(loaded::<Some3>("\u{feff}id,Full Name,count\n7,,3\n"), [only(7, 3)]);
    assert_refused(refused::<Some3>("Full Name,count\n"), 1, "there is no column `id`");
}

#[test]
fn the_columns_that_a_type_needs_are_known_without_rows() {
    #[derive(Debug, Deserialize, PartialEq)]
    enum Kind {
        Small,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Point {
        x: f64,
        y: u8,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Many {
        kind: Kind,
        count: std::num::NonZeroU8,
        address: std::net::IpAddr,
        letter: char,
        flag: bool,
        nothing: (),
        #[serde(flatten)]
        point: Point,
        name: String,
    }
    let all = "kind,count,address,letter,flag,nothing,x,y,name";
    assert_eq!(loaded::<Many>(&format!("{all}\n")), []);
    for missing in all.split(',') {
        let others: Vec<&str> = all.split(',').filter(|name| *name != missing).collect();
        assert_refused(refused::<Many>(others.join(",")), 1, &format!("there is no column `{missing}`"));
    }
}

#[test]
fn a_column_that_is_there_twice_is_an_error_if_it_is_needed() {
    assert_refused(refused::<Row>("id,name,id\n"), 1, "column `id` is there twice");
    assert_refused(refused::<Row>("id,name,id\n1,a,2\n"), 2, "duplicate field `id`");
    assert_refused(refused::<HashMap<String, String>>("id,name,id\n1,a,2\n"), 1, "column `id` is there twice");
    assert_eq!(loaded::<Row>("id,name,more,more\n1,a,x,y\n"), [row(1, "a")]);
}

#[test]
fn a_column_that_a_type_denies_is_an_error_without_rows_too() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        id: u32,
    }
    assert_eq!(loaded::<Strict>("id\n1\n"), [Strict { id: 1 }]);
    assert_refused(refused::<Strict>("id,more\n"), 1, "the rows have no field for column `more`");
    assert_refused(refused::<Strict>("id,more\n1,2\n"), 2, "unknown field `more`");
}

// Quotes.

#[test]
fn an_open_quote_is_an_error_and_does_not_swallow_rows() {
    let words = "a quote opens here and is not closed to the end of the file";
    assert_refused(refused::<Row>("id,name\n1,\"a\n2,b\n3,c\n4,d\n"), 2, words);
    assert_refused(refused::<Row>("id,name\n1,a\n2,b\n3,\"c"), 4, words);
    assert_refused(refused::<Row>("\"id,name\n1,a\n"), 1, words);
    assert_refused(refused::<Row>("\u{feff}\"id,name\n1,a\n"), 1, words);
    // Another quote, many rows later, closes it in the midst of a cell.
    let rows = (1..100).map(|id| match id {
        9 => "9,\"rain\n".to_owned(),
        50 => "50,\"sun\"\n".to_owned(),
        _ => format!("{id},rain\n"),
    });
    let rows: Vec<String> = rows.collect();
    assert_refused(refused::<Row>(format!("id,name\n{}", rows.concat())), 10, "more text follows where it is closed");
}

#[test]
fn quotes_that_are_closed_and_quotes_within_a_cell_are_text() {
    assert_eq!(loaded::<Row>("id,name\n1,5\" disk\n2,\"\"\n"), [row(1, "5\" disk"), row(2, "")]);
    assert_eq!(loaded::<Row>("id,name\n\"1\",\"a\" b\"c\"\n"), [row(1, "a b\"c\"")]);
    assert_eq!(loaded::<Row>("id,name\r\n1,\"two\r\nlines\"\r\n"), [row(1, "two\r\nlines")]);
    assert_eq!(loaded::<Row>("id,name\n1,\"\"\"\"\n2,\"a,\"\"b\"\"\""), [row(1, "\""), row(2, "a,\"b\"")]);
}

// Rows without names.

#[test]
fn rows_without_names_are_all_loaded() {
    let folder = folder();
    let path = || folder.path().join("rows.csv");
    let pairs: Vec<(String, u32)> = (0..3).map(|id| (format!("row {id}"), id)).collect();
    Csv::new(path()).save(pairs.clone()).unwrap();
    assert_eq!(Csv::<(String, u32)>::new(path()).load().unwrap(), pairs);
    assert_eq!(fs::read_to_string(path()).unwrap(), "column_1,column_2\nrow 0,0\nrow 1,1\nrow 2,2\n");
    Csv::new(path()).save(vec![1.0, 2.0, 3.0]).unwrap();
    assert_eq!(Csv::<f64>::new(path()).load().unwrap(), [1.0, 2.0, 3.0]);
    Csv::new(path()).save(vec![Some(1.5), None, Some(f64::INFINITY)]).unwrap();
    assert_eq!(Csv::<Option<f64>>::new(path()).load().unwrap(), [Some(1.5), None, Some(f64::INFINITY)]);
    Csv::new(path()).save(vec![String::new(), "a".to_owned()]).unwrap();
    assert_eq!(Csv::<String>::new(path()).load().unwrap(), ["", "a"]);
    Csv::new(path()).save(vec![[1.0, -0.0]; 2]).unwrap();
    assert_eq!(Csv::<[f64; 2]>::new(path()).load().unwrap(), [[1.0, -0.0]; 2]);
    Csv::new(path()).save(vec![vec!["a".to_owned()]; 2]).unwrap();
    assert_eq!(Csv::<Vec<String>>::new(path()).load().unwrap(), [["a"]; 2]);
    let lengths = Csv::new(path()).save(vec![vec![1], vec![1, 2]]).unwrap_err().to_string();
    assert!(
        lengths.contains("row 1, column `column_2`: the row has no value for it, which other rows have"),
        "{lengths}"
    );
}

#[test]
fn a_row_in_the_place_of_the_header_is_an_error_where_it_can_be_told() {
    let words = "the first line is a row, and not the names of the columns";
    assert_refused(refused::<(f64, f64)>("1.0,2.0\n3.0,4.0\n"), 1, words);
    assert_refused(refused::<(String, u32)>("a,1\nb,2\n"), 1, words);
    assert_refused(refused::<f64>("1.5\n2.5\n"), 1, words);
    assert_eq!(loaded::<(String, u32)>("name,count\na,1\n"), [("a".to_owned(), 1)]);
    assert_eq!(loaded::<(String, String)>("a,b\nc,d\n"), [("c".to_owned(), "d".to_owned())]);
    assert_refused(refused::<(String, u32)>("name\n"), 1, "a row has 2 values, but the header has 1 column");
}

#[test]
fn no_rows_are_saved_with_a_header() {
    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Renamed {
        #[serde(rename = "Full Name", alias = "name")]
        name: String,
        #[serde(skip)]
        seen: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u8>,
    }
    fn text<T: Serialize + for<'de> Deserialize<'de> + std::fmt::Debug + PartialEq + Send + Sync + 'static>() -> String
    {
        let folder = folder();
        let csv = Csv::<T>::new(folder.path().join("none.csv"));
        csv.save(Vec::new()).expect("no rows can be saved");
        assert_eq!(csv.load().expect("no rows can be loaded"), []);
        fs::read_to_string(csv.path()).expect("the file is there")
    }
    assert_eq!(text::<Row>(), "id,name\n");
    assert_eq!(text::<Renamed>(), "Full Name,count\n");
    assert_eq!(text::<(u32, String)>(), "column_1,column_2\n");
    assert_eq!(text::<f64>(), "column_1\n");
    let folder = folder();
    let maps = Csv::<HashMap<String, String>>::new(folder.path().join("none.csv"));
    let error = maps.save(Vec::new()).unwrap_err().to_string();
    assert!(error.contains("what the columns would be is not known from the type"), "{error}");
}

// Cells.

#[test]
fn a_broken_cell_is_an_error_with_its_line_its_column_and_its_text() {
    #[derive(Debug, Deserialize)]
    enum Kind {
        Small,
    }
    assert_refused(refused::<Row>("id,name\n1,a\nx,b\n"), 3, "column `id`: `x` is not a whole number of type `u32`");
    assert_refused(refused::<Row>("id,name\n,b\n"), 2, "column `id`: the cell is empty, and not a whole number");
    assert_refused(refused::<Row>("id,name\n300,b\n1\n"), 3, "the row has 1 fields, but the rows before it have 2");
    assert_refused(refused::<(String, bool)>("a,b\nx,yes\n"), 2, "column `b`: `yes` is not `true` or `false`");
    assert_refused(refused::<(String, Vec<u8>)>("a,b\nx,1\n"), 2, "a cell of a CSV file holds one value, not a list");
    assert_refused(refused::<(u8, Kind)>("a,kind\n1,Large\n"), 2, "column `kind`: unknown variant `Large`");
}

#[test]
fn a_delimiter_that_no_table_can_have_is_an_error() {
    let folder = folder();
    for delimiter in [b'"', b'\n', b'\r', 0xe9] {
        let csv = Csv::<Row>::new(folder.path().join("rows.csv")).delimiter(delimiter);
        let error = csv.save(vec![row(1, "a")]).unwrap_err().to_string();
        assert!(error.contains("columns cannot be separated by"), "{error}");
        fs::write(folder.path().join("rows.csv"), "id,name\n").unwrap();
        let error = csv.load().unwrap_err().to_string();
        assert!(error.contains("columns cannot be separated by"), "{error}");
    }
}

// Other formats.

#[test]
fn json_keeps_every_bit_of_a_number_and_refuses_what_is_none() {
    let folder = folder();
    let json = Json::new(folder.path().join("x.json"));
    let numbers: Vec<f64> = (0..10_000).map(|seed| fastrand::Rng::with_seed(seed).f64()).collect();
    json.save(numbers.clone()).unwrap();
    let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<u64>>();
    assert_eq!(bits(&json.load().unwrap()), bits(&numbers));
    let error = json.save(vec![1.0, f64::NAN]).unwrap_err().to_string();
    assert!(error.contains("field `[1]`: NaN is not a number in JSON"), "{error}");
    assert_eq!(json.load().unwrap().len(), 10_000, "the earlier file is still there");
}

#[test]
fn json_that_is_none_says_so() {
    let folder = folder();
    let json = Json::<Row>::new(folder.path().join("x.json"));
    let refused = |text: &[u8]| {
        fs::write(json.path(), text).unwrap();
        json.load().unwrap_err().to_string()
    };
    assert!(refused(b"").contains("the file is empty"));
    assert!(refused(b"\x1f\x8b\x08\0").contains("it looks compressed with gzip"));
    assert!(refused(b"{\"id\": 1, \"name\": \"\xff\"}").contains("line 1"));
    assert!(refused(br#"{"id": 1, "name": "\ud800"}"#).contains("line 1"));
    fs::write(json.path(), "\u{feff}{\"id\": 1, \"name\": \"a\"}").unwrap();
    assert_eq!(json.load().unwrap(), row(1, "a"));
}

#[test]
fn text_that_is_not_utf8_says_where_and_keeps_a_byte_order_mark() {
    let folder = folder();
    let text = Text::new(folder.path().join("a.txt"));
    fs::write(text.path(), b"\xc3\xbc\nab\xff").unwrap();
    let error = text.load().unwrap_err();
    assert_eq!((error.line(), error.column()), (Some(2), Some(3)));
    fs::write(text.path(), [0x1f, 0x8b, 8, 0]).unwrap();
    assert!(text.load().unwrap_err().to_string().contains("it looks compressed with gzip"));
    text.save("\u{feff}a\r\n".to_owned()).unwrap();
    assert_eq!(text.load().unwrap(), "\u{feff}a\r\n");
}

// In a run.

#[test]
fn a_value_that_a_file_cannot_hold_is_the_error_of_the_node_that_made_it() {
    catalog! {
        struct Catalog {
            xs: Memory<Vec<f64>> = Memory::new(Vec::new()),
            mean: Json<f64> = "no/such/folder/mean.json",
            twice: Memory<f64>,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    fn mean(xs: &[f64]) -> f64 {
        xs.iter().sum::<f64>() / xs.len() as f64
    }
    let folder = folder();
    let catalog = Catalog { mean: Json::new(folder.path().join("mean.json")), ..Catalog::default() };
    let pipeline = pipeline! {
        for Catalog;
        node(mean, [xs] -> [mean]),
        node(|mean: f64| 2.0 * mean, [mean] -> [twice]),
    };
    let error = SequentialRunner::new().run(&pipeline, &catalog).unwrap_err();
    let pipeline_core::Error::Save { node, dataset, .. } = &error else { panic!("{error:?}") };
    assert_eq!(dataset, "mean");
    assert!(node.starts_with("mean("), "{node}");
    assert!(format!("{error:?}").contains("NaN is not a number in JSON"), "{error:?}");
    assert!(!catalog.mean.exists().unwrap());
}
