//! Which columns a type of rows has and needs, learnt from its `Deserialize`, which is all that
//! knows them without a row.
//!
//! `Deserialize` is given samples in the place of cells and tells by its errors which column it
//! misses.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::cells::name_of_place;

/// What a row of a type is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RowKind {
    /// A struct: its fields, with their aliases.
    Fields(&'static [&'static str]),
    /// By names that the type does not tell, as of a map, a struct with `#[serde(flatten)]` or an
    /// enum with a tag.
    Named,
    /// By places: a tuple of so many, or a list.
    List(Option<usize>),
    /// One value.
    Cell,
}

/// What a row of this type is made of.
pub(super) fn kind<T: DeserializeOwned>() -> RowKind {
    let kind = Cell::new(None);
    // It always fails, unless the type asks for nothing.
    drop(T::deserialize(KindProbe(&kind)));
    kind.get().unwrap_or(RowKind::Cell)
}

/// The columns of a table that has no rows. None if the type does not tell.
pub(super) fn of_no_rows<T: DeserializeOwned>() -> Vec<String> {
    match kind::<T>() {
        RowKind::Cell => vec![name_of_place(0)],
        RowKind::List(n) => (0..n.unwrap_or(1)).map(name_of_place).collect(),
        RowKind::Named => match learn::<T>(Vec::new(), true) {
            Learnt::All(columns) => columns,
            _ => Vec::new(),
        },
        RowKind::Fields(fields) => {
            let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
            match learn::<T>(fields.clone(), true) {
                Learnt::All(columns) => columns,
                // With the aliases of fields among them, which does no harm: there is no value in
                // any.
                _ => fields,
            }
        }
    }
}

/// What is wrong with these columns for a type, as far as that can be known without a row.
pub(super) fn problem<T: DeserializeOwned>(columns: &[String]) -> Option<Problem> {
    match learn::<T>(columns.to_vec(), false) {
        Learnt::Not(problem) => Some(problem),
        Learnt::All(_) | Learnt::Nothing => None,
    }
}

/// What a `Deserialize` tells of columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Problem {
    Missing(&'static str),
    Twice(&'static str),
    /// The column at this place, of a type with `#[serde(deny_unknown_fields)]`.
    Unknown(usize),
}

enum Learnt {
    /// A row can be made of these.
    All(Vec<String>),
    Not(Problem),
    /// The type takes no sample for one of its columns, such as a type of a user's own.
    Nothing,
}

/// Offers columns with samples for cells until a row can be made of them. Columns that are missing
/// are added, and those that are there twice by an alias are left out, if `may_change` allows.
fn learn<T: DeserializeOwned>(mut columns: Vec<String>, may_change: bool) -> Learnt {
    let mut samples = vec![0; columns.len()];
    // Each step goes on to another sample or column, so this is only reached by a type that adds
    // columns without end.
    for _ in 0..10_000 {
        let now = Cell::new(None);
        match T::deserialize(SampleRow { columns: &columns, samples: &samples, next: 0, now: &now }) {
            Ok(_) => return Learnt::All(columns),
            Err(ProbeError::Problem(Problem::Missing(name))) if may_change && now.get().is_none() => {
                columns.push(name.to_owned());
                samples.push(0);
            }
            Err(ProbeError::Problem(Problem::Missing(name))) if now.get().is_none() => {
                return Learnt::Not(Problem::Missing(name));
            }
            Err(ProbeError::Problem(Problem::Twice(name))) => match now.get() {
                Some(column) if may_change => {
                    columns.remove(column);
                    samples.remove(column);
                }
                _ => return Learnt::Not(Problem::Twice(name)),
            },
            Err(ProbeError::Unknown) if now.get().is_some() && !may_change => {
                return Learnt::Not(Problem::Unknown(now.get().unwrap_or_default()));
            }
            Err(error) => {
                let blamed = match error {
                    ProbeError::Sample(column) if now.get().is_none() => Some(column),
                    _ => now.get(),
                };
                match blamed.and_then(|column| samples.get_mut(column)) {
                    Some(sample) if *sample < TEXTS.len() => *sample += 1,
                    _ => return Learnt::Nothing,
                }
            }
        }
    }
    Learnt::Nothing
}

/// Texts that types read from text may take.
const TEXTS: [&str; 14] = [
    "",
    "0",
    "1",
    "a",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00",
    "2000-01-01 00:00:00",
    "00:00:00",
    "00000000-0000-0000-0000-000000000001",
    "127.0.0.1",
    "http://localhost/",
    "1.0.0",
    "true",
];

/// What the errors of a `Deserialize` tell.
#[derive(Debug)]
enum ProbeError {
    Problem(Problem),
    /// It takes another type than the sample of this column was.
    Sample(usize),
    /// It takes no column of this name.
    Unknown,
    Nothing,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sample was refused")
    }
}

impl std::error::Error for ProbeError {}

impl de::Error for ProbeError {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Nothing
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Problem(Problem::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Problem(Problem::Twice(field))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn invalid_type(unexpected: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        // Samples for cells whose type nobody asks for tell by their value which column they are
        // of.
        match unexpected {
            Unexpected::Str(text) => {
                text.strip_prefix(MARK).and_then(|text| text.parse().ok()).map_or(Self::Nothing, Self::Sample)
            }
            Unexpected::Unsigned(number) => usize::try_from(number).map_or(Self::Nothing, Self::Sample),
            _ => Self::Nothing,
        }
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        variant.strip_prefix(MARK).and_then(|text| text.parse().ok()).map_or(Self::Nothing, Self::Sample)
    }
}

/// Before the place of a column, in a sample of text for a cell of any type.
const MARK: &str = "\u{1}";

/// Notes what a type asks for first.
struct KindProbe<'a>(&'a Cell<Option<RowKind>>);

impl KindProbe<'_> {
    fn note<V>(self, kind: RowKind) -> Result<V, ProbeError> {
        self.0.set(self.0.get().or(Some(kind)));
        Err(ProbeError::Nothing)
    }
}

/// Methods of a deserializer that tell the kind of row.
macro_rules! kinds {
    ($kind:ident: $($method:ident($($argument:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $(_: $argument,)* _: V) -> Result<V::Value, ProbeError> {
            self.note(RowKind::$kind)
        })*
    };
}

impl<'de> Deserializer<'de> for KindProbe<'_> {
    type Error = ProbeError;

    kinds! {
        Cell:
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_unit_struct(&'static str)
        deserialize_enum(&'static str, &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }

    kinds! { Named: deserialize_any() deserialize_map() }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        self.note(RowKind::List(None))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, n: usize, _: V) -> Result<V::Value, ProbeError> {
        self.note(RowKind::List(Some(n)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        n: usize,
        _: V,
    ) -> Result<V::Value, ProbeError> {
        self.note(RowKind::List(Some(n)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ProbeError> {
        self.note(RowKind::Fields(fields))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_newtype_struct(self)
    }
}

/// A row of samples.
struct SampleRow<'a> {
    columns: &'a [String],
    samples: &'a [usize],
    next: usize,
    /// The column whose name or sample is asked for.
    now: &'a Cell<Option<usize>>,
}

impl<'de> Deserializer<'de> for SampleRow<'_> {
    type Error = ProbeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_map(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for SampleRow<'_> {
    type Error = ProbeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ProbeError> {
        let Some(column) = self.columns.get(self.next) else {
            self.now.set(None);
            return Ok(None);
        };
        self.now.set(Some(self.next));
        seed.deserialize(de::value::StrDeserializer::new(column)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ProbeError> {
        let column = self.next;
        self.next += 1;
        seed.deserialize(Sample { column, sample: self.samples[column] })
    }
}

/// A sample for a cell.
struct Sample {
    column: usize,
    /// Which one: those before it were refused.
    sample: usize,
}

impl Sample {
    fn number(&self) -> u8 {
        // Nearly all types of numbers take 1, and nearly all of the rest 0.
        u8::from(self.sample != 1)
    }
}

/// Methods of a deserializer that offer a number.
macro_rules! samples {
    ($($method:ident => $visit:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
            visitor.$visit(self.number().into())
        })*
    };
}

impl<'de> Deserializer<'de> for Sample {
    type Error = ProbeError;

    samples! {
        deserialize_i8 => visit_u8,
        deserialize_i16 => visit_i16,
        deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64,
        deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u8,
        deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
        deserialize_u128 => visit_u128,
        deserialize_f32 => visit_f32,
        deserialize_f64 => visit_f64,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        match self.sample {
            0 => visitor.visit_string(format!("{MARK}{}", self.column)),
            1 => visitor.visit_u64(self.column as u64),
            2 => visitor.visit_f64(0.5),
            3 => visitor.visit_bool(false),
            _ => visitor.visit_none(),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_bool(self.number() == 0)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_char(char::from(b'0' + self.number()))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        TEXTS.get(self.sample).map_or(Err(ProbeError::Nothing), |text| visitor.visit_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        TEXTS.get(self.sample).map_or(Err(ProbeError::Nothing), |text| visitor.visit_bytes(text.as_bytes()))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        match self.sample.checked_sub(1) {
            None => visitor.visit_none(),
            Some(sample) => visitor.visit_some(Self { sample, ..self }),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let variant = variants.get(self.sample).ok_or(ProbeError::Nothing)?;
        visitor.visit_enum(de::value::StrDeserializer::new(variant))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_unit()
    }

    /// No cell holds these.
    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::Nothing)
    }
}
