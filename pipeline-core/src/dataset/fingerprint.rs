//! A number that two values share if they are the same, as far as their `Serialize` tells.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use super::fold::{Fold, Leaf, Name};

/// The sum of the hashes of a value's parts, so that the order in which a set or a map is gone
/// through does not count.
///
/// Two values that differ share it by an accident of one in 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u64);

const SOME: u8 = 32;
const VARIANT: u8 = 33;
const WHOLE: u8 = 34;

impl Fold for Fingerprint {
    /// The sum, and the number of parts.
    type Parts = (u64, u64);

    fn leaf(leaf: Leaf<'_>) -> Self {
        Self(match leaf {
            Leaf::None => hash(0, 0_u8),
            Leaf::Unit => hash(1, 0_u8),
            Leaf::Bool(value) => hash(2, value),
            Leaf::Signed(value) => hash(3, value),
            Leaf::Unsigned(value) => hash(4, value),
            Leaf::LongSigned(value) => hash(5, value),
            Leaf::LongUnsigned(value) => hash(6, value),
            // No format has more than one NaN.
            Leaf::Single(value) => hash(7, if value.is_nan() { f32::NAN } else { value }.to_bits()),
            Leaf::Double(value) => hash(8, if value.is_nan() { f64::NAN } else { value }.to_bits()),
            Leaf::Char(value) => hash(9, value),
            Leaf::Text(value) => hash(10, value),
            Leaf::Bytes(value) => hash(11, value),
            Leaf::Variant(name) => hash(12, name),
        })
    }

    fn some(inner: Self) -> Self {
        Self(hash(SOME, inner))
    }

    fn variant(name: &'static str, inner: Self) -> Self {
        Self(hash(VARIANT, (name, inner)))
    }

    fn add((sum, n): &mut (u64, u64), name: Name<Self>, part: Self) {
        let part = match name {
            Name::Element(_) => hash(13, part),
            Name::Place(place) => hash(14, (place, part)),
            Name::Field(name) => hash(15, (name, part)),
            Name::Key(key) => hash(16, (key, part)),
        };
        *sum = sum.wrapping_add(part);
        *n += 1;
    }

    fn whole(parts: (u64, u64)) -> Self {
        Self(hash(WHOLE, parts))
    }
}

fn hash(kind: u8, value: impl Hash) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    kind.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}
