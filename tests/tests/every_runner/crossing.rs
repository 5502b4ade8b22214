//! What goes from node to node, to files and to hooks is the same wherever a node is executed: values, errors, and what hooks may
//! refuse.

#![expect(clippy::option_option, reason = "serde has them, so they cross")]

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};
use pipeline_core::hook::{DatasetEvent, Hook};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, DatasetError, Error, RunOptions, worker};
use serde::{Deserialize, Serialize};

use crate::log::wait;

/// Where all files are: workers, which make the catalog anew, find them there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/every_runner_crossing");

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

/// The use of all files, by one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static FILES: Mutex<()> = Mutex::new(());
    let alone = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    drop(fs::remove_dir_all(FOLDER));
    fs::create_dir_all(FOLDER).expect("cargo's folder can be written");
    alone
}

/// Loads and saves only when the others of its kind do so too.
pub(crate) struct Meeting {
    name: &'static str,
}

/// How many meet.
const N_MEET: usize = 3;

impl Meeting {
    fn meet(&self, what: &str) -> Result<(), DatasetError> {
        fs::write(file(&format!("{what}.{}", self.name)), "")?;
        let are_there = || {
            let there = fs::read_dir(FOLDER).expect("the test keeps its folder").filter_map(Result::ok);
            there.filter(|entry| entry.file_name().to_string_lossy().starts_with(what)).count() >= N_MEET
        };
        wait(are_there);
        if are_there() { Ok(()) } else { Err("the others did not come".into()) }
    }
}

impl Dataset for Meeting {
    type Value = i32;
    type Reach = AnyProcess;

    fn describe(&self) -> String {
        self.name.to_owned()
    }
}

impl Load for Meeting {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        self.meet("load").map(|()| 1)
    }
}

impl Save for Meeting {
    fn save(&self, _: i32) -> Result<(), DatasetError> {
        self.meet("save")
    }
}

catalog! {
    struct Crossings {
        n: Memory<u32> = Memory::new(7),
        price: Json<i32> = Json::new(file("price.json")),
        doubled: Json<i32> = Json::new(file("doubled.json")),
        refused: Json<i32> = Json::new(file("refused.json")),
        late: Json<u32> = Json::new(file("late.json")),
        broken: Json<Vec<i32>> = Json::new(file("broken.json")),
        absent: Text = Text::new(file("no/such/file.txt")),
        values: Memory<Values>,
        nested: Memory<Nested>,
        depth: Memory<u32>,
        a: Meeting = Meeting { name: "a" },
        b: Meeting = Meeting { name: "b" },
        c: Meeting = Meeting { name: "c" },
        d: Meeting = Meeting { name: "d" },
        e: Meeting = Meeting { name: "e" },
        f: Meeting = Meeting { name: "f" },
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Crossings {
        crossing_values = values(),
        crossing_nested = nested(),
        crossing_files = files(),
        crossing_late = late(),
        crossing_meetings = meetings(),
        crossing_absent = absent(),
        crossing_broken = broken(),
        crossing_io_error = io_error(),
        crossing_inner_error = inner_error(),
    }
}

/// Not a test: the workers of these pipelines.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

/// What forms of serde that are in use change, or cannot read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Values {
    options: Vec<Option<Option<u8>>>,
    nothing: [Option<()>; 2],
    large: (u128, i128, u64, i64),
    keys: BTreeMap<(u8, Option<char>), Kind>,
    #[serde(flatten)]
    flat: Flat,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    at: IpAddr,
    kinds: Vec<Kind>,
    after: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kind {
    Number(i64),
    Address(IpAddr),
    Named { name: Option<Option<String>> },
}

fn all_values(_: u32) -> Values {
    let address: IpAddr = "2001:db8::1".parse().expect("it is an address");
    let named = Kind::Named { name: Some(None) };
    Values {
        options: vec![None, Some(None), Some(Some(1))],
        nothing: [Some(()), None],
        large: (u128::MAX, i128::MIN, u64::MAX, i64::MIN),
        keys: BTreeMap::from([((1, None), Kind::Number(-1)), ((1, Some('ä')), named.clone())]),
        flat: Flat { at: address, kinds: vec![Kind::Address(address), named], after: Duration::from_nanos(1) },
    }
}

pipeline! {
    #[portable]
    pub(crate) crossing_values for Crossings {
        node(all_values, [n] -> [made]),
        node(|made: &Values, n: u32| (made == &all_values(n), made.clone()), [made, n] -> [is_the_same: bool, values]),
    }
}
use crossing_values as values;

pub(crate) fn values_are_the_same_everywhere(runner: &dyn Runner) {
    let catalog = Crossings::default();
    assert!(runner.run(&values(), &catalog).expect("it runs").is_the_same);
    assert_eq!(*catalog.values.load().expect("it is saved"), all_values(0));
}

/// Nested deeper than a stack allows for a function that calls itself at each level.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nested {
    bulk: [u64; 8],
    inner: Option<Box<Nested>>,
}

impl Drop for Nested {
    fn drop(&mut self) {
        let mut inner = self.inner.take();
        while let Some(mut nested) = inner {
            inner = nested.inner.take();
        }
    }
}

const DEPTH: u32 = 20_000;

fn nest(_: u32) -> Nested {
    (1..DEPTH).fold(Nested::default(), |inner, _| Nested { bulk: [7; 8], inner: Some(Box::new(inner)) })
}

fn depth(mut nested: &Nested) -> u32 {
    let mut depth = 1;
    while let Some(inner) = &nested.inner {
        (depth, nested) = (depth + 1, inner);
    }
    depth
}

pipeline! {
    #[portable]
    pub(crate) crossing_nested for Crossings {
        node(nest, [n] -> [made]),
        node(depth, [made] -> [depth]),
        node(nest, [n] -> [nested]),
    }
}
use crossing_nested as nested;

pub(crate) fn deeply_nested_values_are_the_same_everywhere(runner: &dyn Runner) {
    let refusing = Refusing::default();
    for options in [RunOptions::new(), RunOptions::new().hook(&refusing)] {
        let catalog = Crossings::default();
        runner.run_with(&nested(), &catalog, &options).expect("it starts").into_result().expect("it runs");
        assert_eq!(catalog.depth.load().expect("it is saved"), DEPTH);
        assert_eq!(depth(&catalog.nested.load().expect("it is saved")), DEPTH);
    }
}

pipeline! {
    #[portable]
    pub(crate) crossing_files for Crossings {
        node(|n: u32| n.cast_signed(), [n] -> [price], name = "first"),
        node(|price: i32, again: i32| (price + again, -price), [price, price] -> [doubled, refused], name = "second"),
    }
}
use crossing_files as files;

/// Notes what it hears of datasets, and refuses negative numbers, and to load what it is told not to.
#[derive(Default)]
struct Refusing {
    not_to_load: Option<&'static str>,
    heard: Mutex<Vec<String>>,
}

impl Refusing {
    fn hear(&self, what: &str, event: &DatasetEvent<'_>, value: Option<&dyn Any>) {
        let value = value.and_then(|value| value.downcast_ref::<i32>());
        let told = value.map(|value| format!(" = {value}")).unwrap_or_default();
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{what} {}{told}", event.dataset));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Hook for Refusing {
    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.hear("load", event, None);
        if self.not_to_load == Some(event.dataset.name()) { Err("it is not to be read".into()) } else { Ok(()) }
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, value: &dyn Any) {
        self.hear("loaded", event, Some(value));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, value: &dyn Any) -> Result<(), BoxError> {
        self.hear("save", event, Some(value));
        if value.downcast_ref::<i32>().is_some_and(|value| *value < 0) { Err("it is negative".into()) } else { Ok(()) }
    }

    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        self.hear("saved", event, None);
    }
}

pub(crate) fn hooks_see_what_goes_to_files_and_can_refuse_it(runner: &dyn Runner) {
    let _alone = alone();
    let (catalog, refusing) = (Crossings::default(), Refusing::default());
    let options = RunOptions::new().hook(&refusing);
    let report = runner.run_with(&files(), &catalog, &options).expect("it starts");
    let Some(Error::Hook { node: Some(node), source, .. }) = report.error() else { panic!("{:?}", report.error()) };
    assert_eq!((node.starts_with("second"), source.to_string().as_str()), (true, "it is negative"));
    let expected = [
        "load n",
        "loaded n",
        "save price = 7",
        "saved price",
        "load price",
        "loaded price = 7",
        "load price",
        "loaded price = 7",
        "save doubled = 14",
        "saved doubled",
        "save refused = -7",
    ];
    assert_eq!(refusing.take(), expected);
    assert_eq!(catalog.doubled.load().expect("it was saved before"), 14);
    assert!(!file("refused.json").exists());

    let refusing = Refusing { not_to_load: Some("price"), ..Refusing::default() };
    let report = runner.run_with(&files(), &catalog, &RunOptions::new().hook(&refusing)).expect("it starts");
    assert!(matches!(report.error(), Some(Error::Hook { node: Some(node), .. }) if node.starts_with("second")));
    assert_eq!(refusing.take()[2..], ["save price = 7", "saved price", "load price"]);

    runner.run(&files(), &catalog).expect("nobody refuses");
    assert_eq!(catalog.refused.load().expect("it is saved"), -7);
}

pipeline! {
    #[portable]
    pub(crate) crossing_late for Crossings {
        node(|n: u32| { std::thread::sleep(Duration::from_millis(200)); n }, [n] -> [late], timeout = "20ms"),
    }
}
use crossing_late as late;

pub(crate) fn a_node_that_is_late_saves_nothing(runner: &dyn Runner) {
    let _alone = alone();
    let refusing = Refusing::default();
    for options in [RunOptions::new(), RunOptions::new().hook(&refusing), RunOptions::new().is_async()] {
        let report = runner.run_with(&late(), &Crossings::default(), &options).expect("it starts");
        assert!(matches!(report.error(), Some(Error::TimedOut { .. })), "{:?}", report.error());
        assert!(!file("late.json").exists());
    }
}

pipeline! {
    #[portable]
    pub(crate) crossing_meetings for Crossings {
        node(|a: i32, n: u32, b: i32, c: i32| (a + n.cast_signed(), b, c), [a, n, b, c] -> [d, e, f]),
    }
}
use crossing_meetings as meetings;

pub(crate) fn what_one_node_loads_and_saves_is_loaded_and_saved_together_if_asked(runner: &dyn Runner) {
    let refusing = Refusing::default();
    for (options, are_watched) in
        [(RunOptions::new().is_async(), false), (RunOptions::new().is_async().hook(&refusing), true)]
    {
        let _alone = alone();
        let report = runner.run_with(&meetings(), &Crossings::default(), &options).expect("it starts");
        assert!(report.error().is_none(), "{:?}", report.error());
        if are_watched {
            let expected = [
                "load a",
                "load n",
                "load b",
                "load c",
                "loaded a = 1",
                "loaded n",
                "loaded b = 1",
                "loaded c = 1",
                "save d = 8",
                "save e = 1",
                "save f = 1",
                "saved d",
                "saved e",
                "saved f",
            ];
            assert_eq!(refusing.take(), expected);
        }
    }
}

pipeline! { #[portable] pub(crate) crossing_absent for Crossings { node(str::len, [absent] -> [length: usize]) } }
pipeline! { #[portable] pub(crate) crossing_broken for Crossings { node(|list: &[i32]| list.len(), [broken] -> [length: usize]) } }
pipeline! {
    #[portable]
    pub(crate) crossing_io_error for Crossings {
        node((|_: u32| -> io::Result<u8> { Err(io::Error::new(ErrorKind::AddrInUse, "it is taken")) })?, [n] -> [never: u8]),
    }
}
pipeline! {
    #[portable]
    pub(crate) crossing_inner_error for Crossings {
        node((|_: u32| -> Result<u8, Error> { Err(several()) })?, [n] -> [never: u8]),
    }
}
use crossing_absent as absent;
use crossing_broken as broken;
use crossing_inner_error as inner_error;
use crossing_io_error as io_error;

/// As a run inside of a node ends that kept going.
fn several() -> Error {
    let node = || "inner".to_owned();
    let cancelled = Error::Cancelled { pipeline: None, node: node() };
    let source = Some(Box::new(Error::Node { pipeline: None, node: node(), source: "late".into() }));
    let timed_out = Error::TimedOut { pipeline: None, node: node(), timeout: Duration::from_millis(1500), source };
    Error::Several { pipeline: Some("within".to_owned()), errors: vec![timed_out, cancelled] }
}

pub(crate) fn errors_are_of_the_same_kind_everywhere(runner: &dyn Runner) {
    let _alone = alone();
    let catalog = Crossings::default();
    let refusing = Refusing::default();
    for options in [RunOptions::new(), RunOptions::new().hook(&refusing)] {
        let error = |report: Result<_, Error>| -> Error { report.expect_err("it fails") };
        let ran = runner.run_with(&absent(), &catalog, &options).expect("it starts").into_result();
        let Error::Load { dataset, source, .. } = error(ran.map(drop)) else { panic!("it cannot be loaded") };
        assert_eq!((dataset.as_str(), source.dataset()), ("absent", Some("absent")));
        assert_eq!(source.path(), Some(&*file("no/such/file.txt")));
        assert!(source.to_string().contains("No such file"), "{source}");

        fs::write(file("broken.json"), "[1,\n 2, x]").expect("the folder is there");
        let ran = runner.run_with(&broken(), &catalog, &options).expect("it starts").into_result();
        let Error::Load { source, .. } = error(ran.map(drop)) else { panic!("it cannot be loaded") };
        let here = catalog.broken.load().expect_err("it is broken");
        assert_eq!((source.line(), source.column(), source.path()), (here.line(), here.column(), here.path()));
        assert_eq!(source.line(), Some(2));

        let ran = runner.run_with(&io_error(), &catalog, &options).expect("it starts").into_result();
        let Error::Node { source, .. } = error(ran.map(drop)) else { panic!("its function failed") };
        let source = source.downcast::<io::Error>().expect("it returned that");
        assert_eq!((source.kind(), source.to_string().as_str()), (ErrorKind::AddrInUse, "it is taken"));

        let ran = runner.run_with(&inner_error(), &catalog, &options).expect("it starts").into_result();
        let Error::Node { source, .. } = error(ran.map(drop)) else { panic!("its function failed") };
        let inner = source.downcast::<Error>().expect("it returned that");
        assert_eq!(format!("{inner:?}"), format!("{:?}", several()));
        let Error::Several { errors, .. } = *inner else { panic!("{inner:?}") };
        assert!(matches!(&*errors, [Error::TimedOut { source: Some(_), .. }, Error::Cancelled { .. }]), "{errors:?}");
    }
}
