//! A serializer that folds a value of any shape into something else, from the leaves to the root.
//!
//! Formats use it to compare a value with what their reader makes of it; see
//! [`Fingerprint`](super::fingerprint::Fingerprint) and [`Tree`](super::difference::Tree).

use std::fmt;
use std::marker::PhantomData;

use serde::ser::{self, Serialize, Serializer};

/// A value without parts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaf<'a> {
    None,
    Unit,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    LongSigned(i128),
    LongUnsigned(u128),
    Single(f32),
    Double(f64),
    Char(char),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A variant of an enum that holds nothing.
    Variant(&'static str),
}

/// The name of a part within its value.
#[derive(Clone, Debug)]
pub(super) enum Name<F> {
    /// An element of a list. A set is a list too, and has no order.
    Element(usize),
    /// A field by its place.
    Place(usize),
    Field(&'static str),
    Key(F),
}

/// What a value is folded into.
pub(super) trait Fold: Sized {
    /// The parts of a value, while they are folded.
    type Parts: Default;

    fn leaf(leaf: Leaf<'_>) -> Self;
    fn some(inner: Self) -> Self;
    fn variant(name: &'static str, inner: Self) -> Self;
    fn add(parts: &mut Self::Parts, name: Name<Self>, part: Self);
    fn whole(parts: Self::Parts) -> Self;
}

/// Why a value cannot be folded.
#[derive(Debug)]
pub(super) enum FoldError {
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Its own `Serialize` has refused.
    Refused(String),
}

impl fmt::Display for FoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "it is nested more than {MAX_DEPTH} levels deep"),
            Self::Refused(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for FoldError {}

impl ser::Error for FoldError {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self::Refused(message.to_string())
    }
}

/// Twice as deep as any reader of this crate goes. Without a limit, a deep value overflows the
/// stack.
const MAX_DEPTH: u16 = 256;

/// Folds a value.
pub(super) fn fold<F: Fold, T: Serialize + ?Sized>(value: &T) -> Result<F, FoldError> {
    value.serialize(Folder::<F> { depth: 0, into: PhantomData })
}

struct Folder<F> {
    depth: u16,
    into: PhantomData<fn() -> F>,
}

impl<F: Fold> Folder<F> {
    fn parts(self, variant: Option<&'static str>) -> Result<Parts<F>, FoldError> {
        if self.depth == MAX_DEPTH {
            return Err(FoldError::TooDeep);
        }
        Ok(Parts { depth: self.depth + 1, n: 0, key: None, variant, folded: F::Parts::default() })
    }
}

/// Methods of a serializer that are each a leaf.
macro_rules! leaves {
    ($($method:ident($type:ty) => $leaf:ident,)*) => {
        $(fn $method(self, value: $type) -> Result<F, FoldError> {
            Ok(F::leaf(Leaf::$leaf(value.into())))
        })*
    };
}

impl<F: Fold> Serializer for Folder<F> {
    type Ok = F;
    type Error = FoldError;
    type SerializeSeq = Parts<F>;
    type SerializeTuple = Parts<F>;
    type SerializeTupleStruct = Parts<F>;
    type SerializeTupleVariant = Parts<F>;
    type SerializeMap = Parts<F>;
    type SerializeStruct = Parts<F>;
    type SerializeStructVariant = Parts<F>;

    leaves! {
        serialize_bool(bool) => Bool,
        serialize_i8(i8) => Signed,
        serialize_i16(i16) => Signed,
        serialize_i32(i32) => Signed,
        serialize_i64(i64) => Signed,
        serialize_i128(i128) => LongSigned,
        serialize_u8(u8) => Unsigned,
        serialize_u16(u16) => Unsigned,
        serialize_u32(u32) => Unsigned,
        serialize_u64(u64) => Unsigned,
        serialize_u128(u128) => LongUnsigned,
        serialize_f32(f32) => Single,
        serialize_f64(f64) => Double,
        serialize_char(char) => Char,
        serialize_str(&str) => Text,
        serialize_bytes(&[u8]) => Bytes,
    }

    fn serialize_none(self) -> Result<F, FoldError> {
        Ok(F::leaf(Leaf::None))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<F, FoldError> {
        value.serialize(self).map(F::some)
    }

    fn serialize_unit(self) -> Result<F, FoldError> {
        Ok(F::leaf(Leaf::Unit))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<F, FoldError> {
        Ok(F::leaf(Leaf::Unit))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<F, FoldError> {
        Ok(F::leaf(Leaf::Variant(variant)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<F, FoldError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<F, FoldError> {
        let inner = Self { depth: self.parts(None)?.depth, into: PhantomData };
        Ok(F::variant(variant, value.serialize(inner)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<F>, FoldError> {
        self.parts(None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<F>, FoldError> {
        self.parts(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<F>, FoldError> {
        self.parts(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<F>, FoldError> {
        self.parts(Some(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<F>, FoldError> {
        self.parts(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<F>, FoldError> {
        self.parts(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<F>, FoldError> {
        self.parts(Some(variant))
    }
}

/// The parts of a list, a tuple, a map or a struct.
struct Parts<F: Fold> {
    depth: u16,
    n: usize,
    key: Option<F>,
    variant: Option<&'static str>,
    folded: F::Parts,
}

impl<F: Fold> Parts<F> {
    fn folder(&self) -> Folder<F> {
        Folder { depth: self.depth, into: PhantomData }
    }

    fn add<T: Serialize + ?Sized>(&mut self, name: impl FnOnce(usize) -> Name<F>, value: &T) -> Result<(), FoldError> {
        let part = value.serialize(self.folder())?;
        F::add(&mut self.folded, name(self.n), part);
        self.n += 1;
        Ok(())
    }

    fn whole(self) -> F {
        let whole = F::whole(self.folded);
        match self.variant {
            Some(variant) => F::variant(variant, whole),
            None => whole,
        }
    }
}

impl<F: Fold> ser::SerializeSeq for Parts<F> {
    type Ok = F;
    type Error = FoldError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FoldError> {
        self.add(Name::Element, value)
    }

    fn end(self) -> Result<F, FoldError> {
        Ok(self.whole())
    }
}

impl<F: Fold> ser::SerializeTuple for Parts<F> {
    type Ok = F;
    type Error = FoldError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FoldError> {
        self.add(Name::Place, value)
    }

    fn end(self) -> Result<F, FoldError> {
        Ok(self.whole())
    }
}

/// The traits whose parts are fields.
macro_rules! fields {
    ($($of_what:ident($($key:ident: $type:ty)?) => $name:expr;)*) => {
        $(impl<F: Fold> ser::$of_what for Parts<F> {
            type Ok = F;
            type Error = FoldError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                $($key: $type,)?
                value: &T,
            ) -> Result<(), FoldError> {
                self.add($name, value)
            }

            fn end(self) -> Result<F, FoldError> {
                Ok(self.whole())
            }
        })*
    };
}

fields! {
    SerializeTupleStruct() => Name::Place;
    SerializeTupleVariant() => Name::Place;
    SerializeStruct(key: &'static str) => |_| Name::Field(key);
    SerializeStructVariant(key: &'static str) => |_| Name::Field(key);
}

impl<F: Fold> ser::SerializeMap for Parts<F> {
    type Ok = F;
    type Error = FoldError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), FoldError> {
        self.key = Some(key.serialize(self.folder())?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FoldError> {
        let key = self.key.take().ok_or_else(|| FoldError::Refused("a value without a key".to_owned()))?;
        self.add(|_| Name::Key(key), value)
    }

    fn end(self) -> Result<F, FoldError> {
        Ok(self.whole())
    }
}
