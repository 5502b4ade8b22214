//! `pipelines!`: pipelines by name.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Token, Visibility};

use crate::ast::Entry;
use crate::diagnostics::Diagnostics;
use crate::parse::{self, attributes};
use crate::scan::{is_punct, plain, skip_to_comma, take_until};
use crate::shim::{self, from_catalog, split_krate, to_catalog};

/// A registry as it is written.
struct Registry {
    attributes: TokenStream,
    visibility: Visibility,
    name: Ident,
    catalog: TokenStream,
    pipelines: Vec<Registered>,
}

/// `__default__ = data_processing + data_science`
struct Registered {
    name: Ident,
    terms: Vec<Term>,
}

/// A part of a sum, or all there is.
enum Term {
    /// Another entry of the registry.
    Entry(Ident),
    /// A pipeline declared elsewhere: `data_processing::pipeline()`.
    Path(TokenStream),
    /// `pipeline!< … >`
    Literal(TokenStream),
}

/// Hands a registry to the macro of its catalog.
pub(crate) fn pipelines_in(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    let parser = |input: ParseStream<'_>| parse(input, &mut Diagnostics::default());
    match parser.parse2(tokens.clone()) {
        Ok(registry) => to_catalog(&krate, &registry.catalog, "pipelines_with", &tokens),
        Err(error) => error.into_compile_error(),
    }
}

/// Expands a registry with the fields of its catalog.
pub(crate) fn pipelines_with(tokens: TokenStream) -> TokenStream {
    let call = match from_catalog(tokens) {
        Ok(call) => call,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let parser = |input: ParseStream<'_>| parse(input, &mut diagnostics);
    match parser.parse2(call.tokens) {
        Ok(registry) => {
            check(&registry, &mut diagnostics);
            let expansion = expand(&call.krate, &call.entries, &registry);
            quote!(#diagnostics #expansion)
        }
        Err(error) => error.into_compile_error(),
    }
}

fn parse(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Registry> {
    let attributes = attributes(input)?;
    let visibility = input.parse()?;
    input.parse::<Token![fn]>()?;
    let name = input.parse()?;
    input.parse::<Group>()?;
    input.parse::<Token![for]>()?;
    let catalog = take_until(input, |cursor| cursor.group(Delimiter::Brace).is_some());
    let content;
    syn::braced!(content in input);
    let mut pipelines = Vec::new();
    while !content.is_empty() {
        match registered(&content) {
            Ok(registered) => pipelines.push(registered),
            Err(error) => {
                diagnostics.syntax(&error);
                skip_to_comma(&content);
            }
        }
        if !content.is_empty() && !content.peek(Token![,]) {
            diagnostics.syntax(&content.error("expected `,` between pipelines"));
            skip_to_comma(&content);
        }
        content.parse::<Option<Token![,]>>()?;
    }
    Ok(Registry { attributes, visibility, name, catalog, pipelines })
}

fn registered(input: ParseStream<'_>) -> syn::Result<Registered> {
    let name = input.parse()?;
    input.parse::<Token![=]>()?;
    let mut terms = vec![term(input)?];
    while input.parse::<Option<Token![+]>>()?.is_some() {
        terms.push(term(input)?);
    }
    Ok(Registered { name, terms })
}

fn term(input: ParseStream<'_>) -> syn::Result<Term> {
    if input.peek(syn::Ident) && input.peek2(Token![!]) {
        let keyword: Ident = input.parse()?;
        input.parse::<Token![!]>()?;
        if keyword != "pipeline" {
            return Err(syn::Error::new(keyword.span(), "expected `pipeline!< … >` or the name of a pipeline"));
        }
        if input.peek(Token![<]) {
            input.parse::<Token![<]>()?;
            let nodes = take_until(input, |cursor| is_punct(cursor, '>'));
            input.parse::<Token![>]>()?;
            return Ok(Term::Literal(nodes));
        }
        return Ok(Term::Literal(input.parse::<Group>()?.stream()));
    }
    let path: syn::Path = input.call(syn::Path::parse_mod_style)?;
    let arguments: Option<Group> = if input.peek(syn::token::Paren) { Some(input.parse()?) } else { None };
    match (path.get_ident(), arguments) {
        (Some(ident), None) => Ok(Term::Entry(ident.clone())),
        _ => Ok(Term::Path(quote!(#path))),
    }
}

/// A bare name is an entry, no two entries have one name, and none is made of itself.
fn check(registry: &Registry, diagnostics: &mut Diagnostics) {
    let known: Vec<String> = registry.pipelines.iter().map(|registered| plain(&registered.name)).collect();
    for (index, registered) in registry.pipelines.iter().enumerate() {
        let name = &known[index];
        if known[..index].contains(name) {
            diagnostics.error(registered.name.span(), &format!("two pipelines are registered as `{name}`"), "");
        }
        for term in &registered.terms {
            let Term::Entry(entry) = term else { continue };
            let text = plain(entry);
            match known.iter().position(|known| *known == text) {
                None => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let hint = pipeline_graph::did_you_mean(&text, &known, "the registered pipelines");
                    let help =
                        format!("{hint}; a pipeline that is declared elsewhere is written as a call, `{text}()`");
                    diagnostics.error(entry.span(), &format!("no pipeline is registered as `{text}`"), &help);
                }
                Some(place) if place >= index => {
                    let help = format!("move `{text}` up: an entry is made of those before it");
                    let message = format!("`{text}` is registered only after `{name}`");
                    diagnostics.error(entry.span(), &message, &help);
                }
                Some(_) => {}
            }
        }
    }
}

fn expand(krate: &TokenStream, entries: &[Entry], registry: &Registry) -> TokenStream {
    let Registry { attributes, visibility, name, catalog, pipelines } = registry;
    let made = pipelines.iter().enumerate().map(|(index, registered)| {
        let terms = registered.terms.iter().map(|term| match term {
            Term::Entry(entry) => {
                let place = pipelines[..index].iter().position(|earlier| plain(&earlier.name) == plain(entry));
                match place {
                    Some(place) => {
                        let local = local(&pipelines[place].name);
                        quote!(::core::clone::Clone::clone(&#local))
                    }
                    None => quote!(#krate::__private::missing::<#krate::Pipeline<#catalog>>()),
                }
            }
            Term::Path(path) => quote!(#path()),
            Term::Literal(nodes) => match parse::head(nodes.clone()) {
                Ok(head) => shim::pipeline(krate, catalog, entries, head),
                Err(error) => {
                    let error = error.into_compile_error();
                    quote!({ #error #krate::__private::missing() })
                }
            },
        });
        let (local, text) = (local(&registered.name), plain(&registered.name));
        quote!(let #local = (#(#terms)+*).named(#text);)
    });
    let names: Vec<String> = pipelines.iter().map(|registered| plain(&registered.name)).collect();
    // The second of two entries of one name has been reported.
    let is_first = |index: &usize| !names[..*index].contains(&names[*index]);
    let with = (0..pipelines.len()).filter(is_first).map(|index| {
        let (local, text) = (local(&pipelines[index].name), &names[index]);
        quote!(.with(#text, #local))
    });
    quote! {
        #attributes
        #[must_use]
        #visibility fn #name() -> #krate::Pipelines<#catalog> {
            #(#made)*
            #krate::__private::Pipelines::new(<#catalog as ::core::default::Default>::default) #(#with)*
        }
    }
}

/// The local that holds the pipeline of an entry.
fn local(name: &Ident) -> Ident {
    let text = format!("pipeline_{}", plain(name));
    Ident::new(&text, Span::mixed_site().located_at(name.span()))
}
