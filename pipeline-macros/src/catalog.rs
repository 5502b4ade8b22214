//! `catalog!`: a struct with a dataset in each field, and a macro of the same name that tells pipelines what the fields are.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::buffer::Cursor;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token, Type, Visibility};

use crate::cfg;
use crate::diagnostics::{Diagnostics, Place};
use crate::editor;
use crate::graph::is_parameters;
use crate::parse::attributes;
use crate::scan::{after_comma, is_field, is_ident, is_punct, is_this, plain, skip_to_comma, take_until};
use crate::shim::{split_krate, this_crate};

/// A catalog as it is written.
struct Catalog {
    attributes: TokenStream,
    visibility: Visibility,
    /// Where it begins.
    keyword: Token![struct],
    name: Ident,
    fields: Vec<Field>,
    /// The names of fields that could not be read.
    unreadable: Vec<Ident>,
}

/// `flowers: Csv<Flower> = "data/01_raw/flowers.csv"`
struct Field {
    attributes: TokenStream,
    visibility: Visibility,
    name: Ident,
    ty: Type,
    /// What stands after the `=`.
    value: Option<TokenStream>,
}

/// Expands `catalog!`.
pub(crate) fn catalog(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    if let Some(at) = stands_for_a_catalog(&tokens) {
        let message = "`catalog!` declares a catalog, and is none\n\nhelp: declare one, `catalog! { pub struct Catalog { name: Type } }`, and \
                       where it is declared in another module, import it: `use module::Catalog;`";
        return syn::Error::new(at, message).into_compile_error();
    }
    if let Some(calls) = cfg::ask(&krate, "catalog", &tokens, false) {
        return calls;
    }
    let mut diagnostics = Diagnostics::default();
    let parser = |input: ParseStream<'_>| parse(input, &mut diagnostics);
    match parser.parse2(tokens.clone()) {
        Ok(catalog) if cfg::leaves_out(&catalog.attributes) => TokenStream::new(),
        Ok(mut catalog) => {
            check(&mut catalog, &mut diagnostics);
            files_have_one_entry(&krate, &catalog, &mut diagnostics);
            let expansion = expand(&krate, &catalog, &tokens);
            quote!(#diagnostics #expansion)
        }
        Err(error) => error.into_compile_error(),
    }
}

/// Whether a pipeline takes `catalog!` for the macro of its catalog, as rustc proposes where there is none; and where it names it.
fn stands_for_a_catalog(tokens: &TokenStream) -> Option<Span> {
    let parser = |input: ParseStream<'_>| {
        input.parse::<Group>()?;
        input.parse::<Ident>()?;
        let named: Group = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(named.stream().into_iter().last().map(|last| last.span()))
    };
    parser.parse2(tokens.clone()).ok().flatten()
}

fn parse(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Catalog> {
    let attributes = attributes(input)?;
    let visibility = input.parse()?;
    let keyword = input.parse()?;
    let name = input.parse()?;
    if input.peek(Token![<]) {
        diagnostics.syntax(&input.error("a catalog takes no generic parameters"));
        take_until(input, |cursor| cursor.group(Delimiter::Brace).is_some());
    }
    let content;
    syn::braced!(content in input);
    let (mut fields, mut unreadable) = (Vec::new(), Vec::new());
    while !content.is_empty() {
        let ahead = content.fork();
        match field(&ahead) {
            Ok(field) => {
                content.advance_to(&ahead);
                if !cfg::leaves_out(&field.attributes) {
                    fields.push(field);
                }
            }
            Err(error) => {
                diagnostics.syntax(&error);
                unreadable.extend(name_of_field(&content));
                take_until(&content, ends_field);
            }
        }
        if !content.is_empty() && content.parse::<Token![,]>().is_err() {
            diagnostics.syntax(&content.error("expected `,` between datasets"));
            // Another field is read at once; anything else is passed over.
            if !is_field(content.cursor()) {
                skip_to_comma(&content);
                content.parse::<Option<Token![,]>>()?;
            }
        }
    }
    if !input.is_empty() {
        return Err(input.error("expected nothing after the catalog: one `catalog!` declares one"));
    }
    Ok(Catalog { attributes, visibility, keyword, name, fields, unreadable })
}

/// The name that a field begins with.
fn name_of_field(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    attributes(&ahead).ok()?;
    ahead.parse::<Visibility>().ok()?;
    ahead.parse().ok()
}

/// The type of a field. If a `>` is missing at its end, syn would read on in the fields behind it.
fn ty(input: ParseStream<'_>) -> syn::Result<Type> {
    let ahead = input.fork();
    let error = match ahead.parse() {
        Ok(ty) => {
            input.advance_to(&ahead);
            return Ok(ty);
        }
        Err(error) => error,
    };
    let ends_type = |cursor: Cursor<'_>| {
        let is_location =
            cursor.punct().is_some_and(|(punct, rest)| punct.as_char() == '=' && rest.literal().is_some());
        is_location || ends_field(cursor)
    };
    let (mut n_open, mut last) = (0_usize, None);
    for tree in take_until(input, ends_type) {
        if is_this(&tree, '<') {
            n_open += 1;
        } else if is_this(&tree, '>') && !last.is_some_and(|last| is_this(&last, '-')) {
            n_open = n_open.saturating_sub(1);
        }
        last = Some(tree);
    }
    match last {
        Some(last) if n_open > 0 => Err(syn::Error::new(last.span(), format!("expected `>` after `{last}`"))),
        _ => Err(error),
    }
}

fn field(input: ParseStream<'_>) -> syn::Result<Field> {
    let attributes = attributes(input)?;
    let visibility = input.parse()?;
    let name: Ident = input.parse()?;
    if !input.peek(Token![:]) {
        return Err(input.error(format!("expected `: Type` after the name of dataset `{name}`")));
    }
    input.parse::<Token![:]>()?;
    let ty = ty(input)?;
    let value = if input.parse::<Option<Token![=]>>()?.is_some() {
        // A location ends where it ends, also if the comma behind it is missing.
        let value = if input.peek(LitStr) && !input.peek2(Token![.]) {
            input.parse::<TokenTree>()?.into()
        } else {
            take_until(input, ends_field)
        };
        if value.is_empty() {
            return Err(input.error("expected a location in quotes, or an expression that makes the dataset"));
        }
        Some(value)
    } else {
        None
    };
    Ok(Field { attributes, visibility, name, ty, value })
}

/// An expression may hold commas; the one that ends it stands before a field or at the end.
fn ends_field(cursor: Cursor<'_>) -> bool {
    after_comma(cursor).is_some_and(|rest| rest.eof() || is_punct(rest, '#') || is_ident(rest, "pub") || is_field(rest))
}

/// A name is declared once, and the parameters are one field.
fn check(catalog: &mut Catalog, diagnostics: &mut Diagnostics) {
    let mut first_of: HashMap<String, Span> = HashMap::new();
    catalog.fields.retain(|field| {
        let (name, span) = (plain(&field.name), field.name.span());
        let Some(&first) = first_of.get(&name) else {
            first_of.insert(name, span);
            return true;
        };
        let place = Place { span: first, role: "the_first_of_this_name".to_owned() };
        diagnostics.error_with_places(span, &format!("the catalog declares `{name}` twice"), &[place]);
        false
    });
    let mut parameters = catalog.fields.iter().filter(|field| field.is_parameters());
    if let (Some(first), Some(second)) = (parameters.next(), parameters.next()) {
        let message = format!("the catalog has its parameters already, in `{}`", first.name);
        diagnostics.error(second.name.span(), &message, "`params` and `parameters` are both reserved for them");
    }
}

/// Two entries at one literal path would be read and written in any order, since nothing says that they are one file.
fn files_have_one_entry(krate: &TokenStream, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    let mut first_at: HashMap<PathBuf, &Field> = HashMap::new();
    for field in &catalog.fields {
        let Some(path) = field.location() else { continue };
        let first = *first_at.entry(normal(&path)).or_insert(field);
        if first.name == field.name {
            continue;
        }
        let (name, first_name, ty) = (plain(&field.name), plain(&first.name), &field.ty);
        let made = type_name(ty);
        let message = format!(
            "`{name}` is at the place of `{first_name}`, `{path}`, and nothing says which nodes come first; if both are \
             meant, write `{name}: {} = {made}::new(\"{path}\").shares_its_place()`",
            ty.to_token_stream().to_string().replace(' ', "")
        );
        let place = Place { span: first.name.span(), role: "the_first_at_this_place".to_owned() };
        let is_path = |field: &Field| {
            let ty = &field.ty;
            quote!(<#ty as #krate::__private::FromLocation>::IS_A_PATH)
        };
        let (one, other) = (is_path(first), is_path(field));
        diagnostics.error_with_places_if(&quote!(#one && #other), field.name.span(), &message, &[place]);
    }
}

/// The last name in the path of a type: `Csv` of `dataset::Csv<Row>`.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| plain(&last.ident)).unwrap_or_default(),
        _ => ty.to_token_stream().to_string(),
    }
}

/// A path without its `.`, and without each name that a `..` behind it takes back. What links lead to is asked before a run.
fn normal(path: &str) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in Path::new(path).components() {
        let is_name = matches!(normal.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::CurDir => {}
            Component::ParentDir if is_name => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

impl Field {
    /// The literal location of a dataset.
    fn location(&self) -> Option<String> {
        let value = self.value.clone().filter(|_| !self.is_parameters())?;
        let location = syn::parse2::<LitStr>(value).ok()?.value();
        (!location.is_empty()).then_some(location)
    }

    fn is_parameters(&self) -> bool {
        is_parameters(&plain(&self.name))
    }

    /// The field of the default catalog.
    fn default(&self, krate: &TokenStream) -> TokenStream {
        let Self { name, ty, value, .. } = self;
        let seen = seen(krate, ty);
        let value = match value {
            None if self.is_parameters() => quote!(<#ty as ::core::default::Default>::default()),
            None => quote!(<#seen as #krate::__private::NeedsNoLocation>::make()),
            Some(value) if syn::parse2::<LitStr>(value.clone()).is_ok() && !self.is_parameters() => {
                quote!(<#seen as #krate::__private::FromLocation>::from_location(#value))
            }
            Some(value) => value.clone(),
        };
        if self.is_parameters() {
            return quote!(#name: #value);
        }
        let text = plain(name);
        quote!(#name: #krate::__private::a_dataset::<#ty>().named(#value, #text))
    }
}

fn expand(krate: &TokenStream, catalog: &Catalog, tokens: &TokenStream) -> TokenStream {
    let Catalog { attributes, visibility, keyword, name, fields, .. } = catalog;
    let struct_fields = fields.iter().map(|field| {
        let Field { attributes, visibility: own, name, ty, .. } = field;
        // A pipeline in another module reads the fields, so they can be seen as far as the struct.
        let visibility = match own {
            Visibility::Inherited if editor::asks() => editor::without_places(&quote!(#visibility)),
            Visibility::Inherited => at_place(quote!(#visibility), name.span()),
            own => quote!(#own),
        };
        quote!(#attributes #visibility #name: #ty)
    });
    let defaults = fields.iter().map(|field| field.default(krate));
    let datasets = fields.iter().filter(|field| !field.is_parameters()).map(|Field { name, ty, .. }| {
        let text = plain(name);
        quote!((#text, #krate::__private::a_dataset::<#ty>().any(&self.#name)))
    });
    let types = fields.iter().filter(|field| !field.is_parameters()).map(|field| &field.ty);
    // From the keyword to the name, or rustc would show the whole catalog where it is not `pub`.
    let at = |place: Span| if editor::asks() { Span::call_site() } else { Span::call_site().located_at(place) };
    let (keyword, struct_fields) =
        (quote_spanned!(at(keyword.span)=> struct), quote_spanned!(at(name.span())=> { #(#struct_fields),* }));
    let declaration = quote!(#keyword #name #struct_fields);
    let makro = expand_macro(catalog, tokens);
    quote! {
        #attributes
        #[allow(non_snake_case)]
        #visibility #declaration
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#defaults),* }
            }
        }
        impl #krate::__private::Catalog for #name {
            const HAS_DATASETS: ::core::primitive::bool = {
                #(let _ = #krate::__private::a_dataset::<#types>();)*
                true
            };

            fn datasets(&self) -> ::std::vec::Vec<(&'static ::core::primitive::str, &dyn #krate::__private::AnyDataset)> {
                ::std::vec![#(#datasets),*]
            }
        }
        #makro
    }
}

/// The type of a field, by a name that is an error where a field of the catalog is none, so that only that is reported. It stands where
/// the type does; in an editor there is nothing but the type there.
fn seen(krate: &TokenStream, ty: &Type) -> TokenStream {
    if editor::asks() {
        return quote!(#ty);
    }
    let places: Vec<Span> = ty.to_token_stream().into_iter().map(|tree| tree.span()).collect();
    let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return quote!(#ty) };
    let seen = at_place(quote!(#krate::__private::Seen), first);
    // Of the same origin as the path, or rustc would see no span from the one to the other.
    let origin = krate.clone().into_iter().next().map_or(last, |tree| tree.span());
    let close = quote_spanned!(origin.located_at(last)=> >);
    quote!(#seen<{ <Self as #krate::__private::Catalog>::HAS_DATASETS }, #ty #close)
}

/// The same tokens at another place: else rustc would show all from the one to the other as a field.
fn at_place(tokens: TokenStream, place: Span) -> TokenStream {
    let respanned = tokens.into_iter().map(|mut tree| {
        tree.set_span(tree.span().located_at(place));
        tree
    });
    respanned.collect()
}

/// The macro of the catalog's name. It has a hidden name first, since an exported macro lives at the root of its crate.
fn expand_macro(catalog: &Catalog, tokens: &TokenStream) -> TokenStream {
    let Catalog { visibility, name, fields, .. } = catalog;
    let entries = fields.iter().map(|field| {
        let name = &field.name;
        // Each pipeline reads all of them: a dataset is one token.
        if field.is_parameters() { quote!({ #name parameters }) } else { quote!(#name) }
    });
    let hidden =
        format_ident!("__catalog_{}_{:016x}", plain(name), fingerprint(name, tokens), span = Span::call_site());
    let unreadable = catalog.unreadable.iter().map(|name| quote!({ #name unreadable }));
    let entries = entries.chain(unreadable);
    let this_crate = this_crate();
    let arm = quote! {
        ([$($krate:tt)*] $next:ident $($rest:tt)*) => {
            $($krate)*::__private::$next! { [$($krate)*] [#this_crate #(#entries)*] $($rest)* }
        };
    };
    if matches!(visibility, Visibility::Public(_)) {
        quote! {
            #[doc(hidden)]
            #[allow(non_local_definitions)]
            #[macro_export]
            macro_rules! #hidden { #arm }
            #[doc(hidden)]
            #[allow(unused_imports)]
            pub use #hidden as #name;
        }
    } else {
        quote! {
            #[allow(unused_macros)]
            macro_rules! #hidden { #arm }
            #[allow(unused_imports)]
            #visibility use #hidden as #name;
        }
    }
}

/// A number that differs between catalogs of one name in one crate: from the place of the declaration, and what it holds.
fn fingerprint(name: &Ident, tokens: &TokenStream) -> u64 {
    let mut hasher = DefaultHasher::new();
    if proc_macro::is_available() {
        let span = name.span().unwrap();
        (span.file(), span.line(), span.column()).hash(&mut hasher);
    }
    tokens.to_string().hash(&mut hasher);
    hasher.finish()
}
