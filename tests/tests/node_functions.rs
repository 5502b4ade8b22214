//! What can be a node's function: closures, methods, constructors, paths, generic functions, and those that fail.

#![expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "how functions take and return values is what is tested"
)]

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs};

/// Cannot be cloned.
#[derive(Debug, PartialEq)]
struct Model {
    depth: u32,
}

#[derive(Clone, Debug, Default)]
struct Parameters {
    ratio: f64,
}

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(21),
        B: Memory<i32>,
        numbers: Memory<Vec<i64>> = Memory::new(vec![1, 2, 3]),
        word: Memory<String> = Memory::new("seven".to_owned()),
        digits: Memory<String> = Memory::new("42".to_owned()),
        model: Memory<Model> = Memory::new(Model { depth: 3 }),
        params: Parameters = Parameters { ratio: 0.25 },
    }
}

fn run<O: Outputs>(pipeline: &Pipeline<Catalog, O>) -> O {
    SequentialRunner::new().run(pipeline, &Catalog::default()).expect("the pipeline runs")
}

fn identity<T>(value: T) -> T {
    value
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

static MADE: AtomicUsize = AtomicUsize::new(0);

fn adding(n: i32) -> impl Fn(i32) -> i32 {
    MADE.fetch_add(1, Ordering::Relaxed);
    move |a| a + n
}

pipeline! {
    made_by_an_expression for Catalog {
        node((adding(4)), [A] -> [sum: i32]),
        node(|sum: i32| sum * 2, [sum] -> [doubled: i32]),
    }
}

#[test]
fn an_expression_that_makes_a_function_is_evaluated_once_for_a_pipeline() {
    let pipeline = made_by_an_expression();
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
    for _ in 0..3 {
        assert_eq!(run(&pipeline).doubled, 50);
    }
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
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
