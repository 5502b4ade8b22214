//! How values become arguments: nobody says it, the function's own signature does.

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    clippy::ptr_arg,
    clippy::unnecessary_wraps,
    clippy::too_many_arguments,
    reason = "how functions take and return values is what is tested"
)]
#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::ffi::{OsStr, OsString};
use std::fmt::{Debug, Display};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs};

/// Cannot be cloned.
#[derive(Debug, PartialEq)]
struct Model {
    depth: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Parameters {
    ratio: f64,
    seeds: Vec<u64>,
    model: ModelParameters,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct ModelParameters {
    depth: u32,
    kind: String,
    inner: Inner,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Inner {
    rate: f64,
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(21),
        B: Memory<i32>,
        numbers: Memory<Vec<i64>> = Memory::new(vec![1, 2, 3]),
        word: Memory<String> = Memory::new("seven".to_owned()),
        digits: Memory<String> = Memory::new("42".to_owned()),
        place: Memory<PathBuf> = Memory::new(PathBuf::from("data/raw.csv")),
        model: Memory<Model> = Memory::new(Model { depth: 3 }),
        total: Memory<i64>,
        // Loads owned values, as a file does.
        file: Lambda<String> = Lambda::read_only(|| Ok::<_, Error>("owned".to_owned())),
        params: Parameters = Parameters {
            ratio: 0.25,
            seeds: vec![7, 8],
            model: ModelParameters { depth: 4, kind: "tree".to_owned(), inner: Inner { rate: 0.5 } },
        },
    }
}

fn run<O: Outputs>(pipeline: &Pipeline<Catalog, O>) -> O {
    SequentialRunner::new().run(pipeline, &Catalog::default()).expect("the pipeline runs")
}

fn identity<T>(value: T) -> T {
    value
}

fn show<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

#[test]
fn a_dataset_of_the_catalog_is_passed_by_reference() {
    fn depth(model: &Model) -> u32 {
        model.depth
    }
    assert_eq!(run(&pipeline! { for Catalog; node(depth, [model] -> [depth]) }).depth, 3);
}

#[test]
fn a_dataset_of_the_catalog_is_passed_as_a_slice_a_str_and_a_path() {
    fn sum(numbers: &[i64]) -> i64 {
        numbers.iter().sum()
    }
    fn len(word: &str) -> usize {
        word.len()
    }
    fn extension(place: &Path) -> Option<PathBuf> {
        place.extension().map(PathBuf::from)
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(sum, [numbers] -> [sum]),
        node(len, [word] -> [len]),
        node(extension, [place] -> [extension]),
    });
    assert_eq!(outputs.sum, 6);
    assert_eq!(outputs.len, 5);
    assert_eq!(outputs.extension, Some(PathBuf::from("csv")));
}

#[test]
fn a_dataset_of_the_catalog_is_passed_by_value_and_still_there() {
    fn backwards(mut numbers: Vec<i64>) -> Vec<i64> {
        numbers.reverse();
        numbers
    }
    let catalog = Catalog::default();
    let pipeline = pipeline! { for Catalog; node(backwards, [numbers] -> [backwards]) };
    let outputs = SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(outputs.backwards, [3, 2, 1]);
    assert_eq!(*catalog.numbers.load().unwrap(), [1, 2, 3]);
}

#[test]
fn a_dataset_that_loads_an_owned_value_is_passed_in_every_way() {
    fn shout(word: &str) -> String {
        word.to_uppercase()
    }
    fn capacity(word: &String) -> usize {
        word.len()
    }
    fn keep(word: String) -> String {
        word
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(shout, [file] -> [shouted]),
        node(capacity, [file] -> [len]),
        node(keep, [file] -> [kept]),
        node(identity, [file] -> [same]),
        node(show, [file] -> [shown]),
    });
    assert_eq!(outputs.shouted, "OWNED");
    assert_eq!(outputs.len, 5);
    assert_eq!(outputs.kept, "owned");
    assert_eq!(outputs.same, "owned");
    assert_eq!(outputs.shown, "\"owned\"");
}

#[test]
fn a_value_in_memory_with_one_reader_is_passed_in_every_way() {
    fn make() -> (Vec<i64>, String, PathBuf, Model, Model) {
        (vec![4, 5], "memory".to_owned(), PathBuf::from("a/b"), Model { depth: 1 }, Model { depth: 2 })
    }
    fn sum(xs: &[i64]) -> i64 {
        xs.iter().sum()
    }
    fn shout(text: &str) -> String {
        text.to_uppercase()
    }
    fn parent(path: &Path) -> PathBuf {
        path.parent().map(Path::to_owned).unwrap_or_default()
    }
    fn depth(model: &Model) -> u32 {
        model.depth
    }
    fn deeper(model: Model) -> Model {
        Model { depth: model.depth + 10 }
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(make, [] -> [xs, text, path, seen, moved]),
        node(sum, [xs] -> [sum]),
        node(shout, [text] -> [shouted]),
        node(parent, [path] -> [parent]),
        node(depth, [seen] -> [depth]),
        node(deeper, [moved] -> [deeper]),
    });
    assert_eq!(outputs.sum, 9);
    assert_eq!(outputs.shouted, "MEMORY");
    assert_eq!(outputs.parent, Path::new("a"));
    assert_eq!(outputs.depth, 1);
    assert_eq!(outputs.deeper, Model { depth: 12 });
}

#[test]
fn a_value_in_memory_with_several_readers_is_passed_in_every_way() {
    fn make() -> (Vec<i64>, String, PathBuf) {
        (vec![4, 5], "memory".to_owned(), PathBuf::from("a/b"))
    }
    fn by_value(xs: Vec<i64>, text: String, path: PathBuf) -> usize {
        xs.len() + text.len() + path.as_os_str().len()
    }
    fn by_reference(xs: &Vec<i64>, text: &String, path: &PathBuf) -> usize {
        xs.len() + text.len() + path.as_os_str().len()
    }
    fn as_views(xs: &[i64], text: &str, path: &Path) -> usize {
        xs.len() + text.len() + path.as_os_str().len()
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(make, [] -> [xs, text, path]),
        node(by_value, [xs, text, path] -> [first]),
        node(by_reference, [xs, text, path] -> [second]),
        node(as_views, [xs, text, path] -> [third]),
        node(by_value, [xs, text, path] -> [fourth]),
    });
    assert_eq!([outputs.first, outputs.second, outputs.third, outputs.fourth], [11; 4]);
}

#[test]
fn the_ways_are_mixed_in_one_function() {
    fn mixed(
        xs: &[i64],
        word: &str,
        place: &Path,
        model: &Model,
        a: i32,
        ratio: f64,
        kind: &str,
        owned: String,
    ) -> String {
        format!("{} {word} {} {} {a} {ratio} {kind} {owned}", xs.len(), place.display(), model.depth)
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(mixed, [numbers, word, place, model, A, params:ratio, params:model.kind, file] -> [text]),
    });
    assert_eq!(outputs.text, "3 seven data/raw.csv 3 21 0.25 tree owned");
}

#[test]
fn what_boxes_arcs_and_arrays_hold_is_passed_by_reference() {
    type Made = (Box<Model>, Arc<Model>, [i64; 3], Box<str>, Arc<str>, OsString);
    fn make() -> Made {
        (Box::new(Model { depth: 5 }), Arc::new(Model { depth: 6 }), [1, 2, 3], "box".into(), "arc".into(), "os".into())
    }
    fn use_all(boxed: &Model, arc: &Model, array: &[i64], boxed_str: &str, arc_str: &str, os: &OsStr) -> String {
        format!("{} {} {} {boxed_str} {arc_str} {}", boxed.depth, arc.depth, array.len(), os.len())
    }
    fn depth(model: &Model) -> u32 {
        model.depth
    }
    fn count(array: &[i64]) -> usize {
        array.len()
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(make, [] -> [boxed, arc, array, boxed_str, arc_str, os]),
        node(use_all, [boxed, arc, array, boxed_str, arc_str, os] -> [all]),
        node(depth, [boxed] -> [boxed_depth]),
        node(depth, [arc] -> [arc_depth]),
        node(count, [array] -> [count]),
        node(identity, [arc] -> [same]),
    });
    assert_eq!(outputs.all, "5 6 3 box arc 2");
    assert_eq!((outputs.boxed_depth, outputs.arc_depth, outputs.count), (5, 6, 3));
    assert_eq!(outputs.same.depth, 6);
}

#[test]
fn a_static_str_is_a_value_like_any_other() {
    fn hello() -> &'static str {
        "hello"
    }
    fn len(text: &str) -> usize {
        text.len()
    }
    fn joined(text: &str, other: &'static str) -> String {
        format!("{text}{other}")
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(hello, [] -> [greeting]),
        node(len, [greeting] -> [len]),
        node(joined, [greeting, greeting] -> [joined]),
    });
    assert_eq!(outputs.len, 5);
    assert_eq!(outputs.joined, "hellohello");
}

#[test]
fn parameters_are_read_by_field_and_as_a_whole() {
    fn weigh(ratio: f64, depth: &u32, kind: &str, seeds: &[u64], rate: f64) -> String {
        format!("{ratio} {depth} {kind} {seeds:?} {rate}")
    }
    fn whole(params: &Parameters, again: Parameters) -> bool {
        *params == again
    }
    fn kind(model: &ModelParameters) -> String {
        model.kind.clone()
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(weigh, [params:ratio, params:model.depth, params:model.kind, params:seeds, params:model.inner.rate] -> [text]),
        node(whole, [params, parameters] -> [same]),
        node(kind, [params:model] -> [kind]),
        node(|ratio: f64| ratio * 2.0, [parameters:ratio] -> [twice]),
        node(show, [params:seeds] -> [seeds]),
        node(identity, [params:model.kind] -> [same_kind]),
    });
    assert_eq!(outputs.text, "0.25 4 tree [7, 8] 0.5");
    assert!(outputs.same);
    assert_eq!(outputs.kind, "tree");
    assert!((outputs.twice - 0.5).abs() < f64::EPSILON);
    assert_eq!(outputs.seeds, "[7, 8]");
    assert_eq!(outputs.same_kind, "tree");
}

#[test]
fn parameters_are_those_of_the_catalog_that_runs() {
    let pipeline = pipeline! { for Catalog; node(|depth: u32| depth + 1, [params:model.depth] -> [deeper]) };
    let mut catalog = Catalog::default();
    catalog.params.model.depth = 99;
    assert_eq!(SequentialRunner::new().run(&pipeline, &catalog).unwrap().deeper, 100);
}

mod parameters_by_the_other_name {
    //! The field may be called `parameters`; pipelines may say `params` all the same.

    use pipeline_core::prelude::*;

    use super::Parameters;

    catalog! {
        struct Catalog { parameters: Parameters = Parameters { ratio: 0.5, ..Parameters::default() } }
    }

    #[test]
    fn both_names_are_understood() {
        let pipeline = pipeline! {
            for Catalog;
            node(|short: f64, long: f64| short + long, [params:ratio, parameters:ratio] -> [sum]),
            node(|short: &Parameters, long: &Parameters| std::ptr::eq(short, long), [params, parameters] -> [same]),
        };
        let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
        assert!((outputs.sum - 1.0).abs() < f64::EPSILON);
        assert!(outputs.same);
    }
}

#[test]
fn a_closure_is_a_function() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(|xs: &[i64]| -> i64 { xs.iter().sum() }, [numbers] -> [sum]),
        node(|sum: i64, word: &str| format!("{word}: {sum}"), [sum, word] -> [text]),
        node(|| 5, [] -> [five]),
        node(|model: &Model, five: u8| model.depth + u32::from(five), [model, five] -> [deep]),
        // Commas and brackets inside do not end it.
        node(|a: i32| { let pair = [a, a]; (pair[0], [pair[1]]) }, [A] -> [left, right]),
    });
    assert_eq!(outputs.text, "seven: 6");
    assert_eq!(outputs.deep, 8);
    assert_eq!((outputs.left, outputs.right), (21, [21]));
}

#[test]
fn a_closure_captures_what_it_moves() {
    let factor = 3;
    let table: BTreeMap<&str, i64> = BTreeMap::from([("seven", 7)]);
    let outputs = run(&pipeline! {
        for Catalog;
        node(move |a: i32| a * factor, [A] -> [tripled]),
        node(move |word: &str| table.get(word).copied(), [word] -> [found]),
    });
    assert_eq!(outputs.tripled, 63);
    assert_eq!(outputs.found, Some(7));
}

#[test]
fn a_path_with_a_turbofish_is_a_function() {
    fn convert<T: FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }
    fn pair<T: Copy, U: Copy>(left: &T, right: &U) -> (U, T) {
        (*right, *left)
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(convert::<u8>, [digits] -> [number]),
        node(identity::<i32>, [A] -> [same]),
        node(pair::<i32, f64>, [A, params:ratio] -> [left, right]),
        node(Vec::<i64>::len, [numbers] -> [len]),
    });
    assert_eq!(outputs.number, Some(42_u8));
    assert_eq!(outputs.same, 21);
    assert_eq!((outputs.left, outputs.right), (0.25, 21));
    assert_eq!(outputs.len, 3);
}

mod other {
    //! Functions behind a path.

    pub(crate) mod deep {
        pub(crate) fn twice(value: i32) -> i32 {
            2 * value
        }
    }
}

#[derive(Debug, PartialEq)]
struct Wrapped(i32);

impl Wrapped {
    fn unwrapped(self) -> i32 {
        self.0
    }

    fn is_large(&self) -> bool {
        self.0 > 100
    }
}

#[test]
fn methods_constructors_and_functions_of_modules_are_functions() {
    static POINTER: fn(i32) -> i32 = other::deep::twice;
    let outputs = run(&pipeline! {
        for Catalog;
        node(other::deep::twice, [A] -> [twice]),
        node(other::deep::twice, [twice] -> [four_times]),
        node(POINTER, [four_times] -> [eight_times]),
        node(String::len, [word] -> [len]),
        node(str::to_uppercase, [word] -> [shouted]),
        node(Vec::len, [numbers] -> [count]),
        node(Wrapped, [eight_times] -> [wrapped]),
        node(Wrapped::is_large, [wrapped] -> [is_large]),
        node(Wrapped::unwrapped, [wrapped_again] -> [unwrapped]),
        node(Wrapped, [A] -> [wrapped_again]),
        node(Some, [A] -> [some]),
        node(<i64 as FromStr>::from_str?, [digits] -> [number]),
    });
    assert!(outputs.is_large);
    assert_eq!(outputs.len, 5);
    assert_eq!(outputs.shouted, "SEVEN");
    assert_eq!(outputs.count, 3);
    assert_eq!(outputs.unwrapped, 21);
    assert_eq!(outputs.some, Some(21));
    assert_eq!(outputs.number, 42);
}

#[test]
fn a_question_mark_unwraps_results_with_errors_of_any_type() {
    fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
        text.parse()
    }
    fn positive(number: i64) -> Result<i64, String> {
        if number > 0 { Ok(number) } else { Err(format!("{number} is not positive")) }
    }
    fn even(number: &i64) -> Result<(), &'static str> {
        if number % 2 == 0 { Ok(()) } else { Err("odd") }
    }
    fn split(number: i64) -> Result<(i64, i64), Box<dyn StdError + Send + Sync>> {
        Ok((number / 10, number % 10))
    }
    fn generic<T: Clone>(value: &T) -> Result<T, std::fmt::Error> {
        Ok(value.clone())
    }
    let pipeline = pipeline! {
        for Catalog;
        node(parse?, [digits] -> [number]),
        node(positive?, [number] -> [positive]),
        node(even?, [positive] -> []),
        node(split?, [positive] -> [tens, ones]),
        node(generic?, [positive] -> [copy]),
        node(generic::<i64>?, [positive] -> [other_copy]),
        node((|text: &str| text.parse::<i64>())?, [digits] -> [closure]),
        node((move |text: &str| -> Result<u8, Error> { Ok(u8::try_from(text.len()).unwrap_or(0)) })?, [digits] -> [len]),
    };
    let outputs = run(&pipeline);
    assert_eq!((outputs.tens, outputs.ones), (4, 2));
    assert_eq!((outputs.copy, outputs.other_copy, outputs.closure, outputs.len), (42, 42, 42, 2));

    let fails_with = |digits: &str| {
        let catalog = Catalog { digits: Memory::new(digits.to_owned()), ..Catalog::default() };
        let error = SequentialRunner::new().run(&pipeline, &catalog).expect_err("the run fails");
        (error.to_string(), error.source().map(ToString::to_string))
    };
    let node = |text: &str| format!("node `{text}` failed");
    let cause = |text: &str| Some(text.to_owned());
    assert_eq!(fails_with("x"), (node("parse([digits]) -> [number]"), cause("invalid digit found in string")));
    assert_eq!(fails_with("-2"), (node("positive([number]) -> [positive]"), cause("-2 is not positive")));
    assert_eq!(fails_with("3"), (node("even([positive]) -> None"), cause("odd")));
}

#[test]
fn without_a_question_mark_a_result_is_a_value() {
    fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
        text.parse()
    }
    fn or_zero(result: &Result<i64, std::num::ParseIntError>) -> i64 {
        result.as_ref().copied().unwrap_or(0)
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(parse, [word] -> [result: Result<i64, std::num::ParseIntError>]),
        node(or_zero, [result] -> [number]),
    });
    assert_eq!(outputs.number, 0);
}

#[test]
fn a_node_may_have_no_inputs_or_no_outputs() {
    static SEEN: std::sync::Mutex<Vec<i32>> = std::sync::Mutex::new(Vec::new());
    fn answer() -> i32 {
        42
    }
    fn note(value: &i32) {
        SEEN.lock().expect("no test panics with the lock").push(*value);
    }
    run(&pipeline! {
        for Catalog;
        node(answer, [] -> [answer]),
        node(note, [answer] -> []),
        node(note, [A] -> []),
    });
    assert_eq!(*SEEN.lock().unwrap(), [42, 21]);
}

#[test]
fn several_outputs_go_to_the_catalog_and_to_memory() {
    fn three(value: i32) -> (i32, String, i64) {
        (value + 1, value.to_string(), 100)
    }
    let catalog = Catalog::default();
    let pipeline = pipeline! {
        for Catalog;
        node(three, [A] -> [B, text, total]),
        node(|text: &str, b: i32| format!("{text}{b}"), [text, B] -> [joined]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(catalog.B.load().unwrap(), 22);
    assert_eq!(catalog.total.load().unwrap(), 100);
    assert_eq!(outputs.joined, "2122");
}

#[test]
fn one_output_may_be_a_tuple() {
    let outputs = run(&pipeline! { for Catalog; node(|a: i32| (a, a + 1), [A] -> [pair]) });
    assert_eq!(outputs.pair, (21, 22));
}

#[test]
fn a_node_may_read_a_dataset_twice() {
    fn add(left: i32, right: &i32) -> i32 {
        left + right
    }
    fn both(left: String, right: String) -> String {
        left + &right
    }
    fn same(left: &String, right: &String) -> bool {
        std::ptr::eq(left, right)
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(add, [A, A] -> [sum]),
        node(|a: i32| a.to_string(), [A] -> [text]),
        node(both, [text, text] -> [doubled]),
        node(|a: i32| a.to_string(), [A] -> [other]),
        node(same, [other, other] -> [same]),
        node(|left: f64, right: f64| left + right, [params:ratio, params:ratio] -> [half]),
    });
    assert_eq!(outputs.sum, 42);
    assert_eq!(outputs.doubled, "2121");
    assert!(outputs.same);
    assert!((outputs.half - 0.5).abs() < f64::EPSILON);
}

#[test]
fn identity_passes_from_the_catalog_to_the_catalog() {
    let catalog = Catalog::default();
    let pipeline = pipeline!(< node(identity, [A] -> [B]) >);
    SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(catalog.B.load().unwrap(), 21);
}

#[test]
fn identity_passes_from_the_catalog_to_memory_and_on() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(identity, [A] -> [first]),
        node(identity, [first] -> [second]),
        node(identity, [second] -> [third]),
        node(identity, [second] -> [fourth]),
    });
    assert_eq!((outputs.third, outputs.fourth), (21, 21));
}

#[test]
fn identity_moves_what_cannot_be_cloned() {
    fn build() -> Model {
        Model { depth: 8 }
    }
    let outputs = run(&pipeline! { for Catalog; node(build, [] -> [built]), node(identity, [built] -> [same]) });
    assert_eq!(outputs.same, Model { depth: 8 });
}

#[test]
fn a_function_over_any_reference_is_passed_one() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(show, [model] -> [shown]),
        node(show, [numbers] -> [shown_numbers]),
        node(show, [shown] -> [shown_twice]),
        node(show, [shown] -> [shown_again]),
    });
    assert_eq!(outputs.shown_numbers, "[1, 2, 3]");
    assert_eq!(outputs.shown_twice, "\"Model { depth: 3 }\"");
    assert_eq!(outputs.shown_again, outputs.shown_twice);
}

#[test]
fn a_function_over_anything_of_a_kind_is_passed_the_value() {
    fn total(numbers: impl IntoIterator<Item = i64>) -> i64 {
        numbers.into_iter().sum()
    }
    fn text(value: impl Display) -> String {
        value.to_string()
    }
    let outputs = run(&pipeline! { for Catalog; node(total, [numbers] -> [sum]), node(text, [sum] -> [text]) });
    assert_eq!(outputs.text, "6");
}

#[test]
fn a_generic_function_of_several_inputs_takes_its_types_from_a_turbofish_or_the_output() {
    fn larger<T: PartialOrd>(left: T, right: T) -> T {
        if left > right { left } else { right }
    }
    let outputs = run(&pipeline! {
        for Catalog;
        node(larger::<i32>, [A, other] -> [by_turbofish]),
        node(larger, [A, other] -> [by_output: i32]),
        node(larger, [A, other] -> [B]),
        node(|a: i32| a + 1, [A] -> [other]),
    });
    assert_eq!((outputs.by_turbofish, outputs.by_output), (22, 22));
}

#[test]
fn a_typed_output_tells_what_to_collect_and_to_parse() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(|word: &str| word.chars().map(String::from).collect(), [word] -> [letters: Vec<String>]),
        node(|digits: &str| digits.parse(), [digits] -> [result: Result<u8, std::num::ParseIntError>]),
        node((|digits: &str| digits.parse())?, [digits] -> [B]),
        node(|b: i32| b, [B] -> [parsed]),
    });
    assert_eq!((outputs.letters.concat().as_str(), outputs.result, outputs.parsed), ("seven", Ok(42), 42));
}

#[test]
fn nodes_may_be_listed_in_any_order() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(|second: &str| format!("{second} third"), [second] -> [third]),
        node(|first: &str| format!("{first} second"), [first] -> [second]),
        node(|| "first".to_owned(), [] -> [first]),
    });
    assert_eq!(outputs.third, "first second third");
}

#[test]
fn the_type_of_a_dataset_in_memory_may_be_given() {
    let outputs = run(&pipeline! {
        for Catalog;
        node(|digits: &str| digits.parse().ok(), [digits] -> [number: Option<u16>]),
        node(|| Vec::new(), [] -> [empty: Vec<u8>]),
        node(|empty: &[u8]| empty.len(), [empty: Vec<u8>] -> [len]),
    });
    assert_eq!(outputs.number, Some(42));
    assert_eq!(outputs.len, 0);
}
