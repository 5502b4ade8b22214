//! Shapes that only the attributes of a derive make, which a format cannot see in a value.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use pipeline_core::dataset::{Load, Save};
use pipeline_core::prelude::*;
use pipeline_tests::folder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

trait Data: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static> Data for T {}

/// Saves a value as JSON, which must be loaded as it was.
#[expect(clippy::needless_pass_by_value, reason = "calls are shorter")]
fn json_keeps<T: Data>(value: T) {
    let folder = folder();
    let json = Json::new(folder.path().join("value.json"));
    json.save(value.clone()).expect("it can be saved");
    assert_eq!(json.load().expect("what was saved can be loaded"), value);
}

/// Saves a value as JSON, which must be refused with these words.
fn json_refuses<T: Data>(value: T, words: &str) {
    let folder = folder();
    let json = Json::new(folder.path().join("value.json"));
    let error = json.save(value).expect_err("it cannot be saved").to_string();
    assert!(error.contains(words), "{error}");
    assert!(!json.exists().expect("the folder is there"));
}

/// Saves rows as CSV, which must be loaded as they were, and gives the text.
#[expect(clippy::needless_pass_by_value, reason = "calls are shorter")]
fn csv_keeps<T: Data>(rows: Vec<T>) -> String {
    let folder = folder();
    let csv = Csv::new(folder.path().join("rows.csv"));
    csv.save(rows.clone()).expect("they can be saved");
    assert_eq!(csv.load().expect("what was saved can be loaded"), rows);
    std::fs::read_to_string(csv.path()).expect("the file is there")
}

/// Saves rows as CSV, which must be refused with these words.
fn csv_refuses<T: Data>(rows: Vec<T>, words: &str) {
    let folder = folder();
    let csv = Csv::new(folder.path().join("rows.csv"));
    let error = csv.save(rows).expect_err("it cannot be saved").to_string();
    assert!(error.contains(words), "{error}");
    assert!(!csv.exists().expect("the folder is there"));
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind")]
enum Tagged {
    Circle { radius: f64 },
    Counts { by_number: HashMap<u32, u32> },
    Big { number: u64 },
    Nothing,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    One(f32),
    Two(i8, Option<String>),
    Nothing,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum Untagged {
    Float(f64),
    Whole(i64),
    Text(String),
    Flag(bool),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Flat {
    id: u32,
    #[serde(flatten)]
    point: Point,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct FlatBig {
    #[serde(flatten)]
    big: Big,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Big {
    number: i128,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Sparse {
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<u32>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Forgetful {
    #[serde(skip_serializing_if = "is_zero")]
    count: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct OneWay {
    #[serde(rename(serialize = "Name"))]
    name: String,
}

#[test]
fn json_keeps_enums_however_they_are_tagged() {
    json_keeps(vec![Tagged::Circle { radius: 0.1 }, Tagged::Nothing, Tagged::Big { number: u64::MAX }]);
    json_keeps(vec![
        Adjacent::One(0.1),
        Adjacent::Two(-1, None),
        Adjacent::Two(1, Some(String::new())),
        Adjacent::Nothing,
    ]);
    json_keeps(vec![Untagged::Float(0.5), Untagged::Text("1".to_owned()), Untagged::Flag(true)]);
    json_keeps(vec![Ok(1), Err("no".to_owned())]);
}

#[test]
fn json_refuses_what_a_tag_or_its_lack_changes() {
    json_refuses(vec![Untagged::Text(String::new()), Untagged::Whole(1)], "field `[1]`: 1 would be loaded as 1.0");
    // serde reads a variant with a tag from a buffer, which has no keys but text and no number
    // beyond 64 bits.
    json_refuses(vec![Tagged::Counts { by_number: HashMap::from([(1, 2)]) }], "field `[0]");
    json_refuses(FlatBig { big: Big { number: i128::MIN } }, "it would be saved, but not loaded again");
    json_keeps(Big { number: i128::MIN });
}

#[test]
fn json_keeps_flattened_fields_and_refuses_a_name_that_is_there_twice() {
    let flat = |rest: &[(&str, i64)]| Flat {
        id: 1,
        point: Point { x: 0.1, y: -0.0 },
        rest: rest.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
    };
    json_keeps(flat(&[("a", 1), ("b", i64::MIN)]));
    json_refuses(flat(&[("id", 2)]), "duplicate field `id`");
    json_refuses(Flat { point: Point { x: f64::NAN, y: 0.0 }, ..flat(&[]) }, "field `x`: NaN is not a number in JSON");
}

#[test]
fn json_names_the_field_wherever_it_is() {
    json_refuses(vec![Some(1.5), Some(f64::INFINITY)], "field `[1]`: inf is not a number in JSON");
    json_refuses(HashMap::from([("mean".to_owned(), (1, f32::NAN))]), "field `mean[1]`: NaN is not a number in JSON");
    json_refuses(BTreeMap::from([("a".to_owned(), Adjacent::One(f32::NEG_INFINITY))]), "field `a.value`: -inf");
    json_refuses(vec![(1, Some(Some(1))), (2, Some(None))], "field `[1][1]`: Some(None) is `null` in JSON");
    json_refuses(vec![Some(()), None], "field `[0]`: Some(()) is `null` in JSON");
    json_refuses(BTreeMap::from([((1, 2), 3)]), "key must be a string");
    json_refuses(vec![HashMap::from([(None::<String>, 3)])], "field `[0]`: key must be a string");
    json_refuses(f64::NAN, "NaN is not a number in JSON");
}

#[test]
fn json_refuses_what_is_nested_deeper_than_it_is_read() {
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Nested(Vec<Nested>);
    let nested = |depth| (1..depth).fold(Nested(Vec::new()), |inner, _| Nested(vec![inner]));
    json_keeps(nested(127));
    json_refuses(nested(128), "recursion limit exceeded");
    json_refuses(nested(1_000), "deeper than the 127 levels");
}

#[test]
fn fields_that_are_left_out_come_back_or_are_refused() {
    let rows = vec![
        Sparse { id: 1, a: Some(1), b: None },
        Sparse { id: 2, a: None, b: Some(2) },
        Sparse { id: 3, a: None, b: None },
    ];
    json_keeps(rows.clone());
    assert_eq!(csv_keeps(rows), "id,a,b\n1,1,\n2,,2\n3,,\n");
    json_refuses(vec![Forgetful { count: 1 }, Forgetful { count: 0 }], "field `[1]");
    csv_refuses(vec![Forgetful { count: 1 }, Forgetful { count: 0 }], "row 2, column `count`");
    json_refuses(OneWay { name: "a".to_owned() }, "missing field `name`");
    csv_refuses(
        vec![OneWay { name: "a".to_owned() }],
        "row 1: it would be saved, but not loaded again: there is no column `name`",
    );
}

#[test]
fn sets_maps_and_types_of_the_standard_library_come_back() {
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Host {
        address: IpAddr,
        path: PathBuf,
    }
    json_keeps((0..100).map(|n| n.to_string()).collect::<HashSet<String>>());
    json_keeps((0..100).map(|n: u8| (i128::from(n), vec![n; 3])).collect::<HashMap<i128, Vec<u8>>>());
    json_keeps((PathBuf::from("a/b"), Duration::from_millis(1_500), "::1".parse::<IpAddr>().unwrap()));
    json_keeps(BTreeMap::from([(true, 'a'), (false, '"')]));
    csv_keeps(vec![Host { address: "127.0.0.1".parse().unwrap(), path: PathBuf::from("a,b") }]);
    csv_keeps::<Host>(Vec::new());
}

#[cfg(unix)]
#[test]
fn a_value_that_serde_refuses_is_named_by_its_field() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let paths = vec![PathBuf::from("a"), PathBuf::from(OsString::from_vec(vec![0xff]))];
    json_refuses(
        BTreeMap::from([("paths".to_owned(), paths.clone())]),
        "field `paths[1]`: path contains invalid UTF-8",
    );
    csv_refuses(paths, "row 2, column `column_1`: path contains invalid UTF-8");
}

#[test]
fn csv_keeps_rows_of_enums_maps_and_flattened_structs() {
    let rows = vec![Tagged::Circle { radius: 0.5 }, Tagged::Nothing, Tagged::Big { number: 7 }];
    assert_eq!(csv_keeps(rows), "kind,radius,number\nCircle,0.5,\nNothing,,\nBig,,7\n");
    let flat = |id| Flat { id, point: Point { x: 0.1, y: 1.0 }, rest: BTreeMap::from([("z".to_owned(), -1)]) };
    assert_eq!(csv_keeps(vec![flat(1), flat(2)]), "id,x,y,z\n1,0.1,1.0,-1\n2,0.1,1.0,-1\n");
    csv_keeps(vec![BTreeMap::from([("a".to_owned(), Some(1)), ("b c".to_owned(), None)]); 2]);
    let more = BTreeMap::from([("a".to_owned(), Some(1)), ("c".to_owned(), Some(3))]);
    csv_refuses(vec![BTreeMap::from([("a".to_owned(), Some(1))]), more], "row 1, column `c`");
}

#[test]
fn csv_refuses_what_flatten_would_change() {
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Named {
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Inner {
        name: String,
    }
    let named = |name: &str| Named { inner: Inner { name: name.to_owned() } };
    csv_keeps(vec![named("a"), named("")]);
    // serde asks for no type within `flatten`, so the reader takes a text of digits for a number.
    csv_refuses(vec![named("a"), named("007")], "row 2");
    let clash = Flat { id: 1, point: Point::default(), rest: BTreeMap::from([("x".to_owned(), 1)]) };
    csv_refuses(vec![clash], "two fields of the row have the name `x`");
}

#[test]
fn csv_refuses_what_a_cell_cannot_hold_and_says_what_to_do() {
    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Row<T> {
        id: u32,
        value: T,
    }
    fn two<T: Clone>(good: T, bad: T) -> Vec<Row<T>> {
        vec![Row { id: 1, value: good }, Row { id: 2, value: bad }]
    }
    csv_refuses(two(vec![1], vec![]), "row 1, column `value`: a cell of a CSV file holds one value, not a list;");
    csv_refuses(two((1, 2), (3, 4)), "row 1, column `value`: a cell of a CSV file holds one value, not a tuple;");
    csv_refuses(two(Point::default(), Point::default()), "not the struct `Point`; give each part a column");
    csv_refuses(two(HashMap::from([(1, 2)]), HashMap::new()), "not a map;");
    csv_refuses(two(Adjacent::Nothing, Adjacent::One(1.0)), "row 1, column `value`: a cell");
    csv_refuses(two(Ok::<i32, i32>(1), Err(2)), "not the variant `Ok` and what is in it");
    csv_refuses(
        two(Some("a".to_owned()), Some(String::new())),
        "row 2, column `value`: Some(\"\") would be loaded as None",
    );
    csv_refuses(two(Some(Some(1)), Some(None)), "row 2, column `value`: Some(None) would be loaded as None");
    csv_refuses(two(None, Some(())), "row 2, column `value`: Some(()) would be loaded as None");
    csv_keeps(two(Some(Some(1)), None));
    csv_keeps(two((), ()));
    csv_keeps(two(f64::INFINITY, -0.0));
    csv_keeps(two(u128::MAX, 0));
    csv_keeps(two('"', '\n'));
    csv_keeps(two(" a ".to_owned(), "\u{feff}\r".to_owned()));
}
