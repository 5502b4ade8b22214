//! How values become arguments: nobody says it, the function's own signature does.

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    clippy::ptr_arg,
    clippy::too_many_arguments,
    reason = "how functions take and return values is what is tested"
)]
#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use std::ffi::{OsStr, OsString};
use std::fmt::{Debug, Display};
use std::path::{Path, PathBuf};
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
        place: Memory<PathBuf> = Memory::new(PathBuf::from("data/raw.csv")),
        model: Memory<Model> = Memory::new(Model { depth: 3 }),
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
