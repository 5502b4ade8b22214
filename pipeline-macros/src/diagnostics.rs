//! Mistakes, collected: each becomes an error of its own beside whatever could be expanded.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::editor;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: TokenStream,
}

impl Diagnostics {
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Reports a mistake of syntax.
    pub(crate) fn syntax(&mut self, error: &syn::Error) {
        self.in_module(error.to_compile_error());
    }

    /// Reports `message` at `at`, with what to do about it, if that can be said.
    pub(crate) fn error(&mut self, at: Span, message: &str, help: &str) {
        self.in_module(compile_error(at, message, help));
    }

    /// An expression for what `mistakes` are in: they are reported, and rustc says nothing else of it, nor of what follows from it.
    ///
    /// It names what is not there, in a module with a mistake: rustc takes it that the mistake is the reason.
    pub(crate) fn instead(mistakes: impl Iterator<Item = Mistake>) -> TokenStream {
        let errors = mistakes.map(|Mistake { at, message, help }| compile_error(at, &message, &help));
        quote!({ mod mistake { #(#errors)* } mistake::left_out })
    }

    /// Where `compile_error!` stands, rustc no longer reports names that it cannot find, in that module. So it gets one of its own.
    fn in_module(&mut self, errors: TokenStream) {
        let errors = if editor::asks() { editor::before_names(errors) } else { errors };
        self.errors.extend(quote! { const _: () = { mod mistake { #errors } }; });
    }

    /// Reports `message` at `at` and shows other places too, each with its role.
    ///
    /// Stable Rust has no note with its own place. So this is a constant whose evaluation goes through a function at each place and
    /// panics in the last: rustc prints the way there, as in ``note: inside `first_writer` ``. rust-analyzer evaluates none.
    pub(crate) fn error_with_places(&mut self, at: Span, message: &str, places: &[Place]) {
        if editor::asks() {
            return self.error(at, message, "");
        }
        self.panic_at_places(at, message, places, |panic| panic);
    }

    /// The same if a constant expression holds, which only rustc can evaluate; nothing inside rust-analyzer.
    pub(crate) fn error_with_places_if(&mut self, holds: &TokenStream, at: Span, message: &str, places: &[Place]) {
        if !editor::asks() {
            self.panic_at_places(at, message, places, |panic| quote!(if #holds { #panic }));
        }
    }

    fn panic_at_places(
        &mut self,
        at: Span,
        message: &str,
        places: &[Place],
        condition: impl FnOnce(TokenStream) -> TokenStream,
    ) {
        let call = |index: usize, span: Span| match places.get(index) {
            Some(place) => {
                let name = place.role_at(span);
                quote_spanned!(span=> #name())
            }
            None => quote_spanned!(span=> ::core::panic!(#message)),
        };
        let functions = places.iter().enumerate().map(|(index, place)| {
            let span = place.span;
            let (name, next) = (place.role_at(span), call(index + 1, span));
            quote_spanned!(span=> #[allow(dead_code)] const fn #name() { #next })
        });
        let first = condition(call(0, at));
        self.errors.extend(quote_spanned! {at=> const _: () = { #(#functions)* #[allow(dead_code, non_upper_case_globals)] const this_pipeline: () = #first; }; });
    }
}

fn compile_error(at: Span, message: &str, help: &str) -> TokenStream {
    let text = if help.is_empty() { message.to_owned() } else { format!("{message}\n\nhelp: {help}") };
    quote_spanned! {at=> ::core::compile_error! { #text } }
}

/// A mistake, and what to do about it.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) at: Span,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A second place of a mistake, and what stands there.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) span: Span,
    /// An identifier: rustc prints ``inside `role` ``.
    pub(crate) role: String,
}

impl Place {
    fn role_at(&self, span: Span) -> Ident {
        let span = Span::call_site().located_at(span);
        syn::parse_str::<Ident>(&self.role)
            .map_or_else(|_| Ident::new_raw(&self.role, span), |_| Ident::new(&self.role, span))
    }
}

impl ToTokens for Diagnostics {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.errors.clone());
    }
}
