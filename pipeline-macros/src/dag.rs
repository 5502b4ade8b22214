//! The static DAG of a pipeline: the places of its nodes and datasets, and the tokens that write them down.

use pipeline_graph::Order;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::graph::{Graph, Home};

/// The datasets in the order of the DAG: those in memory first, as the nodes write them, then the others, as the nodes name them.
/// A dataset in memory has its slot at its place.
#[derive(Debug)]
pub(crate) struct Places {
    /// For each place, the dataset of the graph.
    pub(crate) datasets: Vec<usize>,
    /// For each dataset of the graph, its place.
    pub(crate) of: Vec<usize>,
}

impl Places {
    pub(crate) fn new(graph: &Graph<'_>, order: &[usize]) -> Self {
        let written = order.iter().flat_map(|&node| graph.wires[node].outputs.iter().flatten());
        let in_memory = written.clone().filter(|&&id| graph.datasets[id].home == Home::Memory);
        let others = order
            .iter()
            .flat_map(|&node| graph.wires[node].inputs.iter().chain(&graph.wires[node].outputs).flatten())
            .filter(|&&id| graph.datasets[id].home != Home::Memory);
        let mut places = Self { datasets: Vec::new(), of: vec![usize::MAX; graph.datasets.len()] };
        for &id in in_memory.chain(others) {
            if places.of[id] == usize::MAX {
                places.of[id] = places.datasets.len();
                places.datasets.push(id);
            }
        }
        places
    }
}

/// The tokens of the DAG, an expression that a `static` can hold.
pub(crate) fn expand(krate: &TokenStream, graph: &Graph<'_>, order: &Order, places: &Places) -> TokenStream {
    let mut new_places = vec![0; graph.nodes.len()];
    for (new, &old) in order.nodes.iter().enumerate() {
        new_places[old] = new;
    }
    let nodes = order.nodes.iter().map(|&old| {
        let (node, wires) = (&graph.nodes[old], &graph.wires[old]);
        let function = node.function.text();
        let inputs = list(wires.inputs.iter().flatten().map(|&id| places.of[id]));
        let outputs = list(wires.outputs.iter().flatten().map(|&id| places.of[id]));
        let name = node.name.iter().map(|name| quote!(.named(#name)));
        let tags = Some(&node.tags).filter(|tags| !tags.is_empty()).map(|tags| quote!(.tagged(&[#(#tags),*])));
        let n_predecessors = order.n_predecessors[old];
        let after = (n_predecessors > 0).then(|| {
            let (n_predecessors, layer) =
                (Literal::u32_unsuffixed(n_predecessors), Literal::u32_unsuffixed(order.layers[old]));
            quote!(.after(#n_predecessors).in_layer(#layer))
        });
        let mut successors: Vec<usize> = order.successors[old].iter().map(|&node| new_places[node]).collect();
        successors.sort_unstable();
        let before = some_list(successors).map(|successors| quote!(.before(#successors)));
        let retrying = node.tried_again().and(node.retries).map(|retries| {
            let retries = Literal::u32_unsuffixed(retries.value);
            let backoff = Literal::u64_unsuffixed(node.backoff.map_or(0, |backoff| backoff.value));
            quote!(.retrying(#retries, #backoff))
        });
        let within = node.timeout.map(|timeout| {
            let timeout = Literal::u64_unsuffixed(timeout.value);
            quote!(.within(#timeout))
        });
        quote!(node(#function, #inputs, #outputs)#(#name)*#tags #after #before #retrying #within)
    });
    let datasets = places.datasets.iter().map(|&id| {
        let dataset = &graph.datasets[id];
        let name = &dataset.name;
        let kind = match dataset.home {
            Home::Memory => quote!(in_memory),
            Home::Catalog => quote!(in_catalog),
            Home::Parameter => quote!(parameter),
        };
        let writer = dataset.writers.first().map(|place| {
            let writer = Literal::usize_unsuffixed(new_places[place.node]);
            quote!(.written_by(#writer))
        });
        let mut readers: Vec<usize> = dataset.readers.iter().map(|place| new_places[place.node]).collect();
        readers.sort_unstable();
        let readers = some_list(readers).map(|readers| quote!(.read_by(#readers)));
        quote!(#kind(#name) #writer #readers)
    });
    quote! {{
        use #krate::__private::dag::*;
        dag(&[#(#nodes),*], &[#(#datasets),*])
    }}
}

fn some_list(values: Vec<usize>) -> Option<TokenStream> {
    if values.is_empty() { None } else { Some(list(values.into_iter())) }
}

fn list(values: impl Iterator<Item = usize>) -> TokenStream {
    let values = values.map(Literal::usize_unsuffixed);
    quote!(&[#(#values),*])
}
