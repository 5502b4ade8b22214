//! `Serialize` and `Deserialize` of a [`Dynamic`], which call what those of a type of its shape
//! would.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{
    SerializeMap, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::shape::{Dynamic, Fields, Shape, Value, Variant, current_shape};

impl Serialize for Dynamic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::I8(it) => serializer.serialize_i8(*it),
            Self::I16(it) => serializer.serialize_i16(*it),
            Self::I32(it) => serializer.serialize_i32(*it),
            Self::I64(it) => serializer.serialize_i64(*it),
            Self::I128(it) => serializer.serialize_i128(*it),
            Self::U8(it) => serializer.serialize_u8(*it),
            Self::U16(it) => serializer.serialize_u16(*it),
            Self::U32(it) => serializer.serialize_u32(*it),
            Self::U64(it) => serializer.serialize_u64(*it),
            Self::U128(it) => serializer.serialize_u128(*it),
            Self::F32(it) => serializer.serialize_f32(*it),
            Self::F64(it) => serializer.serialize_f64(*it),
            Self::Char(it) => serializer.serialize_char(*it),
            Self::Str(it) => serializer.serialize_str(it),
            Self::Bytes(it) => serializer.serialize_bytes(it),
            Self::Unit => serializer.serialize_unit(),
            Self::UnitStruct => serializer.serialize_unit_struct("UnitStruct"),
            Self::None => serializer.serialize_none(),
            Self::Some(it) => serializer.serialize_some(it),
            Self::Newtype(it) => serializer.serialize_newtype_struct("Newtype", it),
            Self::Seq(it) => serializer.collect_seq(it),
            Self::Tuple(it) => {
                let mut tuple = serializer.serialize_tuple(it.len())?;
                it.iter().try_for_each(|part| tuple.serialize_element(part))?;
                tuple.end()
            }
            Self::TupleStruct(it) => {
                let mut tuple = serializer.serialize_tuple_struct("TupleStruct", it.len())?;
                it.iter().try_for_each(|part| tuple.serialize_field(part))?;
                tuple.end()
            }
            Self::Map(it) => {
                let mut map = serializer.serialize_map(Some(it.len()))?;
                it.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Struct(names, it) => {
                let mut fields = serializer.serialize_struct("Struct", it.len())?;
                names.iter().zip(it).try_for_each(|(name, value)| fields.serialize_field(name, value))?;
                fields.end()
            }
            Self::UnitVariant(index, name) => serializer.serialize_unit_variant("Enum", *index, name),
            Self::NewtypeVariant(index, name, it) => serializer.serialize_newtype_variant("Enum", *index, name, it),
            Self::TupleVariant(index, name, it) => {
                let mut tuple = serializer.serialize_tuple_variant("Enum", *index, name, it.len())?;
                it.iter().try_for_each(|part| tuple.serialize_field(part))?;
                tuple.end()
            }
            Self::StructVariant(index, name, names, it) => {
                let mut fields = serializer.serialize_struct_variant("Enum", *index, name, it.len())?;
                names.iter().zip(it).try_for_each(|(name, value)| fields.serialize_field(name, value))?;
                fields.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Dynamic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        current_shape().deserialize(deserializer).map(Self)
    }
}

impl<'de> DeserializeSeed<'de> for &Shape {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Shape::Bool => Deserialize::deserialize(deserializer).map(Value::Bool),
            Shape::I8 => Deserialize::deserialize(deserializer).map(Value::I8),
            Shape::I16 => Deserialize::deserialize(deserializer).map(Value::I16),
            Shape::I32 => Deserialize::deserialize(deserializer).map(Value::I32),
            Shape::I64 => Deserialize::deserialize(deserializer).map(Value::I64),
            Shape::I128 => Deserialize::deserialize(deserializer).map(Value::I128),
            Shape::U8 => Deserialize::deserialize(deserializer).map(Value::U8),
            Shape::U16 => Deserialize::deserialize(deserializer).map(Value::U16),
            Shape::U32 => Deserialize::deserialize(deserializer).map(Value::U32),
            Shape::U64 => Deserialize::deserialize(deserializer).map(Value::U64),
            Shape::U128 => Deserialize::deserialize(deserializer).map(Value::U128),
            Shape::F32 => Deserialize::deserialize(deserializer).map(Value::F32),
            Shape::F64 => Deserialize::deserialize(deserializer).map(Value::F64),
            Shape::Char => Deserialize::deserialize(deserializer).map(Value::Char),
            Shape::Str => Deserialize::deserialize(deserializer).map(Value::Str),
            Shape::Bytes => deserializer.deserialize_byte_buf(Of(self)),
            Shape::Unit => deserializer.deserialize_unit(Of(self)),
            Shape::UnitStruct => deserializer.deserialize_unit_struct("UnitStruct", Of(self)),
            Shape::Option(_) => deserializer.deserialize_option(Of(self)),
            Shape::Newtype(_) => deserializer.deserialize_newtype_struct("Newtype", Of(self)),
            Shape::Seq(_) => deserializer.deserialize_seq(Of(self)),
            Shape::Tuple(shapes) => deserializer.deserialize_tuple(shapes.len(), Parts(shapes)).map(Value::Tuple),
            Shape::TupleStruct(shapes) => {
                let parts = deserializer.deserialize_tuple_struct("TupleStruct", shapes.len(), Parts(shapes));
                parts.map(Value::TupleStruct)
            }
            Shape::Map(..) => deserializer.deserialize_map(Of(self)),
            Shape::Struct(fields) => {
                let values = deserializer.deserialize_struct("Struct", fields.names, Named(fields));
                values.map(|values| Value::Struct(fields.names, values))
            }
            Shape::Enum(names, _) => deserializer.deserialize_enum("Enum", names, Of(self)),
        }
    }
}

/// Visits the value of a shape.
struct Of<'s>(&'s Shape);

impl<'de> Visitor<'de> for Of<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        match self.0 {
            Shape::Unit => Ok(Value::Unit),
            Shape::UnitStruct => Ok(Value::UnitStruct),
            Shape::Option(_) => Ok(Value::None),
            _ => Err(E::invalid_type(de::Unexpected::Unit, &self)),
        }
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        match self.0 {
            Shape::Option(_) => Ok(Value::None),
            _ => Err(E::invalid_type(de::Unexpected::Option, &self)),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Shape::Option(inner) = self.0 else { return Err(de::Error::invalid_type(de::Unexpected::Option, &self)) };
        inner.deserialize(deserializer).map(|value| Value::Some(Box::new(value)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Shape::Newtype(inner) = self.0 else {
            return Err(de::Error::invalid_type(de::Unexpected::NewtypeStruct, &self));
        };
        inner.deserialize(deserializer).map(|value| Value::Newtype(Box::new(value)))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        match self.0 {
            Shape::Bytes => Ok(Value::Bytes(bytes.to_vec())),
            _ => Err(E::invalid_type(de::Unexpected::Bytes(bytes), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        match self.0 {
            Shape::Bytes => {
                let mut bytes = Vec::new();
                while let Some(byte) = access.next_element()? {
                    bytes.push(byte);
                }
                Ok(Value::Bytes(bytes))
            }
            Shape::Seq(inner) => {
                let mut values = Vec::new();
                while let Some(value) = access.next_element_seed(&**inner)? {
                    values.push(value);
                }
                Ok(Value::Seq(values))
            }
            _ => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let Shape::Map(key, value) = self.0 else { return Err(de::Error::invalid_type(de::Unexpected::Map, &self)) };
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry_seed(&**key, &**value)? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let Shape::Enum(names, variants) = self.0 else {
            return Err(de::Error::invalid_type(de::Unexpected::Enum, &self));
        };
        let (name, access): (String, _) = access.variant()?;
        let index = names.iter().position(|known| *known == name);
        let index = index.ok_or_else(|| de::Error::unknown_variant(&name, names))?;
        let (id, name) = (u32::try_from(index).expect("there are few"), names[index]);
        Ok(match &variants[index] {
            Variant::Unit => {
                access.unit_variant()?;
                Value::UnitVariant(id, name)
            }
            Variant::Newtype(inner) => Value::NewtypeVariant(id, name, Box::new(access.newtype_variant_seed(inner)?)),
            Variant::Tuple(shapes) => Value::TupleVariant(id, name, access.tuple_variant(shapes.len(), Parts(shapes))?),
            Variant::Struct(fields) => {
                Value::StructVariant(id, name, fields.names, access.struct_variant(fields.names, Named(fields))?)
            }
        })
    }
}

/// Visits the parts of a tuple.
struct Parts<'s>(&'s [Shape]);

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a tuple of {}", self.0.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::new();
        for shape in self.0 {
            values
                .push(access.next_element_seed(shape)?.ok_or_else(|| de::Error::invalid_length(values.len(), &self))?);
        }
        Ok(values)
    }
}

/// Visits the fields of a struct, as a derived `Deserialize` does.
struct Named<'s>(&'s Fields);

impl<'de> Visitor<'de> for Named<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a struct with {:?}", self.0.names)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Vec<Value>, A::Error> {
        let Fields { names, shapes } = self.0;
        let mut values: Vec<Option<Value>> = vec![None; shapes.len()];
        while let Some(key) = access.next_key::<String>()? {
            match names.iter().position(|name| *name == key) {
                Some(index) if values[index].is_some() => return Err(de::Error::duplicate_field(names[index])),
                Some(index) => values[index] = Some(access.next_value_seed(&shapes[index])?),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        let fields = values.into_iter().zip(shapes).zip(*names);
        let fields = fields.map(|((value, shape), name)| match (value, shape) {
            (Some(value), _) => Ok(value),
            (None, Shape::Option(_)) => Ok(Value::None),
            (None, _) => Err(de::Error::missing_field(name)),
        });
        fields.collect()
    }
}
