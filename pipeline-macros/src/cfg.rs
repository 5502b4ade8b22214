//! `#[cfg(…)]` before a pipeline, a catalog, a node, a dataset or an entry of a registry.
//!
//! Whether a condition holds, only rustc knows. So a macro that meets one is called again, once for each answer, and each call stands behind
//! the condition or its opposite: rustc keeps one of the two. What is called again has the answer in place of the condition:
//! nothing if it holds, `#[cfg(false)]` if it does not. Of what is left out, the syntax is still read, as in the rest of Rust.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::token::Paren;
use syn::{LitBool, LitStr, Meta, Token};

use crate::diagnostics::Diagnostics;
use crate::editor;
use crate::parse::attributes;
use crate::scan::is_this;

/// If a condition has no answer yet: calls of this macro with each.
pub(crate) fn ask(krate: &TokenStream, name: &str, tokens: &TokenStream, is_expression: bool) -> Option<TokenStream> {
    let mut first = None;
    answer(tokens.clone(), true, &mut |condition| {
        first.get_or_insert(condition);
        None
    });
    let first = first?;
    let same = first.to_string();
    let name = Ident::new(name, Span::call_site());
    let call = |holds: bool| {
        let tokens = answer(tokens.clone(), true, &mut |condition| (condition.to_string() == same).then_some(holds));
        let call = quote!(#krate::#name! { #tokens });
        if is_expression { quote!({ #call }) } else { call }
    };
    let (yes, no) = (call(true), call(false));
    let calls = quote! {
        #[cfg(#first)]
        #yes
        #[cfg(not(#first))]
        #no
    };
    Some(if is_expression { quote!({ #calls }) } else { calls })
}

/// The same tokens with answers in place of the conditions that `holds` answers.
fn answer(tokens: TokenStream, is_outside: bool, holds: &mut impl FnMut(TokenStream) -> Option<bool>) -> TokenStream {
    let mut answered: Vec<TokenTree> = Vec::new();
    for tree in tokens {
        let TokenTree::Group(group) = &tree else {
            answered.push(tree);
            continue;
        };
        match answered.as_slice() {
            [.., hash] if is_this(hash, '#') => {
                let open = condition(group).filter(|condition| condition.to_string() != "false");
                match open.and_then(&mut *holds) {
                    None => answered.push(tree),
                    Some(true) => drop(answered.pop()),
                    Some(false) => answered.push(Group::new(Delimiter::Bracket, quote!(cfg(false))).into()),
                }
            }
            before if is_outside && group.delimiter() == Delimiter::Brace || is_pipeline(before) => {
                let mut list = Group::new(group.delimiter(), answer(group.stream(), false, holds));
                // There rustc shows what is missing at the end of the list.
                list.set_span(group.span_close());
                answered.push(list.into());
            }
            // What follows half a node seems to stand inside it. For what does stand there, it is the same.
            _ if editor::asks() => {
                let mut inside = Group::new(group.delimiter(), answer(group.stream(), false, holds));
                inside.set_span(group.span());
                answered.push(inside.into());
            }
            // What else stands in groups is the user's own Rust.
            _ => answered.push(tree),
        }
    }
    answered.into_iter().collect()
}

/// Whether `pipeline!` stands before a group, as in a registry.
fn is_pipeline(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(name), bang] if name == "pipeline" && is_this(bang, '!'))
}

/// The condition of `[cfg(…)]`. One that rustc cannot read is none: rustc takes it for true, and its opposite too.
pub(crate) fn condition(attribute: &Group) -> Option<TokenStream> {
    let parser = |input: ParseStream<'_>| {
        let name: Ident = input.parse()?;
        let inside;
        syn::parenthesized!(inside in input);
        let condition = inside.fork().parse()?;
        Ok((name == "cfg" && conditions(&inside)? == 1).then_some(condition))
    };
    parser.parse2(attribute.stream()).ok().flatten()
}

/// Reads conditions as rustc does, and counts them.
fn conditions(input: ParseStream<'_>) -> syn::Result<usize> {
    let condition = |input: ParseStream<'_>| {
        if input.parse::<Option<LitBool>>()?.is_some() {
            return Ok(());
        }
        let name: Ident = input.parse()?;
        if input.parse::<Option<Token![=]>>()?.is_some() {
            input.parse::<LitStr>()?;
        } else if input.peek(Paren) {
            let inside;
            syn::parenthesized!(inside in input);
            let name = name.to_string();
            // Those of nightly.
            if ["accessible", "target", "version"].contains(&name.as_str()) {
                inside.parse::<TokenStream>()?;
                return Ok(());
            }
            let n_inside = conditions(&inside)?;
            if !(name == "all" || name == "any" || name == "not" && n_inside == 1) {
                return Err(inside.error("no condition"));
            }
        }
        Ok(())
    };
    Ok(Punctuated::<(), Token![,]>::parse_terminated_with(input, condition)?.len())
}

/// Whether what has these attributes is left out: each condition has its answer by then.
pub(crate) fn leaves_out(attributes: &TokenStream) -> bool {
    groups(attributes).any(|attribute| condition(&attribute).is_some())
}

/// Reads the attributes before a part of a list, and tells whether it is left out.
pub(crate) fn before(input: ParseStream<'_>, part: &str, diagnostics: &mut Diagnostics) -> syn::Result<bool> {
    let attributes = attributes(input)?;
    for attribute in groups(&attributes).filter(|attribute| condition(attribute).is_none()) {
        let (name, at) = match syn::parse2::<Meta>(attribute.stream()) {
            Ok(meta) if meta.path().is_ident("doc") => continue,
            Ok(meta) if meta.path().is_ident("cfg") => {
                let wanted = "expected one condition, as in `#[cfg(feature = \"…\")]`";
                diagnostics.syntax(&syn::Error::new(attribute.span(), wanted));
                continue;
            }
            Ok(meta) => {
                let path = meta.path();
                (format!("`#[{}]`", quote!(#path).to_string().replace(' ', "")), path.span())
            }
            Err(_) => ("this attribute".to_owned(), attribute.span()),
        };
        let message = format!("{name} cannot stand before {part}");
        diagnostics.error(at, &message, "only documentation, `///`, and `#[cfg(…)]` can");
    }
    Ok(leaves_out(&attributes))
}

fn groups(attributes: &TokenStream) -> impl Iterator<Item = Group> {
    attributes
        .clone()
        .into_iter()
        .filter_map(|tree| if let TokenTree::Group(group) = tree { Some(group) } else { None })
}
