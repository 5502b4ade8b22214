//! Reads values.

use serde::de::{
    self, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::stack::{self, Stacks, is_short};
use super::{FormatError, tag};

/// Reads one value.
pub(super) struct Reader<'de> {
    left: &'de [u8],
    stacks: Stacks,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { left: bytes, stacks: Stacks::default() }
    }

    /// Nothing may be left. How many stacks it took at most.
    pub(super) fn end(self) -> Result<usize, FormatError> {
        match self.left.len() {
            0 => Ok(self.stacks.most),
            n_left => Err(FormatError(format!("{n_left} bytes are left after the value").into())),
        }
    }

    fn peek(&self) -> Result<u8, FormatError> {
        self.left.first().copied().ok_or_else(broken_off)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, FormatError> {
        let (first, left) = self.left.split_first().ok_or_else(broken_off)?;
        self.left = left;
        Ok(*first)
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (first, left) = self.left.split_first_chunk().ok_or_else(broken_off)?;
        self.left = left;
        Ok(*first)
    }

    fn len(&mut self) -> Result<usize, FormatError> {
        usize::try_from(u64::from_le_bytes(self.fixed()?)).map_err(|_| broken_off())
    }

    fn bytes(&mut self, len: usize) -> Result<&'de [u8], FormatError> {
        let (first, left) = self.left.split_at_checked(len).ok_or_else(broken_off)?;
        self.left = left;
        Ok(first)
    }

    /// The text behind this tag.
    fn text(&mut self, begins: u8) -> Result<&'de str, FormatError> {
        let len = match begins {
            tag::TEXT..tag::UNIT => usize::from(begins - tag::TEXT),
            tag::TEXT_8 => self.byte()?.into(),
            tag::TEXT_64 => self.len()?,
            _ => return Err(FormatError::custom("it has no name where one is needed")),
        };
        std::str::from_utf8(self.bytes(len)?).map_err(FormatError::custom)
    }

    /// What is in a value is read on a new stack if there is little left of this one.
    #[inline]
    fn inner<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, FormatError>) -> Result<T, FormatError> {
        if is_short() { stack::on_a_new_one(self, |reader| &mut reader.stacks, read) } else { read(self) }
    }

    fn sequence<V: Visitor<'de>>(&mut self, hint: Option<usize>, visitor: V) -> Result<V::Value, FormatError> {
        self.inner(|reader| {
            let mut elements = Elements::new(reader, hint);
            let value = visitor.visit_seq(&mut elements)?;
            elements.finish()?;
            Ok(value)
        })
    }

    fn map<V: Visitor<'de>>(&mut self, hint: Option<usize>, visitor: V) -> Result<V::Value, FormatError> {
        self.inner(|reader| {
            let mut entries = Elements::new(reader, hint);
            let value = visitor.visit_map(&mut entries)?;
            entries.finish()?;
            Ok(value)
        })
    }
}

#[cold]
fn broken_off() -> FormatError {
    FormatError("it breaks off".into())
}

/// The name of a variant, or the end of a sequence, where another value should be.
#[cold]
fn no_value(begins: u8) -> FormatError {
    FormatError(format!("no value begins with {begins:#04x}").into())
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = FormatError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormatError> {
        let begins = self.byte()?;
        match begins {
            ..tag::TEXT => visitor.visit_u8(begins),
            tag::F64 => visitor.visit_f64(f64::from_bits(u64::from_le_bytes(self.fixed()?))),
            tag::TEXT..tag::UNIT | tag::TEXT_8 | tag::TEXT_64 => {
                let text = self.text(begins)?;
                visitor.visit_borrowed_str(text)
            }
            tag::UNIT => visitor.visit_unit(),
            tag::NONE => visitor.visit_none(),
            tag::SOME => self.inner(|reader| visitor.visit_some(reader)),
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag::U8 => visitor.visit_u8(self.byte()?),
            tag::U16 => visitor.visit_u16(u16::from_le_bytes(self.fixed()?)),
            tag::U32 => visitor.visit_u32(u32::from_le_bytes(self.fixed()?)),
            tag::U64 => visitor.visit_u64(u64::from_le_bytes(self.fixed()?)),
            tag::U128 => visitor.visit_u128(u128::from_le_bytes(self.fixed()?)),
            tag::I8 => visitor.visit_i8(i8::from_le_bytes(self.fixed()?)),
            tag::I16 => visitor.visit_i16(i16::from_le_bytes(self.fixed()?)),
            tag::I32 => visitor.visit_i32(i32::from_le_bytes(self.fixed()?)),
            tag::I64 => visitor.visit_i64(i64::from_le_bytes(self.fixed()?)),
            tag::I128 => visitor.visit_i128(i128::from_le_bytes(self.fixed()?)),
            tag::F32 => visitor.visit_f32(f32::from_bits(u32::from_le_bytes(self.fixed()?))),
            tag::BYTES => {
                let len = self.len()?;
                visitor.visit_borrowed_bytes(self.bytes(len)?)
            }
            tag::SEQUENCE => self.sequence(None, visitor),
            tag::SEQUENCE_8 => {
                let hint = self.byte()?.into();
                self.sequence(Some(hint), visitor)
            }
            tag::SEQUENCE_64 => {
                let hint = self.len()?;
                self.sequence(Some(hint), visitor)
            }
            tag::MAP => self.map(None, visitor),
            tag::MAP_8 => {
                let hint = self.byte()?.into();
                self.map(Some(hint), visitor)
            }
            tag::MAP_64 => {
                let hint = self.len()?;
                self.map(Some(hint), visitor)
            }
            tag::VARIANT => self.inner(|reader| {
                let mut variant = Variant { reader, is_named: false, is_over: false };
                let value = visitor.visit_map(&mut variant)?;
                if variant.is_over { Ok(value) } else { Err(FormatError::custom("a variant was not read to its end")) }
            }),
            tag::NEGATIVE.. => visitor.visit_i8(i8::from_le_bytes([begins])),
            _ => Err(no_value(begins)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormatError> {
        match self.peek()? {
            tag::NONE | tag::UNIT => {
                self.byte()?;
                visitor.visit_none()
            }
            tag::SOME => {
                self.byte()?;
                self.inner(|reader| visitor.visit_some(reader))
            }
            _ => self.inner(|reader| visitor.visit_some(reader)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, FormatError> {
        self.inner(|reader| visitor.visit_newtype_struct(reader))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FormatError> {
        match self.peek()? {
            begins @ (tag::TEXT..tag::UNIT | tag::TEXT_8 | tag::TEXT_64) => {
                self.byte()?;
                let name = self.text(begins)?;
                visitor.visit_enum(name.into_deserializer())
            }
            tag::VARIANT => {
                self.byte()?;
                self.inner(|reader| visitor.visit_enum(Content { reader }))
            }
            // A type may write by hand what it reads as an enum.
            tag::MAP | tag::MAP_8 | tag::MAP_64 => self.deserialize_any(OneEntry(visitor)),
            begins => Err(FormatError(format!("no variant begins with {begins:#04x}").into())),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

/// What is in a sequence, or the keys and values of a map.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    hint: Option<usize>,
    is_over: bool,
}

impl<'r, 'de> Elements<'r, 'de> {
    fn new(reader: &'r mut Reader<'de>, hint: Option<usize>) -> Self {
        // Each takes a byte at least, so no hint makes anyone ask for more memory than there are bytes.
        let hint = hint.map(|hint| hint.min(reader.left.len()));
        Self { reader, hint, is_over: false }
    }

    #[inline]
    fn has_next(&mut self) -> Result<bool, FormatError> {
        if !self.is_over && self.reader.peek()? == tag::END {
            self.reader.byte()?;
            self.is_over = true;
        }
        Ok(!self.is_over)
    }

    /// The one who reads them may have stopped.
    fn finish(&mut self) -> Result<(), FormatError> {
        if self.has_next()? { Err(FormatError::custom("it has more elements than are read")) } else { Ok(()) }
    }

    fn count(&mut self) {
        self.hint = self.hint.map(|hint| hint.saturating_sub(1));
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = FormatError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, FormatError> {
        if !self.has_next()? {
            return Ok(None);
        }
        self.count();
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint
    }
}

impl<'de> MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = FormatError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, FormatError> {
        if !self.has_next()? {
            return Ok(None);
        }
        self.count();
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, FormatError> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint
    }
}

/// A variant with a content, as a map of one entry.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_named: bool,
    is_over: bool,
}

impl<'de> MapAccess<'de> for &mut Variant<'_, 'de> {
    type Error = FormatError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, FormatError> {
        if std::mem::replace(&mut self.is_named, true) {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, FormatError> {
        self.is_over = true;
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(1)
    }
}

/// A variant with a content, for an enum that knows it: its name comes first.
struct Content<'r, 'de> {
    reader: &'r mut Reader<'de>,
}

impl<'de> EnumAccess<'de> for Content<'_, 'de> {
    type Error = FormatError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), FormatError> {
        let name = seed.deserialize(&mut *self.reader)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Content<'_, 'de> {
    type Error = FormatError;

    fn unit_variant(self) -> Result<(), FormatError> {
        de::Deserialize::deserialize(self.reader)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, FormatError> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, FormatError> {
        de::Deserializer::deserialize_any(self.reader, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, FormatError> {
        de::Deserializer::deserialize_any(self.reader, visitor)
    }
}

/// Sees a map of one entry as an enum.
struct OneEntry<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for OneEntry<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(de::value::MapAccessDeserializer::new(map))
    }
}
