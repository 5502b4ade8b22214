//! A row of a table, read by the names of its columns or by their places.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::cell::Cell;
use super::columns::RowKind;

/// Why a row cannot be read or written.
#[derive(Clone, Debug)]
pub(super) struct RowError {
    /// The place of the column, if it is about one.
    pub(super) column: Option<usize>,
    /// The column that is not there.
    pub(super) missing: Option<&'static str>,
    pub(super) message: String,
}

impl RowError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { column: None, missing: None, message: message.into() }
    }

    pub(super) fn at(self, column: usize) -> Self {
        Self { column: self.column.or(Some(column)), ..self }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RowError {}

/// The cells of a row.
pub(super) trait Cells {
    fn len(&self) -> usize;

    /// The text of the cell at a place.
    fn cell(&self, index: usize) -> Option<&str>;
}

impl Cells for csv::StringRecord {
    fn len(&self) -> usize {
        self.len()
    }

    fn cell(&self, index: usize) -> Option<&str> {
        self.get(index)
    }
}

/// Reads a row.
pub(super) fn read<T: DeserializeOwned>(kind: RowKind, columns: &[String], cells: &impl Cells) -> Result<T, RowError> {
    match kind {
        RowKind::Cell => T::deserialize(Cell(cells.cell(0).unwrap_or_default())).map_err(|error| error.at(0)),
        _ => T::deserialize(Row { columns, cells, next: 0 }),
    }
}

struct Row<'r, C> {
    columns: &'r [String],
    cells: &'r C,
    next: usize,
}

impl<'r, C: Cells> Row<'r, C> {
    /// Reads the next cell.
    fn value<S: DeserializeSeed<'r>>(&mut self, seed: S) -> Result<S::Value, RowError> {
        let index = self.next;
        self.next += 1;
        let text = self.cells.cell(index).unwrap_or_default();
        seed.deserialize(Cell(text)).map_err(|error| error.at(index))
    }
}

impl<'de, C: Cells> Deserializer<'de> for Row<'de, C> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf map struct enum identifier
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }
}

impl<'de, C: Cells> MapAccess<'de> for Row<'de, C> {
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, RowError> {
        let Some(column) = self.columns.get(self.next) else { return Ok(None) };
        // A key that is no text, such as that of a map by numbers, is read as a cell is.
        seed.deserialize(Key(column)).map(Some).map_err(|error| error.at(self.next))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, RowError> {
        self.value(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len() - self.next)
    }
}

impl<'de, C: Cells> SeqAccess<'de> for Row<'de, C> {
    type Error = RowError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, RowError> {
        if self.next == self.cells.len() { Ok(None) } else { self.value(seed).map(Some) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.cells.len() - self.next)
    }
}

/// The name of a column as a key: text where any type will do, else what a cell would be.
struct Key<'r>(&'r str);

/// Methods of a deserializer that do what a cell does.
macro_rules! as_a_cell {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            Cell(self.0).$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = RowError;

    as_a_cell! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_bytes deserialize_byte_buf
        deserialize_option deserialize_unit
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, RowError> {
        Cell(self.0).deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        Cell(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! { str string seq tuple tuple_struct map struct identifier ignored_any }
}
