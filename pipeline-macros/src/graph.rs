//! From names to datasets: who writes and who reads each, and the order that follows.

use std::collections::HashMap;

use pipeline_graph::{Cycle, Ends, Order};
use proc_macro2::{Span, TokenStream};

use crate::ast::{Entry, EntryKind, Name, Node};

/// Where one name stands: a node in the order of the source, and a place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) node: usize,
    pub(crate) index: usize,
}

/// Where a dataset lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Memory,
    Catalog,
    Parameter,
}

/// A dataset that the pipeline names.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) home: Home,
    pub(crate) writers: Vec<Place>,
    pub(crate) readers: Vec<Place>,
    /// Where the catalog declares it.
    pub(crate) declared: Option<Span>,
    /// The type that the pipeline gives it, where it is written first.
    pub(crate) ty: Option<TokenStream>,
    /// The input that gives it, if no output does.
    pub(crate) given_by: Option<Place>,
}

impl Dataset {
    /// The type that an output gives it.
    pub(crate) fn type_of_output(&self) -> Option<&TokenStream> {
        self.ty.as_ref().filter(|_| self.given_by.is_none())
    }
}

/// A node's names, each with its dataset; none where no such dataset exists.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) inputs: Vec<Option<usize>>,
    pub(crate) outputs: Vec<Option<usize>>,
}

/// A pipeline whose names are resolved.
pub(crate) struct Graph<'a> {
    /// In the order of the source.
    pub(crate) nodes: &'a [Node],
    pub(crate) wires: Vec<Wires>,
    pub(crate) datasets: Vec<Dataset>,
    /// What the catalog calls its parameters.
    pub(crate) parameters: Option<&'a str>,
    pub(crate) order: Result<Order, Cycle>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(nodes: &'a [Node], catalog: &'a [Entry]) -> Self {
        let mut resolver = Resolver::new(catalog);
        let outputs: Vec<Vec<Option<usize>>> = nodes
            .iter()
            .enumerate()
            .map(|(node, parts)| {
                places(node, &parts.outputs.names).map(|(place, name)| resolver.output(place, name)).collect()
            })
            .collect();
        let inputs = nodes.iter().enumerate().map(|(node, parts)| {
            places(node, &parts.inputs.names).map(|(place, name)| resolver.input(place, name)).collect()
        });
        let wires: Vec<Wires> = inputs
            .collect::<Vec<_>>()
            .into_iter()
            .zip(outputs)
            .map(|(inputs, outputs)| Wires { inputs, outputs })
            .collect();
        let ends: Vec<Ends> = wires
            .iter()
            .map(|wires| Ends {
                inputs: wires.inputs.iter().flatten().copied().collect(),
                outputs: wires.outputs.iter().flatten().copied().collect(),
            })
            .collect();
        let is_in_memory: Vec<bool> = resolver.datasets.iter().map(|dataset| dataset.home == Home::Memory).collect();
        let order = pipeline_graph::order(&ends, &is_in_memory);
        Self { nodes, wires, parameters: resolver.parameters, datasets: resolver.datasets, order }
    }

    /// The name that stands at a place of a node's inputs.
    pub(crate) fn input(&self, place: Place) -> &'a Name {
        &self.nodes[place.node].inputs.names[place.index]
    }

    /// The name that stands at a place of a node's outputs.
    pub(crate) fn output(&self, place: Place) -> &'a Name {
        &self.nodes[place.node].outputs.names[place.index]
    }
}

fn places(node: usize, names: &[Name]) -> impl Iterator<Item = (Place, &Name)> {
    names.iter().enumerate().map(move |(index, name)| (Place { node, index }, name))
}

/// Gives each name its dataset. Outputs come first: they say what there is in memory.
struct Resolver<'a> {
    catalog: HashMap<&'a str, &'a Entry>,
    parameters: Option<&'a str>,
    datasets: Vec<Dataset>,
    by_name: HashMap<String, usize>,
}

impl<'a> Resolver<'a> {
    fn new(catalog: &'a [Entry]) -> Self {
        let parameters = catalog.iter().find(|entry| entry.kind == EntryKind::Parameters);
        Self {
            catalog: catalog.iter().map(|entry| (entry.name.as_str(), entry)).collect(),
            parameters: parameters.map(|entry| entry.name.as_str()),
            datasets: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    fn output(&mut self, place: Place, name: &Name) -> Option<usize> {
        let Name::Dataset { ty, .. } = name else { return None };
        let text = name.text();
        let home = match self.catalog.get(text.as_str()).map(|entry| entry.kind) {
            None if is_parameters(&text) => return None,
            None | Some(EntryKind::Unreadable) => Home::Memory,
            Some(EntryKind::Dataset) => Home::Catalog,
            Some(EntryKind::Parameters) => return None,
        };
        let id = self.dataset(text, home);
        self.datasets[id].writers.push(place);
        self.note_type(id, ty.as_ref(), None);
        Some(id)
    }

    fn input(&mut self, place: Place, name: &Name) -> Option<usize> {
        let text = name.text();
        let id = match name {
            Name::Parameter { .. } => {
                self.parameters?;
                self.dataset(text, Home::Parameter)
            }
            Name::Dataset { .. } if is_parameters(&text) => {
                self.parameters?;
                // Kedro's name for all of them, whatever the field is called.
                self.dataset("parameters".to_owned(), Home::Parameter)
            }
            Name::Dataset { .. } if self.catalog.contains_key(text.as_str()) => self.dataset(text, Home::Catalog),
            Name::Dataset { .. } => *self.by_name.get(&text)?,
        };
        self.datasets[id].readers.push(place);
        if let Name::Dataset { ty, .. } = name {
            self.note_type(id, ty.as_ref(), Some(place));
        }
        Some(id)
    }

    fn dataset(&mut self, name: String, home: Home) -> usize {
        *self.by_name.entry(name).or_insert_with_key(|name| {
            let declared = self.catalog.get(name.as_str()).and_then(|entry| entry.span);
            let (writers, readers) = (Vec::new(), Vec::new());
            let dataset = Dataset { name: name.clone(), home, writers, readers, declared, ty: None, given_by: None };
            self.datasets.push(dataset);
            self.datasets.len() - 1
        })
    }

    fn note_type(&mut self, id: usize, ty: Option<&TokenStream>, by_input: Option<Place>) {
        let dataset = &mut self.datasets[id];
        if let (None, Some(ty)) = (&dataset.ty, ty) {
            dataset.ty = Some(ty.clone());
            dataset.given_by = by_input;
        }
    }
}

/// Whether a name stands for the parameters as a whole.
pub(crate) fn is_parameters(name: &str) -> bool {
    name == "params" || name == "parameters"
}
