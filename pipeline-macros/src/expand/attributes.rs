//! Which of the attributes before an item belong to its struct, and which to its function.

use proc_macro2::{TokenStream, TokenTree};

/// The attributes of an item, by where they belong: to its struct, to its function, or to both.
pub(super) fn attributes_by_item(attributes: &TokenStream) -> [TokenStream; 3] {
    let mut by_item = [TokenStream::new(), TokenStream::new(), TokenStream::new()];
    let mut hash = None;
    for tree in attributes.clone() {
        let TokenTree::Group(group) = &tree else {
            hash = Some(tree);
            continue;
        };
        let name = match group.stream().into_iter().next() {
            Some(TokenTree::Ident(name)) => name.to_string(),
            _ => String::new(),
        };
        let place = match name.as_str() {
            "derive" | "non_exhaustive" | "repr" => 0,
            "doc" | "cfg" | "cfg_attr" | "allow" | "warn" | "deny" | "deprecated" => 2,
            _ => 1,
        };
        by_item[place].extend(hash.take().into_iter().chain([tree]));
    }
    by_item
}
