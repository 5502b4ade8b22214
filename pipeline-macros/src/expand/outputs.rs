//! The free outputs of a pipeline: the struct that a run returns, and how it is filled.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;
use super::call::local;
use crate::ast::Name;
use crate::graph::{Dataset, Home};

impl Expansion<'_> {
    pub(super) fn has_free_outputs(&self) -> bool {
        self.free_outputs().next().is_some()
    }

    /// The free outputs.
    fn free_outputs(&self) -> impl Iterator<Item = FreeOutput<'_>> {
        self.places.datasets.iter().enumerate().filter_map(|(place, &id)| {
            let dataset = &self.graph.datasets[id];
            if dataset.home != Home::Memory || !dataset.readers.is_empty() {
                return None;
            }
            match self.graph.output(*dataset.writers.first()?) {
                Name::Dataset { ident, .. } => Some(FreeOutput { dataset, ident, place }),
                Name::Parameter { .. } => None,
            }
        })
    }

    /// The free outputs that are fields of their struct: of an item those with a type, since the others have been reported.
    fn output_fields(&self, is_item: bool) -> Vec<FreeOutput<'_>> {
        self.free_outputs().filter(|output| !is_item || output.is_typed()).collect()
    }

    /// The struct of the free outputs can be printed, unless it has very many: what it costs rustc grows with their square.
    pub(super) fn derive_debug(&self) -> TokenStream {
        const MANY: usize = 100;
        if self.free_outputs().count() > MANY { TokenStream::new() } else { quote!(#[derive(::core::fmt::Debug)]) }
    }

    /// The struct of the free outputs. Its fields' types are parameters: so they can be inferred, or all be options.
    pub(super) fn outputs_struct(&self, name: &Ident, head: &TokenStream, is_item: bool) -> TokenStream {
        let (krate, same_name) = (self.context.krate, &self.again(name));
        let fields = self.output_fields(is_item);
        let idents = fields.iter().map(|output| match self.context.editor {
            Some(editor) if !self.has_nameless_outputs => editor.place(output.ident),
            _ => output.ident.clone(),
        });
        let docs = fields.iter().map(|output| format!(" The free output `{}`.", output.dataset.name));
        let types: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("Out{index}")).collect();
        let dag = is_item.then(|| {
            quote!(const DAG: ::core::option::Option<&'static #krate::Dag> = ::core::option::Option::Some(#same_name::DAG);)
        });
        let portable = (is_item && self.context.is_portable).then(|| {
            quote!(
                const IS_PORTABLE: bool = true;
            )
        });
        if fields.is_empty() {
            return quote! {
                #head struct #name {}
                impl #krate::__private::Outputs for #same_name {
                    type Partial = #same_name;
                    #dag
                    #portable
                }
            };
        }
        let defaults = fields.iter().map(|output| match &output.dataset.ty {
            Some(ty) if is_item => quote!(= #ty),
            _ => TokenStream::new(),
        });
        quote! {
            #[allow(non_snake_case, dead_code, missing_debug_implementations)]
            #head struct #name<#(#types #defaults),*> {
                #(#[doc = #docs] pub #idents: #types),*
            }
            impl<#(#types),*> #krate::__private::Outputs for #same_name<#(#types),*> {
                type Partial = #same_name<#(::core::option::Option<#types>),*>;
                #dag
                #portable
            }
        }
    }

    /// How the free outputs are collected: all of them, and those that are there.
    pub(super) fn collect(&self, name: &Ident, is_item: bool) -> [TokenStream; 2] {
        let fields = self.output_fields(is_item);
        if fields.is_empty() {
            return [quote!(|_| #name {}), quote!(|_| #name {})];
        }
        let idents: Vec<&Ident> = fields.iter().map(|output| output.ident).collect();
        let slots: Vec<TokenStream> = fields.iter().map(FreeOutput::slot).collect();
        [
            quote!(move |io| #name { #(#idents: io.collect(#slots)),* }),
            quote!(move |io| #name { #(#idents: io.collect_if_written(#slots)),* }),
        ]
    }
}

/// A dataset in memory that no node reads.
struct FreeOutput<'a> {
    dataset: &'a Dataset,
    /// Its name where it is written.
    ident: &'a Ident,
    /// Its place in the DAG.
    place: usize,
}

impl FreeOutput<'_> {
    /// The field of an item's struct needs a type; that one is missing has been reported.
    fn is_typed(&self) -> bool {
        self.dataset.ty.is_some()
    }

    /// The arguments that say which slot.
    fn slot(&self) -> TokenStream {
        let (place, slot) = (Literal::usize_unsuffixed(self.place), local("slot", self.ident));
        quote!(#place, &#slot)
    }
}
