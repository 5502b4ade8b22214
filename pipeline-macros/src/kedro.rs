//! Lists and nodes as Kedro and Python write them: what they are here, for the message that refuses them.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::Token;
use syn::buffer::Cursor;
use syn::parse::ParseStream;

use crate::scan::{after_brackets, after_comma, any_from, is_any_arrow, is_entry, is_this, take_until};

/// Refuses `node(render, inputs = report, outputs = summary)`, as Kedro has it.
pub(crate) fn kedros_spelling(content: ParseStream<'_>) -> syn::Result<()> {
    if any_from(content.cursor(), |cursor| after_brackets(cursor).is_some_and(is_any_arrow)) {
        return Ok(());
    }
    let ahead = content.fork();
    let is_option = |cursor: Cursor<'_>| is_entry(cursor) || after_comma(cursor).is_some_and(is_entry);
    let mut function = take_until(&ahead, is_option);
    let (mut inputs, mut outputs) = (TokenStream::new(), TokenStream::new());
    let (mut first, mut rest) = (None, TokenStream::new());
    while !ahead.is_empty() {
        ahead.parse::<Option<Token![,]>>()?;
        let keyword: Ident = ahead.parse()?;
        ahead.parse::<Token![=]>()?;
        let value = take_until(&ahead, is_option);
        match keyword.to_string().as_str() {
            "func" => function = value,
            "inputs" => inputs = value,
            "outputs" => outputs = value,
            _ => {
                rest.extend(quote!(, #keyword = #value));
                continue;
            }
        }
        first.get_or_insert(keyword);
    }
    let Some(first) = first else { return Ok(()) };
    // Inputs may stand behind the function without a name.
    let mut trees: Vec<TokenTree> = function.into_iter().collect();
    if let (true, Some(comma)) = (inputs.is_empty(), trees.iter().rposition(|tree| is_this(tree, ','))) {
        inputs = trees.split_off(comma).into_iter().skip(1).collect();
    }
    let function: TokenStream = trees.into_iter().collect();
    let function = function.to_string().replace(" :: ", "::").replace(" ?", "?");
    let rest = rest.to_string().replacen(" ,", ",", 1).replace(" , ", ", ");
    let [inputs, outputs] = [inputs, outputs].map(|list| kedros_names(list).join(", "));
    let message =
        format!("expected inputs and outputs in brackets: write `node({function}, [{inputs}] -> [{outputs}]{rest})`");
    Err(syn::Error::new(first.span(), message))
}

/// The names in a list of Kedro's, or alone, with quotes or without; none in `None`.
fn kedros_names(list: TokenStream) -> Vec<String> {
    let mut names = vec![String::new()];
    for tree in list {
        match (tree, names.last_mut()) {
            (TokenTree::Group(group), _) => names.extend(kedros_names(group.stream())),
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => names.push(String::new()),
            (TokenTree::Ident(ident), _) if ident == "None" => {}
            (tree, Some(name)) => *name += tree.to_string().trim_matches('"'),
            (_, None) => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The names in a list that has no brackets, as Kedro and Python write it: one name in quotes, `None`, a tuple, or a
/// dictionary; and what to say of their order where names of parameters would be lost.
pub(crate) fn names_without_brackets(bare: TokenStream, wanted: &str) -> (TokenStream, &'static str) {
    let trees: Vec<TokenTree> = bare.into_iter().collect();
    match trees.as_slice() {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace => {
            (values_by_keyword(group.stream()), order_of(wanted))
        }
        [TokenTree::Ident(dict), TokenTree::Group(group)]
            if dict == "dict" && group.delimiter() == Delimiter::Parenthesis =>
        {
            (values_by_keyword(group.stream()), order_of(wanted))
        }
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => (unquoted(group.stream()), ""),
        [TokenTree::Ident(none)] if none == "None" => (TokenStream::new(), ""),
        _ => (unquoted(trees.into_iter().collect()), ""),
    }
}

/// In which order names stand that had the names of parameters before them.
fn order_of(wanted: &str) -> &'static str {
    if wanted.starts_with("the inputs") {
        ", in the order of the function's parameters"
    } else {
        ", in the order of what the function returns"
    }
}

/// The values in `a: A, b: B`, `"a": "A"` or `a=A`.
pub(crate) fn values_by_keyword(tokens: TokenStream) -> TokenStream {
    let mut values = TokenStream::new();
    let mut is_value = false;
    for tree in tokens {
        match &tree {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                is_value = false;
                values.extend([tree]);
            }
            TokenTree::Punct(punct) if !is_value && matches!(punct.as_char(), ':' | '=') => is_value = true,
            _ if is_value => values.extend([tree]),
            _ => {}
        }
    }
    unquoted(values)
}

/// The same names without quotes: `"params:ratio"` is `params:ratio`.
fn unquoted(names: TokenStream) -> TokenStream {
    let unquote = |tree: TokenTree| -> TokenStream {
        let TokenTree::Literal(literal) = &tree else { return tree.into() };
        let text = literal.to_string();
        let inside = text.trim_matches('"').parse::<TokenStream>().ok().filter(|_| text.starts_with('"'));
        let at = tree.span();
        let placed = |inside: TokenStream| {
            inside.into_iter().map(|mut tree| {
                tree.set_span(at);
                tree
            })
        };
        inside.map_or_else(|| tree.into(), |inside| placed(inside).collect())
    };
    names.into_iter().flat_map(unquote).collect()
}

/// Names as one writes them in a list.
pub(crate) fn names_as_text(names: &TokenStream) -> String {
    let text = names.to_string();
    let text = text.trim().trim_end_matches(',').trim_end();
    text.replace(" ,", ",").replace(" : ", ": ").replace("params: ", "params:").replace(" . ", ".")
}
