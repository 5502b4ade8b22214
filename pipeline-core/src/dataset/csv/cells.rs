//! A row into cells: the text of each, by the column that it belongs to.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::ser::{self, Impossible, Serialize, Serializer};

use super::cell::does_not_fit;
use super::row::RowError;

/// The names of a table's columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
}

impl Columns {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a column. The fields of a row mostly have the order of the columns, so the next
    /// one is tried first.
    fn find(&self, name: &str, next: usize) -> Option<usize> {
        match self.names.get(next) {
            Some(expected) if expected == name => Some(next),
            _ => self.by_name.get(name).copied(),
        }
    }

    fn add(&mut self, name: &str) -> usize {
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }
}

/// The name of a column whose rows have no names. It is no number, so that it is not taken for a
/// row.
pub(super) fn name_of_place(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// The cells of one row. It is filled anew for each.
#[derive(Debug, Default)]
pub(super) struct Written {
    text: String,
    /// The text of the cell of each column, if the row has one.
    ranges: Vec<Option<Range<usize>>>,
    has_more_columns: bool,
}

impl Written {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn n_columns(&self) -> usize {
        self.ranges.len()
    }

    pub(super) fn range(&self, column: usize) -> Option<Range<usize>> {
        self.ranges.get(column)?.clone()
    }

    /// Whether the row has a column that the table does not have.
    pub(super) fn has_more_columns(&self) -> bool {
        self.has_more_columns
    }

    /// Takes the cells of a row. A column that the table does not have yet is added to it, if
    /// `may_add` allows.
    pub(super) fn fill<T: Serialize>(&mut self, row: &T, columns: &mut Columns, may_add: bool) -> Result<(), RowError> {
        self.text.clear();
        self.ranges.clear();
        self.ranges.resize(columns.names.len(), None);
        self.has_more_columns = false;
        row.serialize(RowSerializer { written: self, columns, may_add, next: 0, key: String::new() })
    }
}

/// Writes a row.
struct RowSerializer<'a> {
    written: &'a mut Written,
    columns: &'a mut Columns,
    may_add: bool,
    /// The column that is expected next.
    next: usize,
    key: String,
}

impl RowSerializer<'_> {
    /// A field by its name.
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), RowError> {
        let column = self.columns.find(name, self.next).or_else(|| self.may_add.then(|| self.columns.add(name)));
        let Some(column) = column else {
            self.written.has_more_columns = true;
            return Ok(());
        };
        if self.written.range(column).is_some() {
            return Err(RowError::new(format!("two fields of the row have the name `{name}`")));
        }
        self.put(column, |cell| value.serialize(cell))
    }

    /// A value by its place.
    fn element(&mut self, write: impl FnOnce(CellSerializer<'_>) -> Result<(), RowError>) -> Result<(), RowError> {
        let column = self.next;
        if column >= self.columns.names.len() {
            if !self.may_add {
                self.written.has_more_columns = true;
                return Ok(());
            }
            self.columns.add(&name_of_place(column));
        }
        self.put(column, write)
    }

    fn put(
        &mut self,
        column: usize,
        write: impl FnOnce(CellSerializer<'_>) -> Result<(), RowError>,
    ) -> Result<(), RowError> {
        let Written { text, ranges, .. } = &mut *self.written;
        if column >= ranges.len() {
            ranges.resize(column + 1, None);
        }
        let from = text.len();
        write(CellSerializer { text }).map_err(|error| error.at(column))?;
        ranges[column] = Some(from..text.len());
        self.next = column + 1;
        Ok(())
    }
}

/// Methods of a serializer for a row that is one value.
macro_rules! single {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method(mut self, $($name: $type),*) -> Result<(), RowError> {
            self.element(|cell| cell.$method($($name),*))
        })*
    };
}

impl Serializer for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), RowError>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), RowError>;

    single! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), RowError> {
        Err(RowError::new(no_row(variant)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, RowError> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, RowError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, RowError> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), RowError>, RowError> {
        Err(RowError::new(no_row(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, RowError> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, RowError> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), RowError>, RowError> {
        Err(RowError::new(no_row(variant)))
    }
}

fn no_row(variant: &str) -> String {
    format!("the variant `{variant}` with what is in it is no row of a CSV file; `#[serde(tag = \"…\")]` makes it one")
}

impl ser::SerializeSeq for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        self.element(|cell| value.serialize(cell))
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}

impl ser::SerializeTuple for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        self.element(|cell| value.serialize(cell))
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}

impl ser::SerializeTupleStruct for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        self.element(|cell| value.serialize(cell))
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}

impl ser::SerializeStruct for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), RowError> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}

impl ser::SerializeMap for RowSerializer<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), RowError> {
        self.key.clear();
        key.serialize(CellSerializer { text: &mut self.key })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        let key = std::mem::take(&mut self.key);
        let result = self.field(&key, value);
        self.key = key;
        result
    }

    fn end(self) -> Result<(), RowError> {
        Ok(())
    }
}

/// Writes the text of a cell.
struct CellSerializer<'a> {
    text: &'a mut String,
}

/// Methods of a serializer that write a number.
macro_rules! numbers {
    ($($method:ident($type:ty) by $format:ident;)*) => {
        $(fn $method(self, value: $type) -> Result<(), RowError> {
            self.serialize_str($format::Buffer::new().format(value))
        })*
    };
}

impl Serializer for CellSerializer<'_> {
    type Ok = ();
    type Error = RowError;
    type SerializeSeq = Impossible<(), RowError>;
    type SerializeTuple = Impossible<(), RowError>;
    type SerializeTupleStruct = Impossible<(), RowError>;
    type SerializeTupleVariant = Impossible<(), RowError>;
    type SerializeMap = Impossible<(), RowError>;
    type SerializeStruct = Impossible<(), RowError>;
    type SerializeStructVariant = Impossible<(), RowError>;

    numbers! {
        serialize_i8(i8) by itoa;
        serialize_i16(i16) by itoa;
        serialize_i32(i32) by itoa;
        serialize_i64(i64) by itoa;
        serialize_i128(i128) by itoa;
        serialize_u8(u8) by itoa;
        serialize_u16(u16) by itoa;
        serialize_u32(u32) by itoa;
        serialize_u64(u64) by itoa;
        serialize_u128(u128) by itoa;
        serialize_f32(f32) by ryu;
        serialize_f64(f64) by ryu;
    }

    fn serialize_bool(self, value: bool) -> Result<(), RowError> {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Result<(), RowError> {
        self.text.push(value);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), RowError> {
        self.text.push_str(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), RowError> {
        match std::str::from_utf8(value) {
            Ok(text) => self.serialize_str(text),
            Err(error) => Err(RowError::new(format!("a CSV file is text, and these bytes are not: {error}"))),
        }
    }

    fn serialize_none(self) -> Result<(), RowError> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), RowError> {
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), RowError> {
        self.serialize_str(name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), RowError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), RowError> {
        Err(RowError::new(does_not_fit(&format!("the variant `{variant}` and what is in it"))))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, RowError> {
        Err(RowError::new(does_not_fit("a list")))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, RowError> {
        Err(RowError::new(does_not_fit("a tuple")))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, RowError> {
        Err(RowError::new(does_not_fit(&format!("the tuple `{name}`"))))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RowError> {
        Err(RowError::new(does_not_fit(&format!("the variant `{variant}` and what is in it"))))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RowError> {
        Err(RowError::new(does_not_fit("a map")))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, RowError> {
        Err(RowError::new(does_not_fit(&format!("the struct `{name}`"))))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RowError> {
        Err(RowError::new(does_not_fit(&format!("the variant `{variant}` and what is in it"))))
    }
}

impl ser::Error for RowError {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self::new(message.to_string())
    }
}
