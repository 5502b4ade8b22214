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

/// Whether a token is this character.
pub(crate) fn is_this(tree: &TokenTree, wanted: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// What follows a comma that stands here.
pub(crate) fn after_comma(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.punct().filter(|(punct, _)| punct.as_char() == ',').map(|(_, rest)| rest)
}

/// What follows a bracket group that stands here.
pub(crate) fn after_brackets(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.group(Delimiter::Bracket).map(|(_, _, rest)| rest)
}

/// What follows the attributes that stand here.
pub(crate) fn after_attributes(mut cursor: Cursor<'_>) -> Cursor<'_> {
    while let Some((hash, rest)) = cursor.punct()
        && hash.as_char() == '#'
        && let Some(rest) = after_brackets(rest)
    {
        cursor = rest;
    }
    cursor
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

/// Whether a name with a `=` stands here, as an entry of a registry begins, or attributes before one.
pub(crate) fn is_entry(cursor: Cursor<'_>) -> bool {
    let Some((ident, rest)) = after_attributes(cursor).ident() else { return false };
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

/// The parameters of a closure, each with its tokens; none where no closure begins.
pub(crate) fn closure_parameters(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let is_keyword = |tree: &TokenTree| matches!(tree, TokenTree::Ident(word) if word == "move" || word == "static" || word == "async");
    let mut trees = tokens.into_iter().skip_while(is_keyword);
    if trees.next().and_then(|tree| punct(&tree)) != Some('|') {
        return Vec::new();
    }
    let (mut parameters, mut parameter, mut depth, mut last) = (Vec::new(), Vec::new(), 0_usize, None);
    for tree in trees {
        let this = punct(&tree);
        match this {
            Some('|') => break,
            Some('<') => depth += 1,
            Some('>') if last != Some('-') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if this == Some(',') && depth == 0 {
            parameters.push(std::mem::take(&mut parameter));
        } else {
            parameter.push(tree);
        }
        last = this;
    }
    parameters.push(parameter);
    parameters.retain(|parameter| !parameter.is_empty());
    parameters
}

/// Whether a parameter has its type: a single colon.
pub(crate) fn has_type(parameter: &[TokenTree]) -> bool {
    let is_colon = |tree: Option<&TokenTree>| tree.and_then(punct) == Some(':');
    (0..parameter.len()).any(|index| {
        let before = index.checked_sub(1).and_then(|before| parameter.get(before));
        is_colon(parameter.get(index)) && !is_colon(before) && !is_colon(parameter.get(index + 1))
    })
}

fn punct(tree: &TokenTree) -> Option<char> {
    if let TokenTree::Punct(punct) = tree { Some(punct.as_char()) } else { None }
}

/// Whether it is a keyword of Rust.
pub(crate) fn is_keyword(ident: &Ident) -> bool {
    syn::parse2::<Ident>(ident.to_token_stream()).is_err()
}

/// The text of an identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let mut text = ident.to_string();
    if text.starts_with("r#") {
        text.drain(..2);
    }
    text
}
