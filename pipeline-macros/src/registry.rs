//! `pipelines!`: pipelines by name.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Token, Visibility};

use crate::ast::{Entry, EntryKind, Form};
use crate::diagnostics::Diagnostics;
use crate::parse::{self, Head, attributes};
use crate::scan::{after_comma, is_entry, is_punct, plain, take_until};
use crate::shim::{self, from_catalog, split_krate, to_catalog};
use crate::{cfg, editor, expand};

/// A registry as it is written.
struct Registry {
    attributes: TokenStream,
    /// Whether `#[portable]` stands before it: all its pipelines are.
    is_portable: bool,
    visibility: Visibility,
    name: Ident,
    catalog: TokenStream,
    pipelines: Vec<Registered>,
}

/// `__default__ = data_processing + data_science`
pub(crate) struct Registered {
    pub(crate) name: Ident,
    pub(crate) terms: Vec<Term>,
}

/// A part of a sum, or all there is.
pub(crate) enum Term {
    /// Another entry of the registry.
    Entry(Ident),
    /// A pipeline declared elsewhere: `data_processing::pipeline()`.
    Path(TokenStream),
    /// `pipeline!< … >`
    Literal(TokenStream),
    /// None of these, which has been reported.
    Unreadable(TokenStream),
}

impl Term {
    fn tokens(&self) -> TokenStream {
        match self {
            Term::Entry(name) => name.to_token_stream(),
            Term::Path(tokens) | Term::Literal(tokens) | Term::Unreadable(tokens) => tokens.clone(),
        }
    }
}

/// Hands a registry to the macro of its catalog.
pub(crate) fn pipelines_in(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = split_krate(tokens);
    if let Some(calls) = cfg::ask(&krate, "pipelines", &tokens, false) {
        return calls;
    }
    let parser = |input: ParseStream<'_>| parse(input, &mut Diagnostics::default());
    match parser.parse2(tokens.clone()) {
        Ok(registry) if cfg::leaves_out(&registry.attributes) => TokenStream::new(),
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
            if editor::asks() {
                let names = editor::names_in_registry(&call.krate, &registry.catalog, &registry.pipelines);
                let pipelines = editor::registry_without_places(&registry.pipelines);
                let expansion =
                    expand(&call.krate, &call.entries, &Registry { pipelines, ..registry }, &diagnostics, &names);
                return quote!(#expansion #diagnostics);
            }
            let expansion = expand(&call.krate, &call.entries, &registry, &diagnostics, &TokenStream::new());
            quote!(#diagnostics #expansion)
        }
        Err(error) => error.into_compile_error(),
    }
}

fn parse(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Registry> {
    let (attributes, is_portable) = parse::portable(attributes(input)?);
    let visibility = input.parse()?;
    input.parse::<Token![fn]>()?;
    let name: Ident = input.parse()?;
    let parameters: Group = input.parse()?;
    if parameters.delimiter() != Delimiter::Parenthesis || !parameters.stream().is_empty() {
        let message = format!("`{name}` takes no parameters");
        let help = format!(
            "write `fn {name}()`: workers and tests make the same registry; a value that pipelines need is a \
             dataset or a parameter of the catalog, which `with_catalog` makes"
        );
        diagnostics.error(parameters.span(), &message, &help);
    }
    input.parse::<Token![for]>()?;
    let catalog = take_until(input, |cursor| cursor.group(Delimiter::Brace).is_some());
    let content;
    syn::braced!(content in input);
    let pipelines = if editor::asks() {
        let parser = |input: ParseStream<'_>| Ok(registered(input, diagnostics));
        parser.parse2(editor::unnest_entries(content.parse()?)).unwrap_or_default()
    } else {
        registered(&content, diagnostics)
    };
    Ok(Registry { attributes, is_portable, visibility, name, catalog, pipelines })
}

/// Reads every entry that it can.
fn registered(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Vec<Registered> {
    let mut pipelines = Vec::new();
    while !input.is_empty() {
        let error = match entry(input, diagnostics) {
            Ok(registered) => {
                pipelines.extend(registered);
                let is_over = input.is_empty() || input.peek(Token![,]);
                (!is_over).then(|| input.error("expected `,` between pipelines"))
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            diagnostics.syntax(&error);
            // Another entry is read at once; anything else is passed over.
            take_until(input, |cursor| is_punct(cursor, ',') || is_entry(cursor));
        }
        if input.parse::<Option<Token![,]>>().is_err() {
            break;
        }
    }
    pipelines
}

/// An entry; none if a condition before it does not hold.
fn entry(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Option<Registered>> {
    let is_left_out = cfg::before(input, "a pipeline of a registry", diagnostics)?;
    let name: Ident = input.parse()?;
    if !input.peek(Token![=]) {
        return Err(input.error(format!("expected `=` after `{name}`")));
    }
    input.parse::<Token![=]>()?;
    let mut terms = vec![term_or_rest(input, diagnostics)];
    while input.parse::<Option<Token![+]>>()?.is_some() {
        terms.push(term_or_rest(input, diagnostics));
    }
    Ok((!is_left_out).then_some(Registered { name, terms }))
}

/// A term; what is none is reported, and ends where one would.
fn term_or_rest(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Term {
    let ahead = input.fork();
    term(&ahead, diagnostics).map_or_else(
        |error| {
            diagnostics.syntax(&error);
            Term::Unreadable(take_until(input, ends_term))
        },
        |term| {
            input.advance_to(&ahead);
            term
        },
    )
}

fn ends_term(cursor: Cursor<'_>) -> bool {
    is_punct(cursor, ',') || is_punct(cursor, '+') || is_entry(cursor)
}

/// What stands in angles ends with the `>`; without it, where the next entry begins.
fn ends_nodes(cursor: Cursor<'_>) -> bool {
    is_punct(cursor, '>') || is_entry(cursor) || after_comma(cursor).is_some_and(is_entry)
}

fn term(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> syn::Result<Term> {
    let wanted = "expected `pipeline!< … >` or the name of a pipeline";
    let is_path = input.peek(Ident::peek_any) || input.peek(Token![::]);
    if !is_path || is_entry(input.cursor()) {
        return Err(input.error(wanted));
    }
    if input.peek(syn::Ident) && input.peek2(Token![!]) {
        let keyword: Ident = input.parse()?;
        input.parse::<Token![!]>()?;
        if keyword != "pipeline" {
            let error = syn::Error::new(keyword.span(), wanted);
            if !pipeline_graph::is_near(&keyword.to_string(), "pipeline") {
                return Err(error);
            }
            diagnostics.syntax(&error);
        }
        if !input.peek(Token![<]) {
            return Ok(Term::Literal(input.parse::<Group>()?.stream()));
        }
        input.parse::<Token![<]>()?;
        let nodes = take_until(input, ends_nodes);
        if input.parse::<Token![>]>().is_err() {
            diagnostics.syntax(&input.error("expected `>` after the nodes of `pipeline!< … >`"));
        }
        return Ok(Term::Literal(nodes));
    }
    let path: syn::Path = input.call(syn::Path::parse_mod_style)?;
    let arguments: Option<Group> = if input.peek(syn::token::Paren) { Some(input.parse()?) } else { None };
    if let Some(arguments) = arguments.as_ref().filter(|arguments| !arguments.stream().is_empty()) {
        let path = text_of(&quote!(#path));
        let message = format!("`{path}` is a pipeline, and takes no arguments");
        let help =
            format!("write `{path}()`: a pipeline reads and writes the datasets of the catalog that its nodes name");
        diagnostics.error(arguments.span(), &message, &help);
    }
    match (path.get_ident(), arguments) {
        (Some(ident), None) => Ok(Term::Entry(ident.clone())),
        _ => Ok(Term::Path(quote!(#path))),
    }
}

/// A bare name is an entry, no two entries have one name, and none is made of itself.
fn check(registry: &Registry, diagnostics: &mut Diagnostics) {
    let known: Vec<String> = registry.pipelines.iter().map(|registered| plain(&registered.name)).collect();
    let mut first_of: HashMap<&str, usize> = HashMap::new();
    for (index, name) in known.iter().enumerate() {
        first_of.entry(name).or_insert(index);
    }
    for (index, registered) in registry.pipelines.iter().enumerate() {
        let name = &known[index];
        if first_of[name.as_str()] < index {
            diagnostics.error(registered.name.span(), &format!("two pipelines are registered as `{name}`"), "");
        }
        for term in &registered.terms {
            let Term::Entry(entry) = term else { continue };
            let text = plain(entry);
            match first_of.get(text.as_str()).copied() {
                None => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let hint = pipeline_graph::did_you_mean(&text, &known, "the registered pipelines");
                    let (end, a) = if hint.ends_with('?') { ("", 'A') } else { (";", 'a') };
                    let help =
                        format!("{hint}{end} {a} pipeline that is declared elsewhere is written as a call, `{text}()`");
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

fn expand(
    krate: &TokenStream,
    entries: &[Entry],
    registry: &Registry,
    diagnostics: &Diagnostics,
    names: &TokenStream,
) -> TokenStream {
    let Registry { attributes, is_portable, visibility, name, catalog, pipelines } = registry;
    let mut expansion = Expansion::new(krate, catalog, entries, *is_portable);
    for registered in pipelines {
        expansion.entry(registered);
    }
    let (new, reach) = if *is_portable {
        (quote!(portable), quote!(, #krate::dataset::AnyProcess))
    } else {
        (quote!(new), TokenStream::new())
    };
    // What a mistake has left out may use any dataset.
    let datasets_are_used = diagnostics.is_empty().then(|| expansion.check_datasets());
    let (parts, local) = (expansion.parts(), local());
    let Expansion { items, checks, made, .. } = &expansion;
    quote! {
        #attributes
        #[must_use]
        #visibility fn #name() -> #krate::Pipelines<#catalog #reach> {
            #names
            #items
            #parts
            #checks
            #datasets_are_used
            let mut #local = #krate::__private::Pipelines::#new(<#catalog as ::core::default::Default>::default);
            #made
            #local
        }
    }
}

/// The body of the function, entry by entry.
struct Expansion<'a> {
    krate: &'a TokenStream,
    catalog: &'a TokenStream,
    entries: &'a [Entry],
    is_portable: bool,
    /// The pipelines that all entries are made of, each once: what rustc is to take for what is known of it.
    parts: Vec<TokenStream>,
    /// The places among them of those that are declared elsewhere, by their paths.
    of_paths: HashMap<String, usize>,
    /// The entries, and their places by their names.
    made_entries: Vec<MadeEntry>,
    of_names: HashMap<String, usize>,
    /// The DAGs of all parts.
    items: TokenStream,
    checks: TokenStream,
    made: TokenStream,
}

impl<'a> Expansion<'a> {
    fn new(krate: &'a TokenStream, catalog: &'a TokenStream, entries: &'a [Entry], is_portable: bool) -> Self {
        Self {
            krate,
            catalog,
            entries,
            is_portable,
            parts: Vec::new(),
            of_paths: HashMap::new(),
            made_entries: Vec::new(),
            of_names: HashMap::new(),
            items: TokenStream::new(),
            checks: TokenStream::new(),
            made: TokenStream::new(),
        }
    }

    fn entry(&mut self, registered: &Registered) {
        let index = self.made_entries.len();
        let (krate, catalog, local, text) = (self.krate, self.catalog, local(), plain(&registered.name));
        let mut addends = Vec::with_capacity(registered.terms.len());
        let mut values = Vec::with_capacity(registered.terms.len());
        for (term_index, term) in registered.terms.iter().enumerate() {
            let (addend, value) = match term {
                Term::Entry(entry) => match self.of_names.get(&plain(entry)) {
                    Some(&place) => {
                        let MadeEntry { is_sum, parts } = &self.made_entries[place];
                        let by_way_of = if *is_sum { plain(entry) } else { String::new() };
                        let place = Literal::usize_unsuffixed(place);
                        (Addend { by_way_of, parts: parts.clone(), at: entry.span() }, quote!(#local.entry(#place)))
                    }
                    None => (Addend::nothing(entry.span()), missing(krate, catalog)),
                },
                Term::Unreadable(_) => (Addend::nothing(Span::call_site()), missing(krate, catalog)),
                Term::Path(path) => {
                    let (place, at, value) = self.path(path, &format!("{index}_{term_index}"));
                    (Addend { by_way_of: String::new(), parts: vec![place], at }, value)
                }
                Term::Literal(nodes) => {
                    let dag = format_ident!("DAG_{index}_{term_index}", span = Span::mixed_site());
                    let (item, value) = literal(krate, catalog, self.entries, nodes, self.is_portable, &dag);
                    self.items.extend(item);
                    self.parts.push(quote!(#krate::__private::sum::literal(#text, &#dag)));
                    let parts = vec![self.parts.len() - 1];
                    (Addend { by_way_of: String::new(), parts, at: registered.name.span() }, value)
                }
            };
            addends.push(addend);
            let is_entry = matches!(term, Term::Entry(_));
            values.push(if registered.terms.len() > 1 && !is_entry { quote!(#value.without_outputs()) } else { value });
        }
        let made = if let [value] = values.as_slice() {
            quote!(#local.add(#text, #value);)
        } else {
            self.check_sum(index, &registered.terms, &addends);
            quote!(#local.add_sum(#text, [#(#values),*]);)
        };
        self.made.extend(made);
        // A sum of sums has what these have in common once.
        let mut is_known = HashSet::new();
        let parts = addends.into_iter().flat_map(|addend| addend.parts).filter(|&part| is_known.insert(part)).collect();
        self.made_entries.push(MadeEntry { is_sum: registered.terms.len() > 1, parts });
        self.of_names.entry(text).or_insert(index);
    }

    /// A pipeline that is declared elsewhere: the place of its part, where its name stands, and the pipeline.
    fn path(&mut self, path: &TokenStream, number: &str) -> (usize, Span, TokenStream) {
        let (krate, name) = (self.krate, path.to_string().replace(' ', ""));
        let part = format_ident!("PART_{number}", span = Span::mixed_site());
        let Declared { at, term } = declared(krate, self.catalog, path);
        let sum = quote!(#krate::__private::sum);
        let declared_as = if self.is_portable { quote!(declared_portable) } else { quote!(declared) };
        self.items.extend(quote!(const #part: #sum::Declared = #sum::#declared_as(#name, || #term);));
        self.items.extend(constant(at, &quote!(#part.mistake)));
        let parts = &mut self.parts;
        let place = *self.of_paths.entry(name).or_insert_with(|| {
            parts.push(quote!(#part.part));
            parts.len() - 1
        });
        (place, at, quote!(#term.pipeline))
    }

    /// All parts, for the checks.
    fn parts(&self) -> TokenStream {
        let (krate, parts) = (self.krate, &self.parts);
        quote!(const PARTS_OF_SUMS: &[#krate::__private::sum::Part] = &[#(#parts),*];)
    }

    /// Constants that panic if the parts of a sum do not fit together: only rustc knows the DAGs of pipelines declared elsewhere.
    fn check_sum(&mut self, index: usize, terms: &[Term], addends: &[Addend]) {
        let sum = format_ident!("SUM_{index}", span = Span::mixed_site());
        let checked = format_ident!("CHECKED_SUM_{index}", span = Span::mixed_site());
        let n_terms = Literal::usize_unsuffixed(addends.len());
        let krate = self.krate;
        let all = addends.iter().map(|Addend { by_way_of, parts, .. }| {
            let parts = parts.iter().map(|&place| Literal::usize_unsuffixed(place));
            quote!((#by_way_of, &[#(#parts),*]))
        });
        // In a static, since rustc would copy and validate a constant for each term.
        self.checks.extend(quote! {
            const #sum: #krate::__private::sum::Sum<#n_terms> = #krate::__private::sum::Sum::new(PARTS_OF_SUMS, [#(#all),*]);
            #[allow(long_running_const_eval)]
            static #checked: #krate::__private::sum::Checked<#n_terms> = #sum.check::<{ #sum.size() }>();
        });
        // The one part of the first term stands before all others.
        for (term, addend) in
            addends.iter().enumerate().filter(|(term, addend)| addend.parts.len() > usize::from(*term == 0))
        {
            let term = Literal::usize_unsuffixed(term);
            self.checks.extend(constant(addend.at, &quote!(#checked.of_term(#term))));
        }
        let places: Vec<Span> = terms.iter().flat_map(Term::tokens).map(|tree| tree.span()).collect();
        let call_site = Span::call_site();
        let (first, last) = (places.first().copied().unwrap_or(call_site), places.last().copied().unwrap_or(call_site));
        self.checks.extend(constant_over(first, last, &quote!(&#checked.circle)));
    }

    /// Calls that warn, under its name in the catalog, of each dataset that no pipeline uses. Those of another crate's catalog may be used there.
    fn check_datasets(&self) -> TokenStream {
        let krate = self.krate;
        let of_this_crate = |entry: &&Entry| entry.kind == EntryKind::Dataset && entry.span.is_some();
        let datasets: Vec<&Entry> = self.entries.iter().filter(of_this_crate).collect();
        if datasets.is_empty() {
            return TokenStream::new();
        }
        let (names, n_datasets) = (datasets.iter().map(|entry| &entry.name), Literal::usize_unsuffixed(datasets.len()));
        let checks = datasets.iter().enumerate().filter_map(|(index, entry)| {
            let used = Ident::new("used_by_a_pipeline", Span::call_site().located_at(entry.span?));
            let index = Literal::usize_unsuffixed(index);
            Some(quote!(#krate::__private::sum::Dataset::<{ USED_DATASETS[#index] }>::#used();))
        });
        quote! {
            #[allow(long_running_const_eval)]
            static USED_DATASETS: [::core::primitive::bool; #n_datasets] =
                #krate::__private::sum::are_used([#(#names),*], PARTS_OF_SUMS);
            #(#checks)*
        }
    }
}

/// The registry while it is made.
fn local() -> Ident {
    Ident::new("pipelines", Span::mixed_site())
}

/// A pipeline that a mistake has left out.
fn missing(krate: &TokenStream, catalog: &TokenStream) -> TokenStream {
    quote!(#krate::__private::missing::<#krate::Pipeline<#catalog>>())
}

/// A pipeline that is declared elsewhere, as a term of a sum.
struct Declared {
    /// Where its name stands.
    at: Span,
    /// The term. Nothing else names the pipeline, so rustc reports a mistake in its name once.
    term: TokenStream,
}

fn declared(krate: &TokenStream, catalog: &TokenStream, path: &TokenStream) -> Declared {
    let at = path.clone().into_iter().last().map_or_else(Span::call_site, |tree| tree.span());
    // The parentheses stand at the name, or rustc would show all of the registry as a wrong term.
    let arguments = quote_spanned!(Span::call_site().located_at(at)=> ());
    Declared { at, term: quote!(#krate::__private::sum::Term::<#catalog, _> { pipeline: #path #arguments }) }
}

/// A pipeline that is written out: its static DAG, and the pipeline.
fn literal(
    krate: &TokenStream,
    catalog: &TokenStream,
    entries: &[Entry],
    nodes: &TokenStream,
    is_portable: bool,
    dag: &Ident,
) -> (TokenStream, TokenStream) {
    match parse::head(nodes.clone()) {
        Ok(head) => {
            let mut diagnostics = Diagnostics::default();
            head_is_the_registrys(&head, catalog, &mut diagnostics);
            let (item, value) =
                shim::with_graph(krate, catalog, entries, None, head, is_portable, |context, graph, _| {
                    expand::expand_apart(context, graph, dag)
                });
            (quote!(#diagnostics #item), value)
        }
        Err(error) => {
            let error = error.into_compile_error();
            let item = quote!(#error static #dag: #krate::Dag = #krate::__private::dag::dag(&[], &[]););
            (item, missing(krate, catalog))
        }
    }
}

/// A pipeline that is written out has the name of its entry, and the catalog of the registry.
fn head_is_the_registrys(head: &Head, catalog: &TokenStream, diagnostics: &mut Diagnostics) {
    if let Form::Item(item) = &head.form {
        let name = plain(&item.name);
        let message = format!("`{name}` is declared inside of a registry, where no other module finds it");
        let help = format!(
            "write the nodes alone, `pipeline!< node(…) >`, or declare `{name}` outside and write `{name}()` here"
        );
        diagnostics.error(item.name.span(), &message, &help);
        return;
    }
    let named = head.catalog.as_ref().filter(|named| named.to_string() != catalog.to_string());
    if let Some(last) = named.and_then(|named| named.clone().into_iter().last()) {
        let message = format!("the pipelines of this registry are over `{}`", text_of(catalog));
        let named = named.map(text_of).unwrap_or_default();
        diagnostics.error(last.span(), &message, &format!("leave out `for {named};`"));
    }
}

/// A path as one writes it.
fn text_of(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// An entry that sums can be made of.
struct MadeEntry {
    is_sum: bool,
    /// The places of its parts.
    parts: Vec<usize>,
}

/// A term of a sum, as its check sees it.
struct Addend {
    /// The entry, if that is a sum itself.
    by_way_of: String,
    /// The places of its parts.
    parts: Vec<usize>,
    /// Where the sum names it.
    at: Span,
}

impl Addend {
    /// One that a mistake has left out.
    fn nothing(at: Span) -> Self {
        Self { by_way_of: String::new(), parts: Vec::new(), at }
    }
}

/// A constant that panics with the text that `check` finds, at a place of the user's.
fn constant(at: Span, check: &TokenStream) -> TokenStream {
    constant_over(at, at, check)
}

/// The same from one place to another: rustc shows the call of `panic!` from its first token to its last.
fn constant_over(first: Span, last: Span, check: &TokenStream) -> TokenStream {
    let [first, last] = [first, last].map(|place| Span::call_site().located_at(place));
    let mut message = Group::new(Delimiter::Parenthesis, quote_spanned!(last=> "{}", text.as_str()));
    message.set_span(last);
    let panic = quote_spanned!(first=> ::core::panic! #message);
    quote!(const _: () = if let ::core::option::Option::Some(text) = #check { #panic };)
}
