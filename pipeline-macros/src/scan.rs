//! Reading token trees without a grammar: up to a comma, over a group, past what cannot be understood.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::Cursor;
use syn::parse::ParseStream;

/// Takes the tokens for as long as `end` does not hold at what comes next.
pub(crate) fn take_until(input: ParseStream<'_>, end: impl Fn(Cursor<'_>) -> bool) -> TokenStream {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !end(input.cursor()) {
        let tree = input.step(|cursor| cursor.token_tree().ok_or_else(|| cursor.error("unexpected end of input")));
        match tree {
            Ok(tree) => taken.extend([tree]),
            Err(_) => break,
        }
    }
    taken
}

/// Passes over what cannot be understood, up to the next comma at this level.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) {
    take_until(input, |cursor| is_punct(cursor, ','));
}

/// Whether the next token is this character.
pub(crate) fn is_punct(cursor: Cursor<'_>, wanted: char) -> bool {
    cursor.punct().is_some_and(|(punct, _)| punct.as_char() == wanted)
}

/// What follows a comma that stands here.
pub(crate) fn after_comma(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.punct().filter(|(punct, _)| punct.as_char() == ',').map(|(_, rest)| rest)
}

/// What follows a bracket group that stands here.
pub(crate) fn after_brackets(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.group(Delimiter::Bracket).map(|(_, _, rest)| rest)
}

/// Whether `->` stands here, or `=>`, which is written for it by mistake.
pub(crate) fn is_any_arrow(cursor: Cursor<'_>) -> bool {
    cursor.punct().is_some_and(|(first, rest)| {
        matches!(first.as_char(), '-' | '=') && first.spacing() == Spacing::Joint && is_punct(rest, '>')
    })
}

/// Whether `holds` is true here or further on at this level.
pub(crate) fn any_from(mut cursor: Cursor<'_>, holds: impl Fn(Cursor<'_>) -> bool) -> bool {
    while let Some((_, rest)) = cursor.token_tree() {
        if holds(cursor) {
            return true;
        }
        cursor = rest;
    }
    false
}

/// Whether this identifier stands here.
pub(crate) fn is_ident(cursor: Cursor<'_>, wanted: &str) -> bool {
    cursor.ident().is_some_and(|(ident, _)| ident == wanted)
}

/// Whether a name with a single colon stands here, as a field of a struct begins.
pub(crate) fn is_field(cursor: Cursor<'_>) -> bool {
    let Some((_, rest)) = cursor.ident() else { return false };
    rest.punct().is_some_and(|(colon, rest)| {
        colon.as_char() == ':' && !(colon.spacing() == Spacing::Joint && is_punct(rest, ':'))
    })
}

/// Whether a name with a `=` stands here, as an entry of a registry begins.
pub(crate) fn is_entry(cursor: Cursor<'_>) -> bool {
    let Some((ident, rest)) = cursor.ident() else { return false };
    let is_equals = rest.punct().is_some_and(|(punct, rest)| {
        let is_longer = punct.spacing() == Spacing::Joint && (is_punct(rest, '=') || is_punct(rest, '>'));
        punct.as_char() == '=' && !is_longer
    });
    is_equals && !is_keyword(&ident)
}

/// The tokens between the first `<` and the `>` that closes it at this level, which is the first: all that a pipeline holds
/// stands inside parentheses.
pub(crate) fn in_angles(tokens: TokenStream) -> Result<TokenStream, TokenStream> {
    let mut trees = tokens.clone().into_iter();
    let opens = matches!(trees.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '<');
    let mut inside: Vec<TokenTree> = trees.collect();
    let closes = matches!(inside.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '>');
    if opens && closes {
        inside.pop();
        Ok(inside.into_iter().collect())
    } else {
        Err(tokens)
    }
}

/// Whether it is a keyword of Rust.
pub(crate) fn is_keyword(ident: &Ident) -> bool {
    syn::parse2::<Ident>(ident.to_token_stream()).is_err()
}

/// The text of an identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}
