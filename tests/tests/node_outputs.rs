//! What a node writes: nothing, one value or several, to the catalog or memory, of an inferred or given type.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "how functions take values is what is tested")]

use pipeline_core::Outputs;
use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(21),
        B: Memory<i32>,
        word: Memory<String> = Memory::new("seven".to_owned()),
        digits: Memory<String> = Memory::new("42".to_owned()),
        total: Memory<i64>,
    }
}

fn run<O: Outputs>(pipeline: &Pipeline<Catalog, O>) -> O {
    SequentialRunner::new().run(pipeline, &Catalog::default()).expect("the pipeline runs")
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
    assert_eq!(catalog.total.load().unwrap(), 100);
    assert_eq!(outputs.joined, "2122");
}

#[test]
fn one_output_may_be_a_tuple() {
    let outputs = run(&pipeline! { for Catalog; node(|a: i32| (a, a + 1), [A] -> [pair]) });
    assert_eq!(outputs.pair, (21, 22));
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
