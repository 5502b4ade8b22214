//! Where and how a value that was loaded differs from the one that was saved.

use std::collections::{HashMap, HashSet};

use super::fingerprint::Fingerprint;
use super::fold::{Fold, Leaf, Name};

/// A value with the names of its parts.
#[derive(Debug)]
pub(super) struct Tree {
    fingerprint: Fingerprint,
    /// As a message shows it.
    shown: String,
    node: Node,
}

/// The name that a part of a value has for people and in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    Index(usize),
    Name(String),
}

#[derive(Debug)]
enum Node {
    #[cfg_attr(not(feature = "json"), expect(dead_code, reason = "only JSON writes these as `null`"))]
    Leaf {
        is_null: bool,
        is_finite: bool,
        text: Option<String>,
    },
    Some(Box<Tree>),
    Variant(&'static str, Box<Tree>),
    Parts(Vec<(Name<Box<Tree>>, Tree)>),
}

impl Fold for Tree {
    type Parts = Vec<(Name<Box<Tree>>, Tree)>;

    fn leaf(leaf: Leaf<'_>) -> Self {
        let (is_null, is_finite) = match leaf {
            Leaf::None | Leaf::Unit => (true, true),
            Leaf::Single(value) => (false, value.is_finite()),
            Leaf::Double(value) => (false, value.is_finite()),
            _ => (false, true),
        };
        let text = if let Leaf::Text(text) = leaf { Some(text.to_owned()) } else { None };
        Self { fingerprint: Fingerprint::leaf(leaf), shown: show(leaf), node: Node::Leaf { is_null, is_finite, text } }
    }

    fn some(inner: Self) -> Self {
        let shown = format!("Some({})", inner.shown);
        Self { fingerprint: Fingerprint::some(inner.fingerprint), shown, node: Node::Some(Box::new(inner)) }
    }

    fn variant(name: &'static str, inner: Self) -> Self {
        let shown = format!("{name}({})", inner.shown);
        let fingerprint = Fingerprint::variant(name, inner.fingerprint);
        Self { fingerprint, shown, node: Node::Variant(name, Box::new(inner)) }
    }

    fn add(parts: &mut Self::Parts, name: Name<Self>, part: Self) {
        let name = match name {
            Name::Element(index) => Name::Element(index),
            Name::Place(place) => Name::Place(place),
            Name::Field(field) => Name::Field(field),
            Name::Key(key) => Name::Key(Box::new(key)),
        };
        parts.push((name, part));
    }

    fn whole(parts: Self::Parts) -> Self {
        let mut sum = <Fingerprint as Fold>::Parts::default();
        for (name, part) in &parts {
            let name = match name {
                Name::Element(index) => Name::Element(*index),
                Name::Place(place) => Name::Place(*place),
                Name::Field(field) => Name::Field(field),
                Name::Key(key) => Name::Key(key.fingerprint),
            };
            Fingerprint::add(&mut sum, name, part.fingerprint);
        }
        let shown = match parts.as_slice() {
            [] => "nothing in it".to_owned(),
            [_] => "1 part".to_owned(),
            _ => format!("{} parts", parts.len()),
        };
        Self { fingerprint: Fingerprint::whole(sum), shown, node: Node::Parts(parts) }
    }
}

/// A leaf as a message shows it, cut where it is long.
fn show(leaf: Leaf<'_>) -> String {
    const MOST: usize = 40;
    let text = match leaf {
        Leaf::None => "None".to_owned(),
        Leaf::Unit => "()".to_owned(),
        Leaf::Bool(value) => value.to_string(),
        Leaf::Signed(value) => value.to_string(),
        Leaf::Unsigned(value) => value.to_string(),
        Leaf::LongSigned(value) => value.to_string(),
        Leaf::LongUnsigned(value) => value.to_string(),
        Leaf::Single(value) => format!("{value:?}"),
        Leaf::Double(value) => format!("{value:?}"),
        Leaf::Char(value) => format!("{value:?}"),
        Leaf::Text(value) => format!("{:?}", value.chars().take(MOST + 1).collect::<String>()),
        Leaf::Bytes(value) => format!("{} bytes", value.len()),
        Leaf::Variant(name) => name.to_owned(),
    };
    if text.chars().count() > MOST { text.chars().take(MOST).chain("…".chars()).collect() } else { text }
}

/// Something about a part of a value, and where the part is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: Path,
    pub(super) message: String,
}

/// The way to a part of a value: `[2].price`, as in `serde_path_to_error`. Empty for the whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    shown: String,
    first: Option<Segment>,
}

impl Path {
    #[cfg(feature = "json")]
    pub(super) fn as_str(&self) -> &str {
        &self.shown
    }

    /// The part of the whole value that it is within.
    #[cfg(feature = "csv")]
    pub(super) fn first(&self) -> Option<&Segment> {
        self.first.as_ref()
    }

    /// Whether one is within the other. The way that a reader tells may end before the part that is
    /// to blame.
    #[cfg(feature = "json")]
    pub(super) fn meets(&self, other: &str) -> bool {
        self.shown.starts_with(other) || other.starts_with(&self.shown)
    }

    fn with(&self, name: &Name<Box<Tree>>) -> Self {
        let segment = match name {
            Name::Element(index) | Name::Place(index) => Segment::Index(*index),
            Name::Field(field) => Segment::Name((*field).to_owned()),
            Name::Key(key) => match &key.node {
                Node::Leaf { text: Some(text), .. } => Segment::Name(text.clone()),
                _ => Segment::Name(key.shown.clone()),
            },
        };
        let shown = match &segment {
            Segment::Index(index) => format!("{}[{index}]", self.shown),
            Segment::Name(name) => self.joined(name),
        };
        Self { shown, first: self.first.clone().or(Some(segment)) }
    }

    fn within(&self, variant: &str) -> Self {
        Self { shown: self.joined(variant), first: self.first.clone() }
    }

    fn joined(&self, name: &str) -> String {
        let dot = if self.shown.is_empty() { "" } else { "." };
        let name = if name.is_empty() { "\"\"" } else { name };
        format!("{}{dot}{name}", self.shown)
    }
}

impl Tree {
    /// The first part that differs, or nothing if the values are the same.
    pub(super) fn first_difference(&self, loaded: &Self) -> Option<Found> {
        self.difference(loaded, &Path::default())
    }

    fn difference(&self, loaded: &Self, path: &Path) -> Option<Found> {
        if self.fingerprint == loaded.fingerprint {
            return None;
        }
        let inner = match (&self.node, &loaded.node) {
            (Node::Some(saved), Node::Some(loaded)) => saved.difference(loaded, path),
            (Node::Variant(name, saved), Node::Variant(other, loaded)) if name == other => {
                saved.difference(loaded, &path.within(name))
            }
            (Node::Parts(saved), Node::Parts(loaded)) => difference_of_parts(saved, loaded, path),
            _ => None,
        };
        inner.or_else(|| {
            let message = format!("{} would be loaded as {}", self.shown, loaded.shown);
            Some(Found { path: path.clone(), message })
        })
    }

    /// The parts that JSON writes as `null`, which its reader takes for none.
    #[cfg(feature = "json")]
    pub(super) fn written_as_null(&self) -> Vec<Found> {
        let mut found = Vec::new();
        self.find_null(&Path::default(), false, &mut found);
        found
    }

    #[cfg(feature = "json")]
    fn find_null(&self, path: &Path, is_in_option: bool, found: &mut Vec<Found>) {
        match &self.node {
            Node::Leaf { is_finite: false, .. } => {
                found.push(Found {
                    path: path.clone(),
                    message: format!("{} is not a number in JSON, which would have `null` in its place", self.shown),
                });
            }
            Node::Leaf { is_null: true, .. } if is_in_option => {
                let message = format!("Some({}) is `null` in JSON, which would be loaded as None", self.shown);
                found.push(Found { path: path.clone(), message });
            }
            Node::Leaf { .. } => {}
            Node::Some(inner) => inner.find_null(path, true, found),
            Node::Variant(name, inner) => inner.find_null(&path.within(name), false, found),
            Node::Parts(parts) => {
                for (name, part) in parts {
                    if let Name::Key(key) = name {
                        key.find_null(&path.with(name), false, found);
                    }
                    part.find_null(&path.with(name), false, found);
                }
            }
        }
    }
}

fn difference_of_parts(
    saved: &[(Name<Box<Tree>>, Tree)],
    loaded: &[(Name<Box<Tree>>, Tree)],
    path: &Path,
) -> Option<Found> {
    // A part of a set or of a map has no place of its own, so its counterpart is looked for by its
    // value or its key.
    let by_key: HashMap<Fingerprint, &Tree> = loaded.iter().map(|(name, part)| (identity(name, part), part)).collect();
    for (index, (name, part)) in saved.iter().enumerate() {
        let counterpart = by_key.get(&identity(name, part)).copied();
        let counterpart = match name {
            Name::Element(_) if counterpart.is_some() => continue,
            Name::Element(_) => loaded.get(index).map(|(_, part)| part),
            _ => counterpart,
        };
        let path = path.with(name);
        match counterpart {
            Some(other) => {
                if let Some(found) = part.difference(other, &path) {
                    return Some(found);
                }
            }
            None => return Some(Found { path, message: format!("{} would not be loaded", part.shown) }),
        }
    }
    let known: HashSet<Fingerprint> = saved.iter().map(|(name, part)| identity(name, part)).collect();
    let (name, part) = loaded.iter().find(|(name, part)| !known.contains(&identity(name, part)))?;
    let message = format!("it is not there, but {} would be loaded", part.shown);
    Some(Found { path: path.with(name), message })
}

/// What a part is found by among those of another value.
fn identity(name: &Name<Box<Tree>>, part: &Tree) -> Fingerprint {
    match name {
        Name::Element(_) => part.fingerprint,
        Name::Place(place) => Fingerprint::leaf(Leaf::Unsigned(*place as u64)),
        Name::Field(field) => Fingerprint::leaf(Leaf::Text(field)),
        Name::Key(key) => key.fingerprint,
    }
}
