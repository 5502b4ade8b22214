//! From a checked graph to Rust: what one would write by hand against `pipeline-core`.
//!
//! Nodes are expanded in the order of execution, so the type of a dataset is known before its readers are checked. An input that is
//! not known at its reader (because of a mistake, which has been reported) is expanded to something of any type, so that
//! everything else is still checked.

mod attributes;
mod call;
mod chunks;
mod outputs;

use std::collections::HashSet;

use pipeline_graph::{Cycle, Order};
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Lifetime;

use self::attributes::attributes_by_item;
pub(crate) use self::call::body;
use self::call::{closure, distinct, local, parenthesized, results};
use crate::ast::{Form, FunctionKind, Item, Name, Node};
use crate::dag::{self, Places};
use crate::diagnostics::Diagnostics;
use crate::editor::Editor;
use crate::graph::{Dataset, Graph, Home};
use crate::portable::Ports;
use crate::scan::plain;

/// What the expansion of a pipeline needs beside its graph.
pub(crate) struct Context<'a> {
    /// The path of `pipeline-core`.
    pub(crate) krate: &'a TokenStream,
    /// The path of the catalog.
    pub(crate) catalog: &'a TokenStream,
    pub(crate) diagnostics: &'a Diagnostics,
    /// Whether its values can leave the process.
    pub(crate) is_portable: bool,
    /// What rust-analyzer gets beside it.
    pub(crate) editor: Option<&'a Editor<'a>>,
}

impl Context<'_> {
    fn names(&self) -> Option<TokenStream> {
        self.editor.map(|editor| editor.names(self))
    }

    /// A label for the block of an expression. Where items stand, rustc refuses it by its name, at its place: that of the catalog, or where
    /// the pipeline begins.
    fn no_name(&self) -> Lifetime {
        let catalog = self.catalog.clone().into_iter().next().filter(|_| self.editor.is_none());
        let at = catalog.map_or_else(Span::call_site, |tree| Span::call_site().located_at(tree.span()));
        Lifetime::new("'outside_of_functions_a_pipeline_has_a_name", at)
    }
}

/// Expands a pipeline.
pub(crate) fn expand(context: &Context<'_>, graph: &Graph<'_>, form: &Form) -> TokenStream {
    let expansion = Expansion { has_no_locals: matches!(form, Form::Item(_)), ..Expansion::new(context, graph) };
    match form {
        Form::Item(item) => expansion.item(item),
        Form::Expression => {
            let name = Ident::new("PIPELINE_DAG", Span::call_site());
            let (dag, pipeline) = (expansion.static_dag(&name), expansion.expression(&name));
            let names = context.names();
            let no_name = context.no_name();
            quote!(#no_name: { #names #dag #pipeline })
        }
    }
}

/// Expands an expression whose DAG others need to name: the static, and the pipeline.
pub(crate) fn expand_apart(context: &Context<'_>, graph: &Graph<'_>, name: &Ident) -> (TokenStream, TokenStream) {
    let expansion = Expansion { has_nameless_outputs: true, has_no_locals: true, ..Expansion::new(context, graph) };
    let (names, dag) = (context.names(), expansion.static_dag(name));
    (quote!(#names #dag), expansion.expression(name))
}

/// Nodes that wait for each other have no order; they are expanded as they are written.
fn order_or_source(graph: &Graph<'_>) -> Order {
    graph.order.clone().unwrap_or_else(|Cycle { .. }| Order {
        nodes: (0..graph.nodes.len()).collect(),
        layers: vec![0; graph.nodes.len()],
        successors: vec![Vec::new(); graph.nodes.len()],
        n_predecessors: vec![0; graph.nodes.len()],
    })
}

pub(crate) struct Expansion<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) graph: &'a Graph<'a>,
    order: Order,
    places: Places,
    /// No code can name the free outputs of an entry of a registry.
    has_nameless_outputs: bool,
    /// Its functions stand where there are no local variables.
    has_no_locals: bool,
}

impl<'a> Expansion<'a> {
    fn new(context: &'a Context<'a>, graph: &'a Graph<'a>) -> Self {
        let order = order_or_source(graph);
        let places = Places::new(graph, &order.nodes);
        Self { context, graph, places, order, has_nameless_outputs: false, has_no_locals: false }
    }

    /// A struct that has the DAG and is what a run returns, and a function that makes the pipeline.
    fn item(&self, item: &Item) -> TokenStream {
        let Context { krate, catalog, diagnostics, .. } = self.context;
        let Item { attributes, visibility, name, .. } = item;
        let dag = self.dag();
        let text = plain(name);
        let [of_struct, of_function, of_both] = attributes_by_item(attributes);
        // Unless the user derives it.
        let debug = (!of_struct.to_string().contains("Debug")).then(|| self.derive_debug());
        let head = quote!(#of_both #of_struct #debug #[allow(non_camel_case_types)] #visibility);
        let outputs = self.outputs_struct(name, &head, true);
        let same_name = &self.again(name);
        let [whole, partial] = self.collect(same_name, true);
        let (names, seen, declarations) = (self.context.names(), self.seen_catalog(), self.declarations());
        // rustc warns of a function that nothing uses only if it is the user's from its first token to its last.
        let users = if self.context.editor.is_some() { Span::call_site() } else { name.span() };
        let (function, end) = (quote_spanned!(users=> fn), quote_spanned!(users=> >));
        let name_and_dag = quote!(::core::option::Option::Some(#text), #same_name::DAG);
        let made = if self.graph.nodes.iter().all(|node| node.function.is_constant()) {
            let body = body(Span::call_site());
            // Nothing of the user's is in the unsafe block, where it could do what is unsafe too.
            quote! {
                let declaration = |#body: &mut #krate::__private::Body<'_, #seen>| {
                    #declarations
                    #body.outputs(#whole, #partial)
                };
                unsafe { #krate::__private::pipeline(#name_and_dag, declaration) }
            }
        } else {
            let collect = quote!(#krate::__private::Collect::new(#whole, #partial));
            self.declared_once(&quote!(#same_name::DAG), &declarations, &name_and_dag, &collect)
        };
        let mut made = Group::new(Delimiter::Brace, made);
        made.set_span(users);
        quote! {
            #names
            #diagnostics
            #outputs
            impl #same_name {
                /// The static DAG of the pipeline.
                #visibility const DAG: &'static #krate::Dag = {
                    static DAG: #krate::Dag = #dag;
                    &DAG
                };
            }
            #of_both
            #of_function
            #[must_use]
            #[allow(private_interfaces)]
            #visibility #function #name() -> #krate::Pipeline<#catalog, #same_name #end #made
        }
    }

    /// A name of the user's another time: rust-analyzer sees its place once.
    fn again(&self, name: &Ident) -> Ident {
        let mut name = name.clone();
        if self.context.editor.is_some() {
            name.set_span(Span::call_site());
        }
        name
    }

    /// The DAG under a name, and the mistakes, since both are items.
    fn static_dag(&self, name: &Ident) -> TokenStream {
        let Context { krate, diagnostics, .. } = self.context;
        let dag = self.dag();
        quote!(#diagnostics static #name: #krate::Dag = #dag;)
    }

    /// The pipeline.
    fn expression(&self, dag: &Ident) -> TokenStream {
        let krate = self.context.krate;
        let declarations = self.declarations();
        let name = Ident::new("PipelineOutputs", Span::call_site());
        let (outputs, collect) = if self.has_free_outputs() {
            let [whole, partial] = self.collect(&name, false);
            let collect = quote!(#krate::__private::Collect::new(#whole, #partial));
            (self.outputs_struct(&name, &self.derive_debug(), false), collect)
        } else {
            (TokenStream::new(), quote!(#krate::__private::Collect::nothing()))
        };
        let name_and_dag = quote!(::core::option::Option::None, &#dag);
        let made = self.declared_once(&quote!(&#dag), &declarations, &name_and_dag, &collect);
        quote!({ #outputs #made })
    }

    /// A pipeline whose functions are evaluated once: when it is made.
    fn declared_once(
        &self,
        dag: &TokenStream,
        declarations: &TokenStream,
        name_and_dag: &TokenStream,
        collect: &TokenStream,
    ) -> TokenStream {
        let (krate, seen, body) = (self.context.krate, self.seen_catalog(), body(Span::call_site()));
        let new = if self.context.is_portable { quote!(portable) } else { quote!(new) };
        // Nothing of the user's is in the unsafe block, where it could do what is unsafe too.
        quote! {
            let #body = &mut #krate::__private::Body::<#seen>::#new(#dag);
            #declarations
            unsafe { #body.pipeline(#name_and_dag, #collect) }
        }
    }

    /// A DAG with a mistake is never read.
    fn dag(&self) -> TokenStream {
        let krate = self.context.krate;
        if self.context.diagnostics.is_empty() {
            dag::expand(krate, self.graph, &self.order, &self.places)
        } else {
            quote!(#krate::__private::dag::dag(&[], &[]))
        }
    }

    /// The catalog, by a type that is an error where a field of the catalog is, so that only that is reported.
    fn seen_catalog(&self) -> TokenStream {
        let Context { krate, catalog, editor, .. } = self.context;
        if editor.is_some() {
            return quote!(#catalog);
        }
        quote!(#krate::__private::Seen<{ <#catalog as #krate::__private::Catalog>::HAS_DATASETS }, #catalog>)
    }

    /// The slots and nodes.
    fn declarations(&self) -> TokenStream {
        match self.chunks().as_slice() {
            [nodes] => self.nodes(nodes),
            chunks => self.in_chunks(chunks),
        }
    }

    /// Nodes with their slots.
    fn nodes(&self, nodes: &[usize]) -> TokenStream {
        let krate = self.context.krate;
        let written = self.written_by(nodes);
        let mut declared = vec![false; self.graph.datasets.len()];
        let mut asks = false;
        let mut ports = self.context.is_portable.then(|| Ports::new(self));
        let nodes: Vec<TokenStream> = nodes
            .iter()
            .map(|&node| {
                let tokens = self.node(node, &declared, &mut asks);
                let slots = self.slots(node, &mut declared);
                let given = self.given_by_inputs(node);
                let ports = ports.as_mut().map(|ports| ports.of_node(node));
                quote!(#(#slots)* #ports #tokens #(#given)*)
            })
            .collect();
        let no_results = self.no_results(&written);
        let in_scope = [
            asks.then(|| quote!(TakesAsDeclared as _, TakesReference as _, TakesValue as _,)),
            (!no_results.is_empty()).then(|| quote!(HoldsAResult as _, HoldsAny as _,)),
            ports.is_some_and(|ports| ports.has_datasets()).then(|| quote!(HidesItsValues as _, ShowsItsValues as _,)),
        ];
        let traits = in_scope.iter().any(Option::is_some).then(|| {
            let in_scope = in_scope.iter().flatten();
            quote!(use #krate::__private::{#(#in_scope)*};)
        });
        let names = self.context.editor.map(|editor| editor.in_memory(|name| local("slot", &self.again(name))));
        quote! {
            #traits
            #(#nodes)*
            #(#no_results)*
            #names
        }
    }

    /// A check for each dataset in memory whose type is inferred from a function without `?`: behind all nodes, when types are known.
    fn no_results(&self, written: &HashSet<usize>) -> Vec<TokenStream> {
        let unwritten = |id: &&usize| {
            let dataset = &self.graph.datasets[**id];
            written.contains(*id) && dataset.home == Home::Memory && dataset.ty.is_none()
        };
        let writers = self.places.datasets.iter().filter(unwritten).filter_map(|&id| {
            let &writer = self.graph.datasets[id].writers.first()?;
            let node = &self.graph.nodes[writer.node];
            match node.outputs.names.as_slice() {
                // Of several outputs, none is a `Result` by mistake: all of them are in one then.
                [Name::Dataset { ident, .. }] if node.fallible.is_none() => Some(ident),
                _ => None,
            }
        });
        writers
            .map(|ident| {
                let (slot, check) =
                    (local("slot", ident), Ident::new("is_no_result", Span::call_site().located_at(ident.span())));
                quote!((&#slot).#check();)
            })
            .collect()
    }

    /// The slots of a node's outputs in memory, right before the node: with all slots first, type inference would be quadratic.
    fn slots(&self, node: usize, declared: &mut [bool]) -> Vec<TokenStream> {
        let outputs = self.graph.nodes[node].outputs.names.iter().zip(&self.graph.wires[node].outputs);
        outputs
            .filter_map(|(name, &id)| {
                let (Name::Dataset { ident, .. }, Some(id)) = (name, id) else { return None };
                let dataset = &self.graph.datasets[id];
                if dataset.home != Home::Memory || std::mem::replace(&mut declared[id], true) {
                    return None;
                }
                let slot = local("slot", ident);
                let ty = dataset.type_of_output().map(|ty| quote!(::<#ty>));
                let span = Span::call_site().located_at(slot.span());
                let memory = Ident::new(if self.context.is_portable { "portable_memory" } else { "memory" }, span);
                let body = body(slot.span());
                Some(quote_spanned!(span=> let #slot = #body.#memory #ty();))
            })
            .collect()
    }

    /// The slots of a node's outputs once more, where an input gives the type: it is checked at that place, and holds for all readers.
    fn given_by_inputs(&self, node: usize) -> Vec<TokenStream> {
        let outputs = self.graph.nodes[node].outputs.names.iter().zip(&self.graph.wires[node].outputs);
        outputs
            .filter_map(|(name, &id)| {
                let (Name::Dataset { ident, .. }, Some(id)) = (name, id) else { return None };
                let dataset = &self.graph.datasets[id];
                if dataset.given_by.is_none() || dataset.home != Home::Memory || !self.is_writer(node, id) {
                    return None;
                }
                let (slot, ty) = (local("slot", ident), dataset.ty.as_ref()?);
                let at = ty.clone().into_iter().next()?.span();
                let span = Span::call_site().located_at(at);
                Some(quote_spanned!(span=> let #slot = #slot.given::<#ty>();))
            })
            .collect()
    }

    /// A node: its inputs, the call of its function, its outputs.
    fn node(&self, index: usize, declared: &[bool], asks: &mut bool) -> TokenStream {
        let node = &self.graph.nodes[index];
        let inputs: Vec<Ident> = distinct("in", &node.inputs.names);
        let outputs: Vec<Ident> = distinct("out", &node.outputs.names);
        let wires = &self.graph.wires[index];
        let values: Vec<Option<TokenStream>> = node
            .inputs
            .names
            .iter()
            .zip(&wires.inputs)
            .map(|(name, &id)| self.read(node, name, id, declared))
            .collect();
        let reads = inputs.iter().zip(&values).filter_map(|(input, value)| {
            let value = value.as_ref()?;
            Some(quote!(let #input = &mut #value;))
        });
        let inputs: Vec<Option<Ident>> =
            inputs.iter().zip(&values).map(|(input, value)| value.is_some().then(|| input.clone())).collect();
        let call = self.call(index, &inputs, asks);
        let (needs, hoisted) = self.needs(index, declared);
        let results = results(node, &call, &outputs);
        let writes = outputs
            .iter()
            .zip(&node.outputs.names)
            .zip(&wires.outputs)
            .map(|((output, name), &id)| self.write(index, output, name, id));
        // All of it stands where the function does, or rustc would show the whole pipeline where an output borrows from an input, or a
        // closure from a local variable.
        let body = body(node.function.span);
        quote_spanned! {Span::call_site().located_at(node.function.span)=>
            #hoisted
            #body.node((#(#needs,)*), |catalog, io, (#(#needs,)*)| {
                #(#reads)*
                #results
                #(#writes)*
                io.done()
            });
        }
    }

    /// What a node needs beside the catalog: the keys of its slots, and its closure, which is made before it.
    fn needs(&self, index: usize, declared: &[bool]) -> (Vec<Ident>, Option<TokenStream>) {
        let (node, wires) = (&self.graph.nodes[index], &self.graph.wires[index]);
        let in_memory = |id: usize| self.graph.datasets[id].home == Home::Memory;
        let read = node.inputs.names.iter().zip(&wires.inputs);
        let read = read.filter(|(_, id)| id.is_some_and(|id| in_memory(id) && declared[id]));
        let written = node.outputs.names.iter().zip(&wires.outputs);
        let written = written.filter(|(_, id)| id.is_some_and(|id| in_memory(id) && self.is_writer(index, id)));
        let mut needs: Vec<Ident> = Vec::new();
        for (name, _) in read.chain(written) {
            let Name::Dataset { ident, .. } = name else { continue };
            let slot = local("slot", ident);
            if !needs.contains(&slot) {
                needs.push(slot);
            }
        }
        let FunctionKind::Closure = node.function.kind else { return (needs, None) };
        let (closure, function) = (closure(node), &node.function.tokens);
        let hoisted = quote!(let #closure = #function;);
        needs.push(closure);
        (needs, Some(hoisted))
    }

    /// The place of a dataset in the DAG.
    pub(crate) fn place(&self, dataset: usize) -> Literal {
        Literal::usize_unsuffixed(self.places.of[dataset])
    }

    /// The second writer of a dataset has been reported, and writes nothing.
    pub(crate) fn is_writer(&self, node: usize, dataset: usize) -> bool {
        self.graph.datasets[dataset].writers.first().is_some_and(|place| place.node == node)
    }

    /// How an input is read; none if a mistake has left nothing to read.
    fn read(&self, node: &Node, name: &Name, id: Option<usize>, declared: &[bool]) -> Option<TokenStream> {
        let id = id?;
        let dataset = &self.graph.datasets[id];
        // The call stands where the name does, or rustc would show all of the pipeline where a dataset cannot be loaded.
        let span = Span::call_site().located_at(name.span());
        Some(match (name, dataset.home) {
            (Name::Parameter { keyword, fields }, _) => {
                let parameters = self.parameters(keyword);
                quote_spanned!(span=> io.parameter(&catalog.#parameters #(.#fields)*))
            }
            (Name::Dataset { ident, .. }, Home::Parameter) => {
                let parameters = self.parameters(ident);
                quote_spanned!(span=> io.parameter(&catalog.#parameters))
            }
            (Name::Dataset { ident, .. }, Home::Catalog) => {
                let place = self.place(id);
                quote_spanned!(span=> io.load(#place, &catalog.#ident)?)
            }
            (Name::Dataset { .. }, Home::Memory) if !declared[id] => return None,
            (Name::Dataset { ident, .. }, Home::Memory) => {
                let (place, slot) = (self.place(id), local("slot", ident));
                let method = Ident::new(if is_shared(dataset, node) { "read" } else { "take" }, span);
                quote_spanned!(span=> io.#method(#place, #slot)?)
            }
        })
    }

    /// The field of the parameters, at the place where the user names them.
    pub(crate) fn parameters(&self, at: &Ident) -> Ident {
        match self.graph.parameters {
            Some(name) if *at != name => Ident::new(name, Span::call_site().located_at(at.span())),
            _ => at.clone(),
        }
    }

    /// How an input becomes an argument. The call stands where the dataset gets its type, so that rustc shows that place too; the second one,
    /// of an input that has other readers, where one of these names it, or where its node says that it is tried again.
    fn pass(&self, node: usize, input: &Ident, name: &Name, dataset: &Dataset) -> TokenStream {
        let of_types = dataset.writers.first().map(|&writer| self.graph.output(writer).span());
        let of_types = if dataset.home == Home::Memory { of_types } else { dataset.declared };
        let pass = Ident::new("pass", self.another_place(of_types, input));
        // All but the name of the method stands at the input.
        let here = Span::call_site().located_at(name.span());
        let passed = quote_spanned!(here=> io.#pass(#input));
        if dataset.home != Home::Memory || !is_shared(dataset, &self.graph.nodes[node]) {
            return passed;
        }
        let other =
            dataset.readers.iter().find(|reader| reader.node != node).map(|&reader| self.graph.input(reader).span());
        let other = other.or_else(|| self.graph.nodes[node].tried_again());
        let clone = Ident::new("clone_as_it_is_needed_again", self.another_place(other, input));
        // In a block, or rustc would look for the mistake inside; its span differs from that of `io`, or rustc would take it for that.
        let passed = quote_spanned!(input.span()=> { #passed });
        quote_spanned!(here=> io.#clone(#passed))
    }

    /// A place that rustc shows beside that of an input. Not in an editor, which looks for what the user means at a place.
    fn another_place(&self, place: Option<Span>, input: &Ident) -> Span {
        match place {
            Some(place) if self.context.editor.is_none() => Span::call_site().located_at(place),
            _ => input.span(),
        }
    }

    /// The call of a node's function; inputs that a mistake has left out are none.
    fn call(&self, index: usize, inputs: &[Option<Ident>], asks: &mut bool) -> TokenStream {
        let krate = self.context.krate;
        let node = &self.graph.nodes[index];
        let function = &node.function.tokens;
        let names = node.inputs.names.iter().zip(&self.graph.wires[index].inputs);
        let mut arguments = inputs.iter().zip(names).map(|(input, (name, &id))| match (input, id) {
            (Some(input), Some(id)) => self.pass(index, input, name, &self.graph.datasets[id]),
            _ => quote!(#krate::__private::missing()),
        });
        match (&node.function.kind, inputs) {
            (FunctionKind::Closure, _) => {
                let (closure, arguments) = (closure(node), parenthesized(node, &quote!(#(#arguments),*)));
                quote!(#closure #arguments)
            }
            // The one parameter of a function may be generic, so that its signature does not tell how to pass the input.
            (FunctionKind::Path { generic: false, .. }, [Some(input)]) => {
                *asks = true;
                let span = Span::mixed_site().located_at(node.function.span);
                let (local, argument) = (Ident::new("function", span), arguments.next());
                quote_spanned! {span=> {
                    let #local = #function;
                    #local((&&&#input.ask(&#local)).takes(#argument))
                }}
            }
            (FunctionKind::Path { .. }, _) => {
                let arguments = parenthesized(node, &quote!(#(#arguments),*));
                quote!(#function #arguments)
            }
        }
    }

    fn write(&self, node: usize, output: &Ident, name: &Name, id: Option<usize>) -> TokenStream {
        let (Name::Dataset { ident, .. }, Some(id)) = (name, id) else {
            return quote!(::core::mem::drop(#output););
        };
        // The call stands where the name does, or rustc would show all of the pipeline as a call with a wrong argument.
        let span = Span::call_site().located_at(ident.span());
        match self.graph.datasets[id].home {
            Home::Memory if self.is_writer(node, id) => {
                let (place, slot) = (self.place(id), local("slot", ident));
                // What a dataset of unknown type holds is what its writer returns.
                if self.graph.datasets[id].type_of_output().is_some() {
                    quote_spanned!(span=> io.output(#output).put(#place, #slot);)
                } else {
                    quote_spanned!(span=> io.put(#place, #slot, #output);)
                }
            }
            Home::Memory => quote!(::core::mem::drop(#output);),
            Home::Catalog | Home::Parameter => {
                let place = self.place(id);
                quote_spanned!(span=> io.output(#output).save(#place, &catalog.#ident)?;)
            }
        }
    }
}

/// Whether a node leaves a dataset in memory to others that read it, or to itself when it is tried again.
fn is_shared(dataset: &Dataset, reader: &Node) -> bool {
    dataset.readers.len() > 1 || reader.tried_again().is_some()
}
