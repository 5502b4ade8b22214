//! Nodes whose `)` or `]` is not yet written: what follows seems to stand inside them, and is taken out.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::buffer::{Cursor, TokenBuffer};

use crate::scan::{after_attributes, after_comma, any_from, is_any_arrow, is_entry, is_punct};

/// Takes the other nodes of a pipeline out of a node that is not closed.
pub(crate) fn unnest(nodes: TokenStream) -> TokenStream {
    take_out(nodes, begins_node, &quote!(,))
}

/// Takes the end of its pipeline, and the other pipelines of a registry, out of a node that is not closed.
pub(crate) fn unnest_entries(pipelines: TokenStream) -> TokenStream {
    take_out(pipelines, begins_entry, &TokenStream::new())
}

/// Whether something starts at a token that cannot stand inside a node.
type Begins = fn(&Before, Cursor<'_>) -> bool;

/// What stands before a token.
#[derive(Default)]
struct Before {
    last: Option<TokenTree>,
    /// How many `<` are open.
    depth: usize,
}

impl Before {
    fn add(&mut self, tree: &TokenTree) {
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == '<' => self.depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' && !self.is('-') && !self.is('=') => {
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        self.last = Some(tree.clone());
    }

    fn is(&self, wanted: char) -> bool {
        matches!(&self.last, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
    }
}

/// A node begins; one that is closed, or something else is meant.
fn begins_node(_: &Before, cursor: Cursor<'_>) -> bool {
    let Some((keyword, rest)) = after_attributes(cursor).ident() else { return false };
    let is_whole = |(inside, _, _): (Cursor<'_>, _, _)| any_from(inside, is_any_arrow);
    keyword == "node" && rest.group(Delimiter::Parenthesis).is_some_and(is_whole)
}

/// The `>` of a pipeline stands here, or an entry of a registry begins without it. An entry is made of names: so no option of a node is
/// one, nor is an assignment in a closure, before whose name something else stands.
fn begins_entry(before: &Before, cursor: Cursor<'_>) -> bool {
    let is_end = |rest: Cursor<'_>| rest.eof() || after_comma(rest).is_some_and(|rest| rest.eof() || is_entry(rest));
    let closes = cursor.punct().is_some_and(|(punct, rest)| punct.as_char() == '>' && is_end(rest));
    let is_made_of_names = || {
        let value = after_attributes(cursor).ident().and_then(|(_, equals)| equals.punct());
        value.is_some_and(|(_, value)| value.ident().is_some() || is_punct(value, ':'))
    };
    let is_arrow = before.is('-') || before.is('=');
    let is_assigned = before.is('|') || before.is('*') || before.is('.');
    before.depth == 0 && (closes && !is_arrow || is_entry(cursor) && is_made_of_names() && !is_assigned)
}

fn take_out(tokens: TokenStream, begins: Begins, between: &TokenStream) -> TokenStream {
    let mut taken_out = TokenStream::new();
    let mut is_node = false;
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if is_node && group.delimiter() == Delimiter::Parenthesis => {
                let (own, others) = split(&group, begins);
                if others.is_empty() {
                    taken_out.extend([TokenTree::Group(group)]);
                } else {
                    let others = take_out(others, begins, between);
                    taken_out.extend([TokenTree::Group(own)]);
                    taken_out.extend(quote!(#between #others));
                }
            }
            tree => {
                is_node = matches!(&tree, TokenTree::Ident(keyword) if keyword == "node");
                taken_out.extend([tree]);
            }
        }
    }
    taken_out
}

/// What stands in a group before something begins that cannot stand there, and the rest.
fn split(group: &Group, begins: Begins) -> (Group, TokenStream) {
    let buffer = TokenBuffer::new2(group.stream());
    let mut cursor = buffer.begin();
    let mut before = Before::default();
    let (mut own, mut others) = (TokenStream::new(), TokenStream::new());
    while let Some((tree, rest)) = cursor.token_tree() {
        if begins(&before, cursor) {
            others = cursor.token_stream();
            break;
        }
        before.add(&tree);
        cursor = rest;
        if let TokenTree::Group(inner) = &tree
            && inner.delimiter() == Delimiter::Bracket
        {
            let (shorter, inside) = split(inner, begins);
            if !inside.is_empty() {
                own.extend([TokenTree::Group(shorter)]);
                others = inside;
                others.extend(rest.token_stream());
                break;
            }
        }
        own.extend([tree]);
    }
    let mut head = Group::new(group.delimiter(), own);
    head.set_span(group.span());
    (head, others)
}
