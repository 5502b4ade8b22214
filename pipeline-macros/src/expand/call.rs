//! What stands around the call of a node's function: locals, arguments in parentheses, and what the results are bound to.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::{Name, Node};
use crate::scan::plain;

/// The local that declares everything. No token of the user's can name it, wherever the macro is called: what is declared beside an
/// expansion would be executed by it.
pub(crate) fn body(at: Span) -> Ident {
    Ident::new("body", Span::mixed_site().located_at(at))
}

/// The local that holds the closure of a node.
pub(super) fn closure(node: &Node) -> Ident {
    Ident::new("closure", Span::mixed_site().located_at(node.function.span))
}

/// Arguments in parentheses that stand where the inputs do: there rustc says what is missing.
pub(super) fn parenthesized(node: &Node, arguments: &TokenStream) -> TokenStream {
    quote_spanned!(Span::call_site().located_at(node.inputs.span)=> (#arguments))
}

/// Binds the outputs to what the function returns: a value, or a tuple with a part for each, or `()` for none.
pub(super) fn results(node: &Node, call: &TokenStream, outputs: &[Ident]) -> TokenStream {
    let (fallible, one) = (node.fallible, if let [output] = outputs { Some(output) } else { None });
    if let (None, Some(output)) = (fallible, one) {
        return quote!(let #output = #call;);
    }
    // Each check is a call that stands where its mistake would be: at the `?`, and at the list of the outputs.
    let at = |span: Span| Span::call_site().located_at(span);
    let attempt = fallible.map(|question_mark| {
        let (span, pattern) = (at(question_mark), one.map_or_else(|| quote!(returned), |output| quote!(#output)));
        let returned = quote_spanned!(span=> returned);
        quote_spanned!(span=> let #pattern = io.attempt(#returned)?;)
    });
    let parts = one.is_none().then(|| {
        let (span, n_outputs) = (at(node.outputs.span), Literal::usize_unsuffixed(outputs.len()));
        if outputs.len() > CHECKED_PARTS {
            quote_spanned!(span=> let (#(#outputs),*) = returned;)
        } else {
            quote_spanned!(span=> let (#(#outputs),*) = io.parts::<#n_outputs, _, _>(returned);)
        }
    });
    quote!(let returned = #call; #attempt #parts)
}

/// How many parts of a tuple `pipeline-core` can count in an error.
const CHECKED_PARTS: usize = 12;

/// A local of ours that stands for a name of the user's, at the user's place.
pub(super) fn local(role: &str, name: &Ident) -> Ident {
    Ident::new(&format!("{role}_{}", plain(name)), Span::mixed_site().located_at(name.span()))
}

/// Locals for the names of a list; a name that is there twice gets two.
pub(super) fn distinct(role: &str, names: &[Name]) -> Vec<Ident> {
    let mut locals: Vec<Ident> = Vec::with_capacity(names.len());
    for name in names {
        let text = match name {
            Name::Dataset { ident, .. } => plain(ident),
            Name::Parameter { fields, .. } => fields.iter().map(plain).collect::<Vec<_>>().join("_"),
        };
        let span = Span::mixed_site().located_at(name.span());
        let mut local = Ident::new(&format!("{role}_{text}"), span);
        let mut count = 2;
        while locals.contains(&local) {
            local = Ident::new(&format!("{role}_{text}_{count}"), span);
            count += 1;
        }
        locals.push(local);
    }
    locals
}
