//! An error that crosses is of the same kind, with the same words, whatever it is.

use super::*;
use crate::error::Cause;
use crate::portable::encode;

fn crossed(error: Error) -> Error {
    let names = |name: &str| (name == "prices").then_some("prices");
    let told = Told::decode(&encode(&Told::new(error)).unwrap()).unwrap();
    told.into_error(Some("p"), "n", &names)
}

fn of_node(source: impl Into<BoxError>) -> Error {
    Error::Node { pipeline: Some("p".to_owned()), node: "n".to_owned(), source: Cause::from(source) }
}

fn source_of(error: Error) -> BoxError {
    let Error::Node { source, .. } = error else { panic!("{error:?}") };
    source.into_inner()
}

#[derive(Debug, thiserror::Error)]
#[error("it does not fit")]
struct Outer(#[source] BoxError);

#[test]
fn an_error_is_told_with_its_causes() {
    let error = || of_node(Outer("x".parse::<i32>().unwrap_err().into()));
    assert_eq!(format!("{:?}", crossed(error())), format!("{:?}", error()));
    assert!(format!("{:?}", crossed(error())).ends_with("caused by: invalid digit found in string"));
}

#[test]
fn an_io_error_stays_one_of_its_kind() {
    for &kind in KINDS {
        for error in [io::Error::from(kind), io::Error::new(kind, "in its own words")] {
            let text = error.to_string();
            let source = source_of(crossed(of_node(Outer(error.into()))));
            let error = source.source().unwrap().downcast_ref::<io::Error>().unwrap();
            assert_eq!((error.kind(), error.to_string()), (kind, text));
        }
    }
    let missing = || std::fs::read("no/such/file").unwrap_err();
    let source = source_of(crossed(of_node(missing()))).downcast::<io::Error>().unwrap();
    assert_eq!(source.raw_os_error(), missing().raw_os_error());
    assert_eq!(source.to_string(), missing().to_string());
    let short = io::Read::read_exact(&mut &b"x"[..], &mut [0; 2]).unwrap_err();
    let text = short.to_string();
    let source = source_of(crossed(of_node(short))).downcast::<io::Error>().unwrap();
    assert_eq!((source.kind(), source.to_string()), (io::ErrorKind::UnexpectedEof, text));
    let around = io::Error::new(io::ErrorKind::InvalidData, Outer(missing().into()));
    let source = source_of(crossed(of_node(around))).downcast::<io::Error>().unwrap();
    assert_eq!(source.to_string(), "it does not fit");
    let cause = source.get_ref().unwrap().source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::NotFound);
}

#[test]
fn an_error_of_a_dataset_stays_where_it_was() {
    let error = || {
        let cause = io::Error::new(io::ErrorKind::InvalidData, "it is no number");
        let source = DatasetError::new(cause).at_path("a/b.csv").at_line(3).at_column(7);
        let source = source.of_dataset(Some("prices"));
        let (pipeline, node, dataset) = (None, "n".to_owned(), "prices".to_owned());
        Error::Load { pipeline, node, dataset, source: source.named_around("prices") }
    };
    let there = crossed(error());
    assert_eq!(format!("{there:?}"), format!("{:?}", error()));
    let Error::Load { source, .. } = there else { panic!("{there:?}") };
    assert_eq!((source.line(), source.column(), source.dataset()), (Some(3), Some(7), Some("prices")));
    assert_eq!(source.path(), Some("a/b.csv".as_ref()));
    assert_eq!(source.parts.cause.downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn errors_of_a_run_inside_a_node_keep_their_variants() {
    let cancelled = || Error::Cancelled { pipeline: None, node: "x".to_owned() };
    let timed_out = || {
        let timeout = Duration::new(3, 5);
        Error::TimedOut { pipeline: None, node: "x".to_owned(), timeout, source: Some(Box::new(cancelled())) }
    };
    let hook = || Error::Hook { pipeline: None, node: None, hook: "h".to_owned(), source: "no".into() };
    let left_out = || Error::LeftOut { pipeline: None, nodes: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()] };
    let several = || {
        let errors = vec![of_node("no"), timed_out(), hook(), left_out()];
        Error::Several { pipeline: Some("inner".to_owned()), errors }
    };
    let source = source_of(crossed(of_node(several()))).downcast::<Error>().unwrap();
    assert_eq!(format!("{source:?}"), format!("{:?}", several()));
    let Error::Several { errors, .. } = *source else { panic!("{source:?}") };
    let [
        Error::Node { .. },
        Error::TimedOut { source: Some(inner), timeout, .. },
        Error::Hook { .. },
        Error::LeftOut { .. },
    ] = &*errors
    else {
        panic!("{errors:?}")
    };
    assert!(matches!(**inner, Error::Cancelled { .. }));
    assert_eq!(*timeout, Duration::new(3, 5));
}

#[test]
fn an_error_that_panics_is_told_all_the_same() {
    #[derive(Debug)]
    struct Panics(bool);
    impl fmt::Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0 { std::panic::resume_unwind(Box::new("no words")) } else { f.write_str("bomb") }
        }
    }
    impl StdError for Panics {}
    impl Drop for Panics {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                std::panic::resume_unwind(Box::new("the drop of an error"));
            }
        }
    }
    let boxed = |panics| of_node(Box::new(Panics(panics)) as BoxError);
    assert_eq!(source_of(crossed(boxed(false))).to_string(), "bomb");
    let told = source_of(crossed(boxed(true))).to_string();
    assert_eq!(told, "it gave no message: its `Display` panicked: no words");
}

#[test]
fn causes_without_end_are_cut() {
    #[derive(Debug)]
    struct Itself;
    impl fmt::Display for Itself {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("itself")
        }
    }
    impl StdError for Itself {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(self)
        }
    }
    assert_eq!(source_of(crossed(of_node(Itself))).to_string(), "itself");
}

#[test]
fn what_no_node_ends_with_is_refused() {
    for depth in [1_000, 100_000] {
        let nested = (0..depth).fold(Told::default(), |inner, _| Told { inner: vec![inner], ..Told::default() });
        let bytes = encode(&nested).unwrap();
        format::with_stacks(1, || drop(nested));
        assert_eq!(Told::decode(&bytes).unwrap_err(), "an error with too many causes");
    }
}
