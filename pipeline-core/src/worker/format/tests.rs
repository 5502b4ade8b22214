//! Every shape that serde has is the same again, or an error.

#![expect(clippy::option_option, clippy::zero_sized_map_values, reason = "serde has them, so they cross")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, Wrapping};
use std::ops::{Bound, Range};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::*;

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    encode_to(value, &mut bytes).map(|()| bytes)
}

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    decode(&encode(value).expect("it can be written")).expect("it can be read")
}

#[track_caller]
fn is_the_same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(again(&value), value);
    // It is the same inside of others too, and what is behind it is found.
    let among = (vec![value], 7_u8);
    assert_eq!(again(&among), among);
    let (mut values, _) = among;
    let some = values.pop();
    assert_eq!(again(&some), some);
    let twice = Some(some);
    assert_eq!(again(&twice), twice);
    let named = BTreeMap::from([("ä".to_owned(), twice)]);
    assert_eq!(again(&named), named);
}

#[test]
fn numbers_are_the_same() {
    let near = |around: i128| [around - 1, around, around + 1];
    let powers = (0..127).flat_map(|power| [1_i128 << power, -(1_i128 << power)]).flat_map(near);
    for number in powers.chain([0, i128::MIN, i128::MAX]) {
        is_the_same(number);
        is_the_same(number.cast_unsigned());
        macro_rules! as_each {
            ($($number:ty)*) => {$(
                if let Ok(number) = <$number>::try_from(number) {
                    is_the_same(number);
                    is_the_same(Wrapping(number));
                }
            )*};
        }
        as_each! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 isize }
    }
    is_the_same(u128::MAX);
    is_the_same([u64::MAX; 32]);
    is_the_same(NonZeroU8::MIN);
}

#[test]
fn bits_of_floats_are_the_same() {
    let mut random = Rng::with_seed(7);
    let special = [0.0, -0.0, 1.0, f64::MIN_POSITIVE / 2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
    let payloads = [0x7ff0_0000_0000_0001, 0xfff8_0000_dead_beef].map(f64::from_bits);
    let any = std::iter::repeat_with(|| f64::from_bits(random.u64(..))).take(10_000);
    for number in special.into_iter().chain(payloads).chain(any) {
        assert_eq!(again(&number).to_bits(), number.to_bits());
        assert_eq!(again(&Some(vec![number])).unwrap()[0].to_bits(), number.to_bits());
    }
    for bits in
        [0, 1 << 31, 0x7f80_0001, 0xffc0_beef, 0x7f80_0000].into_iter().chain((0..1000).map(|_| fastrand::u32(..)))
    {
        assert_eq!(again(&f32::from_bits(bits)).to_bits(), bits);
    }
}

#[test]
fn texts_are_the_same_whatever_their_length() {
    for len in [0, 1, 31, 32, 33, 127, 128, 254, 255, 256, 257, 65_535, 65_536, 100_000] {
        is_the_same("x".repeat(len));
        is_the_same(vec![7_u8; len]);
        is_the_same(vec![200_u8; len]);
        is_the_same(vec![(); len]);
        is_the_same(VecDeque::from(vec![Some(()); len]));
        is_the_same((0..u32::try_from(len).unwrap()).map(|key| (key, None::<()>)).collect::<HashMap<_, _>>());
    }
    for character in ['\0', 'a', '\u{7f}', 'ß', '\u{ffff}', char::MAX] {
        is_the_same(character);
        is_the_same(character.to_string());
    }
    is_the_same(Cow::<'static, str>::Borrowed("owned later"));
}

#[test]
fn options_in_options_are_the_same() {
    is_the_same([None, Some(None), Some(Some(None)), Some(Some(Some(1_u8)))]);
    is_the_same([None, Some(())]);
    is_the_same([None, Some(None), Some(Some(()))]);
    is_the_same(vec![Some(Nothing), None]);
    is_the_same([Some(Wrapped(None)), Some(Wrapped(Some(1))), None]);
    is_the_same([Some(Vec::<Option<()>>::new()), None, Some(vec![None, Some(())])]);
    is_the_same(BTreeMap::from([(None, Some(None)), (Some(()), Some(Some(1)))]));
    is_the_same(Some(serde_json::Value::Null));
    is_the_same([Ok(None), Ok(Some(())), Err(None), Err(Some(()))]);
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Nothing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped<T>(T);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Transparent {
    inner: Option<Option<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Variants {
    Unit,
    Newtype(u8),
    NewtypeOfNothing(()),
    NewtypeOfOption(Option<Option<()>>),
    NewtypeOfItself(Option<Box<Variants>>),
    Tuple(i8, String),
    EmptyTuple(),
    Struct {
        a: u8,
        b: Option<String>,
    },
    EmptyStruct {},
    #[serde(rename = "")]
    Nameless,
}

fn variants() -> Vec<Variants> {
    use Variants::*;
    vec![
        Unit,
        Newtype(200),
        NewtypeOfNothing(()),
        NewtypeOfOption(None),
        NewtypeOfOption(Some(None)),
        NewtypeOfOption(Some(Some(()))),
        NewtypeOfItself(Some(Box::new(NewtypeOfItself(None)))),
        Tuple(-100, "ä".to_owned()),
        EmptyTuple(),
        Struct { a: 1, b: None },
        EmptyStruct {},
        Nameless,
    ]
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum InternallyTagged {
    Unit,
    Newtype(Inner),
    Struct { ip: IpAddr, float: f32, nested: Variants },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content")]
enum AdjacentlyTagged {
    Unit,
    Newtype(Option<Option<u8>>),
    Tuple(u8, u64),
    Struct { of: Vec<i64> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Float(f64),
    Ip(IpAddr),
    Text(String),
    Struct { a: Option<Option<u8>>, at: Duration },
    Several(Vec<Option<Variants>>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    ip: IpAddr,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<Untagged>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    own: u8,
    // Before what takes all that is left.
    #[serde(flatten)]
    variant: FlatVariant,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum FlatVariant {
    One { value: u8 },
    Two(Wrapped<Option<u8>>),
}

#[test]
fn enums_are_the_same_however_they_are_tagged() {
    let ip: IpAddr = "2001:db8::1".parse().unwrap();
    let inner = Inner {
        left_out: None,
        ip,
        rest: BTreeMap::from([("x".to_owned(), Some(Untagged::Float(0.5))), ("y".to_owned(), None)]),
    };
    for variant in variants() {
        is_the_same(variant.clone());
        is_the_same(BTreeMap::from([(variant.clone(), 1)]));
        is_the_same(InternallyTagged::Struct { ip, float: 0.1, nested: variant.clone() });
        is_the_same(Untagged::Several(vec![None, Some(variant)]));
    }
    is_the_same(vec![InternallyTagged::Unit, InternallyTagged::Newtype(inner.clone())]);
    is_the_same(vec![
        AdjacentlyTagged::Unit,
        AdjacentlyTagged::Newtype(Some(None)),
        AdjacentlyTagged::Newtype(None),
        AdjacentlyTagged::Tuple(1, u64::MAX),
        AdjacentlyTagged::Struct { of: vec![-1] },
    ]);
    is_the_same(vec![
        Untagged::Number(-1),
        Untagged::Float(1.5),
        Untagged::Ip(ip),
        Untagged::Text("x".to_owned()),
        Untagged::Struct { a: Some(None), at: Duration::from_nanos(1) },
        Untagged::Several(Vec::new()),
    ]);
    for variant in [FlatVariant::One { value: 1 }, FlatVariant::Two(Wrapped(None))] {
        is_the_same(Flat { own: 1, inner: Inner { left_out: Some(1), ..inner.clone() }, variant });
    }
    is_the_same(Transparent { inner: Some(None) });
}

#[test]
fn types_of_the_standard_library_are_the_same() {
    is_the_same(Duration::MAX);
    is_the_same(SystemTime::UNIX_EPOCH + Duration::new(1, 1));
    is_the_same(PathBuf::from("a/ä"));
    is_the_same(("127.0.0.1:80".parse::<SocketAddr>().unwrap(), "[::1]:80".parse::<SocketAddr>().unwrap()));
    is_the_same::<Range<i8>>(-1..7);
    is_the_same((Bound::Included(1), Bound::<u8>::Unbounded));
    is_the_same(BTreeSet::from([Some(vec![1_u8]), None]));
    is_the_same(BTreeMap::from([((1_u8, -1_i8), [Some('x'), None]), ((2, 0), [None, None])]));
    is_the_same(HashMap::from(
        [(Variants::Struct { a: 0, b: None }, ())].map(|(key, value)| (format!("{key:?}"), value)),
    ));
    is_the_same(((), (1_u8,), [(); 0], Nothing));
    is_the_same(serde_json::json!({ "any": [1, null, -1.5, "thing", { "deep": [[], {}] }] }));
    is_the_same(Box::new(Wrapped(Wrapped(Box::from("text") as Box<str>))));
}

/// Written and read as bytes, not as a sequence of numbers.
#[derive(Debug, PartialEq)]
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw(bytes.to_vec()))
            }
        }
        use serde::de;
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[test]
fn bytes_are_the_same() {
    is_the_same(Raw(Vec::new()));
    is_the_same(Raw((0..=255).cycle().take(100_000).collect()));
}

/// Writes as many elements, whatever it says before.
struct Says(Option<usize>, u32);

impl Serialize for Says {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut elements = serializer.serialize_seq(self.0)?;
        (0..self.1).try_for_each(|element| elements.serialize_element(&element))?;
        elements.end()
    }
}

/// As that, for a map and a struct.
struct SaysOfFields(Option<usize>);

impl Serialize for SaysOfFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(len) => {
                let mut fields = serializer.serialize_struct("SaysOfFields", len)?;
                fields.serialize_field("a", &1)?;
                fields.skip_field("left_out")?;
                fields.serialize_field("b", &2)?;
                fields.end()
            }
            None => {
                let mut entries = serializer.serialize_map(None)?;
                entries.serialize_entry("a", &1)?;
                entries.serialize_entry("b", &2)?;
                entries.end()
            }
        }
    }
}

#[test]
fn what_is_announced_may_be_wrong() {
    for said in [None, Some(0), Some(2), Some(3), Some(4), Some(300), Some(usize::MAX)] {
        let (read, behind): (Vec<u32>, u8) = decode(&encode(&(Says(said, 3), 7_u8)).unwrap()).unwrap();
        assert_eq!((read, behind), (vec![0, 1, 2], 7));
        let (read, behind): (BTreeMap<String, u8>, u8) = decode(&encode(&(SaysOfFields(said), 7_u8)).unwrap()).unwrap();
        assert_eq!((read, behind), (BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]), 7));
    }
}

/// A text, or bytes, that stand for a longer one: they are announced, and not written.
#[test]
fn lengths_have_64_bits() {
    /// Counts what it is given, and keeps the beginning.
    #[derive(Default)]
    struct Counting {
        n_bytes: u64,
        first: Vec<u8>,
    }
    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.n_bytes += bytes.len() as u64;
            self.first.extend(&bytes[..bytes.len().min(64 - self.first.len())]);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let many = (1 << 32) + 5;
    let mut counting = Counting::default();
    encode_to(&Says(Some(many), 1), &mut counting).unwrap();
    assert_eq!(counting.first[..9], [&[tag::SEQUENCE_64][..], &(many as u64).to_le_bytes()].concat());
    assert_eq!(counting.n_bytes, 11);

    // What says that it is so long breaks off.
    for begins in [tag::TEXT_64, tag::BYTES] {
        let bytes = [&[begins][..], &(many as u64).to_le_bytes(), b"short"].concat();
        assert_eq!(decode::<String>(&bytes), Err(FormatError("it breaks off".into())));
        assert_eq!(decode::<IgnoredAny>(&bytes).unwrap_err(), FormatError("it breaks off".into()));
    }
}

#[test]
fn all_is_read_or_it_is_an_error() {
    let bytes = encode(&(1_u8, 2_u8)).unwrap();
    assert!(decode::<(u8,)>(&bytes).is_err());
    assert!(decode::<(u8, u8, u8)>(&bytes).is_err());
    assert!(decode::<u8>(&bytes).is_err());
    assert_eq!(decode::<u8>(&[7, 7]), Err(FormatError("1 bytes are left after the value".into())));
    for len in 0..bytes.len() {
        assert!(decode::<(u8, u8)>(&bytes[..len]).is_err());
    }
    assert!(decode::<String>(&[tag::TEXT + 1, 0xff]).is_err());
    assert!(decode::<Variants>(&encode(&"Unknown").unwrap()).is_err());
    assert!(decode::<u8>(&encode(&300).unwrap()).is_err());
}

/// Nested as deep as one likes.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    number: u32,
    next: Option<Box<List>>,
}

impl List {
    fn of(depth: u32) -> Self {
        let mut list = Self { number: 0, next: None };
        for number in 1..depth {
            list = Self { number, next: Some(Box::new(list)) };
        }
        list
    }

    /// Without recursion.
    fn depth(self) -> u32 {
        let (mut depth, mut next) = (1, self.next);
        while let Some(mut list) = next {
            depth += 1;
            next = list.next.take();
        }
        depth
    }
}

#[derive(Serialize, Deserialize)]
enum Endless {
    Newtype(Wrapped<Option<Box<Endless>>>),
    Several(Vec<Endless>),
}

#[test]
fn values_may_be_nested_deeper_than_a_stack() {
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(|| {
            let list = List::of(50_000);
            let bytes = encode(&list).unwrap();
            assert_eq!(list.depth(), 50_000);
            let (list, n_stacks) = decode_deep::<List>(&bytes).unwrap();
            assert!(n_stacks > 0);
            assert_eq!(list.depth(), 50_000);
            // What reads no further than it must goes as deep.
            assert!(decode::<IgnoredAny>(&bytes).is_ok());

            let mut endless = Endless::Several(Vec::new());
            for _ in 0..10_000 {
                endless = Endless::Newtype(Wrapped(Some(Box::new(Endless::Several(vec![endless])))));
            }
            let bytes = encode(&endless).unwrap();
            let (again, n_stacks) = decode_deep::<Endless>(&bytes).unwrap();
            assert_eq!(encode(&again).unwrap(), bytes);
            with_stacks(n_stacks, || drop((endless, again)));
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn what_has_no_end_is_an_error() {
    let bytes = vec![tag::SOME; 100_000_000];
    let error = decode::<IgnoredAny>(&bytes).unwrap_err().to_string();
    assert!(["it is nested too deeply", "it breaks off"].contains(&&*error), "{error}");
}

#[test]
fn nothing_that_is_read_panics() {
    let mut random = Rng::with_seed(3);
    let flat = Flat {
        own: 1,
        inner: Inner { left_out: Some(1), ip: "::1".parse().unwrap(), rest: BTreeMap::new() },
        variant: FlatVariant::One { value: 1 },
    };
    let samples = [
        encode(&variants()).unwrap(),
        encode(&vec![flat]).unwrap(),
        encode(&(vec!["x".repeat(300); 3], -7_i64, 0.5, Some(Some(())), u128::MAX)).unwrap(),
        encode(&Says(None, 5)).unwrap(),
    ];
    for sample in &samples {
        for _ in 0..5_000 {
            let mut bytes = sample.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes.truncate(at.max(1)),
                    2 => bytes.insert(at, random.choice([tag::SEQUENCE_64, tag::END, tag::SOME, 0xff]).unwrap()),
                    _ => bytes[at] ^= 1 << random.u8(..8),
                }
            }
            drop(decode::<Vec<Variants>>(&bytes));
            drop(decode::<Vec<Flat>>(&bytes));
            drop(decode::<(Vec<String>, i64, f64, Option<Option<()>>, u128)>(&bytes));
            drop(decode::<serde_json::Value>(&bytes));
            drop(decode::<IgnoredAny>(&bytes));
            drop(decode::<Vec<u8>>(&bytes));
        }
    }
}
