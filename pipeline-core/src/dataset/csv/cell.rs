//! One cell of a table: a value of one line of text.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::row::RowError;

/// Reads a value from the text of a cell. An empty cell is `None`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'r>(pub(super) &'r str);

impl Cell<'_> {
    fn refuse(self, expected: impl fmt::Display) -> RowError {
        const MOST: usize = 40;
        match self.0 {
            "" => RowError::new(format!("the cell is empty, and not {expected}")),
            text if text.chars().count() <= MOST => RowError::new(format!("`{text}` is not {expected}")),
            text => RowError::new(format!("`{}…` is not {expected}", text.chars().take(MOST).collect::<String>())),
        }
    }
}

/// Methods of a deserializer that parse the text.
macro_rules! parsed {
    ($($method:ident => $visit:ident($expected:literal),)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(self.refuse(format_args!("{}: {error}", $expected))),
            }
        })*
    };
}

/// Methods of a deserializer that read a whole number, which may be hexadecimal.
macro_rules! whole_numbers {
    ($($method:ident => $visit:ident($type:ty),)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            let number = match self.0.strip_prefix("0x") {
                Some(digits) => <$type>::from_str_radix(digits, 16),
                None => self.0.parse(),
            };
            match number {
                Ok(number) => visitor.$visit(number),
                Err(error) => Err(self.refuse(format_args!("a whole number of type `{}`: {error}", stringify!($type)))),
            }
        })*
    };
}

/// Methods of a deserializer for what a cell cannot hold.
macro_rules! refused {
    ($($method:ident($($argument:ty),*) => $what:literal,)*) => {
        $(fn $method<V: Visitor<'de>>(self, $(_: $argument,)* _: V) -> Result<V::Value, RowError> {
            Err(RowError::new(does_not_fit($what)))
        })*
    };
}

/// The error of a value that one cell cannot hold, with what to do.
pub(super) fn does_not_fit(what: &str) -> String {
    format!("a cell of a CSV file holds one value, not {what}; give each part a column of its own, or use `Json`")
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = RowError;

    /// For types that ask for no type, as `#[serde(flatten)]` makes them do.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        let text = self.0;
        match text {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => {
                if let Ok(number) = text.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = text.parse::<i64>() {
                    visitor.visit_i64(number)
                } else if let Ok(number) = text.parse::<u128>() {
                    visitor.visit_u128(number)
                } else if let Ok(number) = text.parse::<i128>() {
                    visitor.visit_i128(number)
                } else if let Ok(number) = text.parse::<f64>() {
                    visitor.visit_f64(number)
                } else {
                    visitor.visit_borrowed_str(text)
                }
            }
        }
    }

    parsed! {
        deserialize_bool => visit_bool("`true` or `false`"),
        deserialize_f32 => visit_f32("a number"),
        deserialize_f64 => visit_f64("a number"),
        deserialize_char => visit_char("one character"),
    }

    whole_numbers! {
        deserialize_i8 => visit_i8(i8),
        deserialize_i16 => visit_i16(i16),
        deserialize_i32 => visit_i32(i32),
        deserialize_i64 => visit_i64(i64),
        deserialize_i128 => visit_i128(i128),
        deserialize_u8 => visit_u8(u8),
        deserialize_u16 => visit_u16(u16),
        deserialize_u32 => visit_u32(u32),
        deserialize_u64 => visit_u64(u64),
        deserialize_u128 => visit_u128(u128),
    }

    refused! {
        deserialize_seq() => "a list",
        deserialize_tuple(usize) => "a tuple",
        deserialize_tuple_struct(&'static str, usize) => "a tuple",
        deserialize_map() => "a map",
        deserialize_struct(&'static str, &'static [&'static str]) => "a struct",
    }

    forward_to_deserialize_any! { identifier }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_bytes(self.0.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_bytes(self.0.as_bytes())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }
}

impl de::Error for RowError {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new(format!("there is no column `{field}`")) }
    }
}
