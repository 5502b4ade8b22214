//! Types made at random: every shape that serde knows, nested, with values of them.
//!
//! A [`Dynamic`] is of the shape that [`with_shape`] sets: its `Deserialize` asks for types as that
//! of a struct, an enum or a map would.

use std::cell::RefCell;

use fastrand::Rng;

/// The names of fields and variants. The columns of a CSV file may have any.
pub(crate) const NAMES: [&str; 14] = [
    "\u{feff}marked",
    "id",
    "a name",
    " blanks ",
    "with, comma",
    "with \"quotes\"",
    "two\nlines",
    "ünïcödé",
    "semi;colon",
    "1",
    "true",
    "None",
    "",
    "last",
];

/// A type.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    Unit,
    UnitStruct,
    Option(Box<Shape>),
    Newtype(Box<Shape>),
    Seq(Box<Shape>),
    Tuple(Vec<Shape>),
    TupleStruct(Vec<Shape>),
    Map(Box<Shape>, Box<Shape>),
    Struct(Fields),
    Enum(&'static [&'static str], Vec<Variant>),
}

/// The fields of a struct.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) names: &'static [&'static str],
    pub(crate) shapes: Vec<Shape>,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub(crate) enum Variant {
    Unit,
    Newtype(Shape),
    Tuple(Vec<Shape>),
    Struct(Fields),
}

/// A value of a type.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    Unit,
    UnitStruct,
    None,
    Some(Box<Value>),
    Newtype(Box<Value>),
    Seq(Vec<Value>),
    Tuple(Vec<Value>),
    TupleStruct(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Struct(&'static [&'static str], Vec<Value>),
    UnitVariant(u32, &'static str),
    NewtypeVariant(u32, &'static str, Box<Value>),
    TupleVariant(u32, &'static str, Vec<Value>),
    StructVariant(u32, &'static str, &'static [&'static str], Vec<Value>),
}

/// To the last bit of a number; a NaN is a NaN. Maps have no order.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value as V;
        match (self, other) {
            (V::F32(a), V::F32(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (V::F64(a), V::F64(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (V::Map(a), V::Map(b)) => a.len() == b.len() && a.iter().all(|entry| b.contains(entry)),
            (V::Some(a), V::Some(b)) | (V::Newtype(a), V::Newtype(b)) => a == b,
            (V::Seq(a), V::Seq(b)) | (V::Tuple(a), V::Tuple(b)) | (V::TupleStruct(a), V::TupleStruct(b)) => a == b,
            (V::Struct(a, x), V::Struct(b, y)) => (a, x) == (b, y),
            (V::NewtypeVariant(_, a, x), V::NewtypeVariant(_, b, y)) => (a, x) == (b, y),
            // A variant has its fields' names.
            (V::TupleVariant(_, a, x), V::TupleVariant(_, b, y))
            | (V::StructVariant(_, a, _, x), V::StructVariant(_, b, _, y)) => (a, x) == (b, y),
            // All others hold nothing that `Debug` would not show whole.
            _ => format!("{self:?}") == format!("{other:?}"),
        }
    }
}

thread_local! {
    static SHAPE: RefCell<Shape> = const { RefCell::new(Shape::Unit) };
}

/// A value of the shape that is set for this thread.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dynamic(pub(crate) Value);

/// Sets the shape of [`Dynamic`] while a function is called.
pub(crate) fn with_shape<R>(shape: &Shape, call: impl FnOnce() -> R) -> R {
    SHAPE.set(shape.clone());
    call()
}

pub(crate) fn current_shape() -> Shape {
    SHAPE.with_borrow(Clone::clone)
}

/// Any type, nested so deep at most.
pub(crate) fn any_shape(rng: &mut Rng, depth: usize) -> Shape {
    let scalars = [
        Shape::Bool,
        Shape::I8,
        Shape::I16,
        Shape::I32,
        Shape::I64,
        Shape::I128,
        Shape::U8,
        Shape::U16,
        Shape::U32,
        Shape::U64,
        Shape::U128,
        Shape::F32,
        Shape::F64,
        Shape::Char,
        Shape::Str,
        Shape::Bytes,
        Shape::Unit,
        Shape::UnitStruct,
    ];
    if depth == 0 || rng.u8(..4) == 0 {
        return rng.choice(scalars).expect("there are some");
    }
    let inner = |rng: &mut Rng| Box::new(any_shape(rng, depth - 1));
    match rng.u8(..8) {
        0 | 1 => Shape::Option(inner(rng)),
        2 => Shape::Newtype(inner(rng)),
        3 => Shape::Seq(inner(rng)),
        4 if rng.bool() => Shape::Tuple(some_shapes(rng, depth)),
        4 => Shape::TupleStruct(some_shapes(rng, depth)),
        5 => Shape::Map(Box::new(any_shape(rng, rng.clone().usize(..2).min(depth - 1))), inner(rng)),
        6 => Shape::Struct(fields(rng, depth)),
        _ => {
            let variants = (0..rng.usize(1..4)).map(|_| match rng.u8(..4) {
                0 => Variant::Unit,
                1 => Variant::Newtype(any_shape(rng, depth - 1)),
                2 => Variant::Tuple(some_shapes(rng, depth)),
                _ => Variant::Struct(fields(rng, depth)),
            });
            let variants: Vec<Variant> = variants.collect();
            Shape::Enum(some_names(rng, variants.len()), variants)
        }
    }
}

/// A type whose value fits into a cell, mostly.
pub(crate) fn cell_shape(rng: &mut Rng) -> Shape {
    match rng.u8(..16) {
        0 => any_shape(rng, 2),
        1..4 => Shape::Option(Box::new(cell_shape(rng))),
        4 => Shape::Newtype(Box::new(cell_shape(rng))),
        5 => Shape::Enum(some_names(rng, 3), vec![Variant::Unit; 3]),
        _ => any_shape(rng, 0),
    }
}

/// A type of rows.
pub(crate) fn row_shape(rng: &mut Rng) -> Shape {
    let cells = |rng: &mut Rng| (0..rng.usize(1..5)).map(|_| cell_shape(rng)).collect::<Vec<_>>();
    match rng.u8(..16) {
        0 => Shape::Tuple(cells(rng)),
        1 => Shape::TupleStruct(cells(rng)),
        2 => Shape::Seq(Box::new(cell_shape(rng))),
        3 => cell_shape(rng),
        4 => Shape::Newtype(Box::new(row_shape(rng))),
        5 => Shape::Option(Box::new(row_shape(rng))),
        6 => Shape::Map(Box::new(if rng.bool() { Shape::Str } else { Shape::I16 }), Box::new(cell_shape(rng))),
        _ => {
            let shapes = cells(rng);
            Shape::Struct(Fields { names: some_names(rng, shapes.len()), shapes })
        }
    }
}

fn some_shapes(rng: &mut Rng, depth: usize) -> Vec<Shape> {
    (0..rng.usize(..4)).map(|_| any_shape(rng, depth - 1)).collect()
}

fn fields(rng: &mut Rng, depth: usize) -> Fields {
    let shapes = some_shapes(rng, depth);
    Fields { names: some_names(rng, shapes.len()), shapes }
}

fn some_names(rng: &mut Rng, n: usize) -> &'static [&'static str] {
    let first = rng.usize(..=NAMES.len() - n);
    &NAMES[first..first + n]
}

/// A value of a type. Values at the borders of what a type holds are frequent.
pub(crate) fn any_value(rng: &mut Rng, shape: &Shape) -> Value {
    macro_rules! number {
        ($variant:ident, $type:ident) => {
            Value::$variant(match rng.u8(..4) {
                0 => $type::MAX,
                1 => $type::MIN,
                2 => $type::from(rng.bool()),
                _ => rng.$type(..),
            })
        };
    }
    match shape {
        Shape::Bool => Value::Bool(rng.bool()),
        Shape::I8 => number!(I8, i8),
        Shape::I16 => number!(I16, i16),
        Shape::I32 => number!(I32, i32),
        Shape::I64 => number!(I64, i64),
        Shape::I128 => number!(I128, i128),
        Shape::U8 => number!(U8, u8),
        Shape::U16 => number!(U16, u16),
        Shape::U32 => number!(U32, u32),
        Shape::U64 => number!(U64, u64),
        Shape::U128 => number!(U128, u128),
        Shape::F32 => Value::F32(match rng.u8(..16) {
            0 => *rng.choice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]).expect("there are some"),
            1 => *rng.choice(&[0.0, -0.0, f32::MAX, f32::MIN_POSITIVE, 1e-45]).expect("there are some"),
            2..8 => rng.f32(),
            _ => Some(f32::from_bits(rng.u32(..))).filter(|it| it.is_finite()).unwrap_or(0.1),
        }),
        Shape::F64 => Value::F64(match rng.u8(..16) {
            0 => *rng.choice(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).expect("there are some"),
            1 => *rng.choice(&[0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e16]).expect("there are some"),
            2..8 => rng.f64(),
            _ => Some(f64::from_bits(rng.u64(..))).filter(|it| it.is_finite()).unwrap_or(0.1),
        }),
        Shape::Char => {
            Value::Char(if rng.bool() { rng.char(..) } else { *rng.choice(&SIGNS).expect("there are some") })
        }
        Shape::Str => Value::Str(any_text(rng)),
        Shape::Bytes if rng.bool() => Value::Bytes(any_text(rng).into_bytes()),
        Shape::Bytes => Value::Bytes((0..rng.usize(..4)).map(|_| rng.u8(..)).collect()),
        Shape::Unit => Value::Unit,
        Shape::UnitStruct => Value::UnitStruct,
        Shape::Option(_) if rng.u8(..3) == 0 => Value::None,
        Shape::Option(inner) => Value::Some(Box::new(any_value(rng, inner))),
        Shape::Newtype(inner) => Value::Newtype(Box::new(any_value(rng, inner))),
        Shape::Seq(inner) => Value::Seq((0..rng.usize(..4)).map(|_| any_value(rng, inner)).collect()),
        Shape::Tuple(shapes) => Value::Tuple(any_values(rng, shapes)),
        Shape::TupleStruct(shapes) => Value::TupleStruct(any_values(rng, shapes)),
        Shape::Map(key, inner) => {
            let mut entries: Vec<(Value, Value)> = Vec::new();
            for _ in 0..rng.usize(..4) {
                let key = any_value(rng, key);
                if entries.iter().all(|(other, _)| *other != key) {
                    entries.push((key, any_value(rng, inner)));
                }
            }
            Value::Map(entries)
        }
        Shape::Struct(Fields { names, shapes }) => Value::Struct(names, any_values(rng, shapes)),
        Shape::Enum(names, variants) => {
            let index = rng.usize(..variants.len());
            let (id, name) = (u32::try_from(index).expect("there are few"), names[index]);
            match &variants[index] {
                Variant::Unit => Value::UnitVariant(id, name),
                Variant::Newtype(inner) => Value::NewtypeVariant(id, name, Box::new(any_value(rng, inner))),
                Variant::Tuple(shapes) => Value::TupleVariant(id, name, any_values(rng, shapes)),
                Variant::Struct(fields) => {
                    Value::StructVariant(id, name, fields.names, any_values(rng, &fields.shapes))
                }
            }
        }
    }
}

fn any_values(rng: &mut Rng, shapes: &[Shape]) -> Vec<Value> {
    shapes.iter().map(|shape| any_value(rng, shape)).collect()
}

const SIGNS: [char; 16] =
    ['"', '\'', ',', ';', '\t', '\n', '\r', ' ', '\0', '\\', '0', 'x', 'ü', '\u{feff}', '🦀', '\u{2028}'];

fn any_text(rng: &mut Rng) -> String {
    const WORDS: [&str; 9] = ["", "0x10", "true", "NaN", "null", "007", " ", "\r\n", "1e5"];
    match rng.u8(..3) {
        0 => (*rng.choice(&WORDS).expect("there are some")).to_owned(),
        1 => (0..rng.usize(..5)).map(|_| *rng.choice(&SIGNS).expect("there are some")).collect(),
        _ => (0..rng.usize(..8)).map(|_| rng.alphanumeric()).collect(),
    }
}
