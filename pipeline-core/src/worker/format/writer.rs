//! Writes values.

use std::io::Write;

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::stack::{self, Stacks, is_short};
use super::{FormatError, tag};

/// Writes one value.
pub(super) struct Writer<'w, W> {
    to: &'w mut W,
    /// How many `Some` lie directly around what is written next.
    n_around: usize,
    stacks: Stacks,
}

type Written = Result<(), FormatError>;

impl<'w, W: Write> Writer<'w, W> {
    pub(super) fn new(to: &'w mut W) -> Self {
        Self { to, n_around: 0, stacks: Stacks::default() }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Written {
        self.n_around = 0;
        self.put_behind(bytes)
    }

    /// What is behind a tag.
    #[inline]
    fn put_behind(&mut self, bytes: &[u8]) -> Written {
        self.to.write_all(bytes).map_err(|error| FormatError(error.to_string().into()))
    }

    /// A tag and what has a fixed length.
    #[inline]
    fn put_fixed<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) -> Written {
        // Two of a length that rustc knows are faster than one of a length that it does not.
        self.put(&[tag])?;
        self.put_behind(&bytes)
    }

    /// What would be read as nothing, if `Some` around it were not said.
    fn put_nothing(&mut self, tag: u8) -> Written {
        for _ in 0..std::mem::take(&mut self.n_around) {
            self.put(&[tag::SOME])?;
        }
        self.put(&[tag])
    }

    #[inline]
    fn put_unsigned(&mut self, number: u64) -> Written {
        match number {
            0..0x80 => self.put(&[number.to_le_bytes()[0]]),
            0x80..0x100 => self.put(&[tag::U8, number.to_le_bytes()[0]]),
            0x100..0x1_0000 => self.put_fixed(tag::U16, first::<2>(number.to_le_bytes())),
            0x1_0000..0x1_0000_0000 => self.put_fixed(tag::U32, first::<4>(number.to_le_bytes())),
            _ => self.put_fixed(tag::U64, number.to_le_bytes()),
        }
    }

    #[inline]
    fn put_signed(&mut self, number: i64) -> Written {
        if let Ok(number) = u64::try_from(number) {
            return self.put_unsigned(number);
        }
        let bytes = number.to_le_bytes();
        match number {
            // As two's complement these are the highest bytes.
            -0x40.. => self.put(&[bytes[0]]),
            -0x80.. => self.put(&[tag::I8, bytes[0]]),
            -0x8000.. => self.put_fixed(tag::I16, first::<2>(bytes)),
            -0x8000_0000.. => self.put_fixed(tag::I32, first::<4>(bytes)),
            _ => self.put_fixed(tag::I64, bytes),
        }
    }

    #[inline]
    fn put_text(&mut self, text: &str) -> Written {
        match u8::try_from(text.len()) {
            Ok(len) if text.len() <= tag::SHORT => self.put(&[tag::TEXT + len])?,
            Ok(len) => self.put(&[tag::TEXT_8, len])?,
            Err(_) => self.put_fixed(tag::TEXT_64, (text.len() as u64).to_le_bytes())?,
        }
        self.put_behind(text.as_bytes())
    }

    /// Begins what ends with a tag; its length is a hint.
    fn begin(
        &mut self,
        [without, small, large]: [u8; 3],
        len: Option<usize>,
    ) -> Result<Compound<'_, 'w, W>, FormatError> {
        match (len, len.map(u8::try_from)) {
            (_, Some(Ok(len))) => self.put(&[small, len])?,
            (Some(len), _) => self.put_fixed(large, (len as u64).to_le_bytes())?,
            (None, _) => self.put(&[without])?,
        }
        Ok(Compound { writer: self, is_short: is_short() })
    }

    fn sequence(&mut self, len: Option<usize>) -> Result<Compound<'_, 'w, W>, FormatError> {
        self.begin([tag::SEQUENCE, tag::SEQUENCE_8, tag::SEQUENCE_64], len)
    }

    fn map(&mut self, len: Option<usize>) -> Result<Compound<'_, 'w, W>, FormatError> {
        self.begin([tag::MAP, tag::MAP_8, tag::MAP_64], len)
    }

    fn variant(&mut self, name: &str) -> Written {
        self.put(&[tag::VARIANT])?;
        self.put_text(name)
    }

    /// A value within a value.
    #[inline]
    fn inner<T: Serialize + ?Sized>(&mut self, value: &T, is_short: bool) -> Written {
        if is_short {
            return stack::on_a_new_one(self, |writer| &mut writer.stacks, |writer| value.serialize(writer));
        }
        value.serialize(self)
    }
}

/// The lower bytes of a number that fits.
fn first<const N: usize>(bytes: [u8; 8]) -> [u8; N] {
    std::array::from_fn(|index| bytes[index])
}

impl<'a, 'w, W: Write> ser::Serializer for &'a mut Writer<'w, W> {
    type Ok = ();
    type Error = FormatError;
    type SerializeSeq = Compound<'a, 'w, W>;
    type SerializeTuple = Compound<'a, 'w, W>;
    type SerializeTupleStruct = Compound<'a, 'w, W>;
    type SerializeTupleVariant = Compound<'a, 'w, W>;
    type SerializeMap = Compound<'a, 'w, W>;
    type SerializeStruct = Compound<'a, 'w, W>;
    type SerializeStructVariant = Compound<'a, 'w, W>;

    fn serialize_bool(self, value: bool) -> Written {
        self.put(&[if value { tag::TRUE } else { tag::FALSE }])
    }

    #[inline]
    fn serialize_i8(self, value: i8) -> Written {
        self.put_signed(value.into())
    }

    #[inline]
    fn serialize_i16(self, value: i16) -> Written {
        self.put_signed(value.into())
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Written {
        self.put_signed(value.into())
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Written {
        self.put_signed(value)
    }

    fn serialize_i128(self, value: i128) -> Written {
        match i64::try_from(value) {
            Ok(value) => self.put_signed(value),
            Err(_) => self.put_fixed(tag::I128, value.to_le_bytes()),
        }
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Written {
        self.put_unsigned(value.into())
    }

    #[inline]
    fn serialize_u16(self, value: u16) -> Written {
        self.put_unsigned(value.into())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Written {
        self.put_unsigned(value.into())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Written {
        self.put_unsigned(value)
    }

    fn serialize_u128(self, value: u128) -> Written {
        match u64::try_from(value) {
            Ok(value) => self.put_unsigned(value),
            Err(_) => self.put_fixed(tag::U128, value.to_le_bytes()),
        }
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Written {
        self.put_fixed(tag::F32, value.to_bits().to_le_bytes())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Written {
        // In one piece: there are often many.
        let mut bytes = [tag::F64; 9];
        bytes[1..].copy_from_slice(&value.to_bits().to_le_bytes());
        self.put(&bytes)
    }

    fn serialize_char(self, value: char) -> Written {
        self.put_text(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Written {
        self.put_text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        self.put_fixed(tag::BYTES, (value.len() as u64).to_le_bytes())?;
        self.put(value)
    }

    fn serialize_none(self) -> Written {
        self.put_nothing(tag::NONE)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        self.n_around += 1;
        self.inner(value, is_short())
    }

    fn serialize_unit(self) -> Written {
        self.put_nothing(tag::UNIT)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.put_nothing(tag::UNIT)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.put_text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        self.inner(value, is_short())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        self.variant(variant)?;
        self.inner(value, is_short())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.sequence(len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.sequence(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.sequence(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.variant(variant)?;
        self.sequence(Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.map(len)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, 'w, W>, FormatError> {
        self.variant(variant)?;
        self.map(Some(len))
    }
}

/// A sequence or a map that is being written.
pub(super) struct Compound<'a, 'w, W> {
    writer: &'a mut Writer<'w, W>,
    /// Whether there is little stack left for what is in it.
    is_short: bool,
}

impl<W: Write> Compound<'_, '_, W> {
    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.writer.inner(value, self.is_short)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Written {
        self.writer.put_text(name)?;
        self.value(value)
    }

    fn finish(self) -> Written {
        self.writer.put(&[tag::END])
    }
}

/// The traits of a sequence and of a map are each the same under several names.
macro_rules! compounds {
    (elements { $($elements:ident :: $element:ident;)+ } fields { $($fields:ident;)+ }) => {
        $(impl<W: Write> $elements for Compound<'_, '_, W> {
            type Ok = ();
            type Error = FormatError;

            #[inline]
            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                self.value(value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        })+
        $(impl<W: Write> $fields for Compound<'_, '_, W> {
            type Ok = ();
            type Error = FormatError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
                self.field(name, value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        })+
    };
}

compounds! {
    elements {
        SerializeSeq::serialize_element;
        SerializeTuple::serialize_element;
        SerializeTupleStruct::serialize_field;
        SerializeTupleVariant::serialize_field;
    }
    fields {
        SerializeStruct;
        SerializeStructVariant;
    }
}

impl<W: Write> SerializeMap for Compound<'_, '_, W> {
    type Ok = ();
    type Error = FormatError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.value(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.value(value)
    }

    fn end(self) -> Written {
        self.finish()
    }
}
