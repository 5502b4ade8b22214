//! A hash table of names, for constants.

/// Where something of a name is: a member of a sum, and a place in it.
type Place = (usize, usize);

/// At most `N` names.
pub(super) struct Names<const N: usize> {
    /// The first name of each bucket, counted from one; none is 0.
    first: [u32; N],
    /// Behind each name, the next of its bucket.
    next: [u32; N],
    known: [&'static str; N],
    places: [(u32, u32); N],
    length: usize,
}

impl<const N: usize> Names<N> {
    pub(super) const fn new() -> Self {
        Self { first: [0; N], next: [0; N], known: [""; N], places: [(0, 0); N], length: 0 }
    }

    /// The place of a name.
    pub(super) const fn get(&self, name: &str) -> Option<Place> {
        if N == 0 { None } else { self.find(name, bucket(name, N)) }
    }

    const fn find(&self, name: &str, bucket: usize) -> Option<Place> {
        let mut at = self.first[bucket];
        while at > 0 {
            let index = at as usize - 1;
            if equal(self.known[index], name) {
                let (member, place) = self.places[index];
                return Some((member as usize, place as usize));
            }
            at = self.next[index];
        }
        None
    }

    /// Adds a name, if it is not there: then it returns where it is.
    #[expect(clippy::cast_possible_truncation, reason = "no array of a constant has so many")]
    pub(super) const fn insert(&mut self, name: &'static str, place: Place) -> Option<Place> {
        let bucket = bucket(name, N);
        let found = self.find(name, bucket);
        if found.is_none() {
            let index = self.length;
            self.known[index] = name;
            self.places[index] = (place.0 as u32, place.1 as u32);
            self.next[index] = self.first[bucket];
            self.length += 1;
            self.first[bucket] = self.length as u32;
        }
        found
    }
}

/// One of so many buckets. Eight bytes at a time: rustc interprets this.
const fn bucket(name: &str, n_buckets: usize) -> usize {
    let (mut rest, mut hash) = (name.as_bytes(), 0);
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*eight));
        rest = behind;
    }
    while let Some((&byte, behind)) = rest.split_first() {
        hash = mix(hash, byte as u64);
        rest = behind;
    }
    ((hash >> 20) % n_buckets as u64) as usize
}

const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

pub(super) const fn equal(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    while let (Some((eight_a, behind_a)), Some((eight_b, behind_b))) =
        (a.split_first_chunk::<8>(), b.split_first_chunk::<8>())
    {
        if u64::from_le_bytes(*eight_a) != u64::from_le_bytes(*eight_b) {
            return false;
        }
        (a, b) = (behind_a, behind_b);
    }
    while let (Some((byte_a, behind_a)), Some((byte_b, behind_b))) = (a.split_first(), b.split_first()) {
        if *byte_a != *byte_b {
            return false;
        }
        (a, b) = (behind_a, behind_b);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_if_all_their_bytes_are() {
        let names =
            ["", "a", "b", "ab", "12345678", "12345679", "02345678", "123456789", "123456780", "12345678901234567"];
        for (i, a) in names.iter().enumerate() {
            for (j, b) in names.iter().enumerate() {
                assert_eq!(equal(a, b), i == j, "`{a}` and `{b}`");
            }
        }
    }

    #[test]
    fn a_full_table_finds_each_name_and_no_other() {
        let names: Vec<&'static str> = (0..100).map(|index| &*format!("dataset_{index}").leak()).collect();
        let mut table = Names::<100>::new();
        for (index, name) in names.iter().enumerate() {
            assert_eq!(table.insert(name, (index, 7)), None);
        }
        for (index, name) in names.iter().enumerate() {
            assert_eq!(table.get(name), Some((index, 7)));
            assert_eq!(table.insert(name, (0, 0)), Some((index, 7)));
        }
        assert_eq!(table.get("dataset_100"), None);
        assert_eq!(Names::<0>::new().get("a"), None);
    }
}
