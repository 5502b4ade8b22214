//! The rules that a pipeline keeps, a function each. What rustc says by itself, and better, is not here.

use std::collections::HashMap;
use std::collections::hash_map::Entry as HashEntry;

use pipeline_graph::Cycle;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::ast::{Entry, EntryKind, Form, Name, Unwired};
use crate::diagnostics::{self, Diagnostics};
use crate::graph::{Dataset, Graph, Home, Place, is_parameters};
use crate::scan::plain;

/// Reports each rule that the pipeline breaks.
pub(crate) fn check(
    graph: &Graph<'_>,
    form: &Form,
    catalog: &[Entry],
    unwired: &Unwired,
    diagnostics: &mut Diagnostics,
) {
    has_nodes(graph, form, diagnostics);
    nodes_read_or_write(graph, diagnostics);
    node_names_are_unique(graph, diagnostics);
    tags_can_be_named(graph, diagnostics);
    what_waits_is_tried_again(graph, diagnostics);
    inputs_exist(graph, catalog, unwired, diagnostics);
    outputs_are_writable(graph, diagnostics);
    types_are_given_once(graph, diagnostics);
    datasets_have_one_writer(graph, diagnostics);
    nodes_do_not_read_what_they_write(graph, diagnostics);
    nodes_do_not_wait_for_each_other(graph, diagnostics);
    free_outputs_of_items_have_types(graph, form, catalog, unwired, diagnostics);
}

/// A pipeline has a node.
fn has_nodes(graph: &Graph<'_>, form: &Form, diagnostics: &mut Diagnostics) {
    if graph.nodes.is_empty() && diagnostics.is_empty() {
        let at = match form {
            Form::Item(item) => item.name.span(),
            Form::Expression => Span::call_site(),
        };
        diagnostics.error(
            at,
            "this pipeline has no nodes",
            "write at least one, `node(function, [input] -> [output])`",
        );
    }
}

/// A node has an input or an output: else nothing says when it runs.
fn nodes_read_or_write(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for node in graph.nodes {
        if node.inputs.names.is_empty() && node.outputs.names.is_empty() {
            let message = format!("node `{}` has neither inputs nor outputs", node.function.text());
            diagnostics.error(node.function.span, &message, "name at least one dataset that it reads or writes");
        }
    }
}

/// The names of nodes are unique, and made of what Kedro allows.
fn node_names_are_unique(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    let mut first_of: HashMap<String, Span> = HashMap::new();
    for name in graph.nodes.iter().filter_map(|node| node.name.as_ref()) {
        let text = name.value();
        match first_of.entry(text.clone()) {
            HashEntry::Occupied(first) => {
                let first = diagnostics::Place { span: *first.get(), role: "the_first_node_of_this_name".to_owned() };
                let message = format!("two nodes are called `{text}`");
                diagnostics.error_with_places(name.span(), &message, &[first]);
            }
            HashEntry::Vacant(new) => {
                new.insert(name.span());
            }
        }
        if !is_a_name(&text) {
            let message = format!("`{text}` cannot be the name of a node");
            diagnostics.error(name.span(), &message, ALPHABET);
        }
    }
}

/// Tags are made of the same characters as names: `--tags` lists them with commas in between.
fn tags_can_be_named(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for tag in graph.nodes.iter().flat_map(|node| &node.tags) {
        let text = tag.value();
        if !is_a_name(&text) {
            diagnostics.error(tag.span(), &format!("`{text}` cannot be a tag"), ALPHABET);
        }
    }
}

/// What Kedro allows in the names of nodes and in tags: `[\w\.-]+`.
fn is_a_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

const ALPHABET: &str = "use letters, digits, `_`, `-` and `.`";

/// A node that says how long to wait before it is tried again says how often.
fn what_waits_is_tried_again(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for node in graph.nodes {
        if let (Some(backoff), None) = (node.backoff, node.retries) {
            let message = format!("node `{}` says how long to wait before a retry, but has none", node.function.text());
            diagnostics.error(backoff.at, &message, "add how often, as in `retries = 3`");
        }
    }
}

/// An input is declared in the catalog, or a node writes it.
fn inputs_exist(graph: &Graph<'_>, catalog: &[Entry], unwired: &Unwired, diagnostics: &mut Diagnostics) {
    for (wires, node) in graph.wires.iter().zip(graph.nodes) {
        for (name, _) in node.inputs.names.iter().zip(&wires.inputs).filter(|(_, dataset)| dataset.is_none()) {
            let text = name.text();
            let is_parameter = matches!(name, Name::Parameter { .. }) || is_parameters(&text);
            if is_parameter {
                let message = "the catalog has no parameters";
                diagnostics.error(name.start(), message, "declare them there as a field `params: YourParams`");
                continue;
            }
            if unwired.unreadable.contains(&text) {
                continue;
            }
            let message =
                format!("no dataset is called `{text}`: the catalog does not declare it and no node writes it");
            if unwired.left_out.contains(&text) {
                let help = format!("the node that writes `{text}` is left out by its condition");
                diagnostics.error(name.span(), &message, &help);
                continue;
            }
            match unread_output(&text, graph, catalog) {
                Some((output, near)) => {
                    let message = format!("{message}; did you mean `{near}`, which no node reads?");
                    let place =
                        diagnostics::Place { span: output.span(), role: "the_output_that_no_node_reads".to_owned() };
                    diagnostics.error_with_places(name.span(), &message, &[place]);
                }
                None => diagnostics.error(name.span(), &message, &what_else(name, graph, catalog)),
            }
        }
    }
}

/// Where a misspelt input has an output next to it that no node reads, either may be the one that is misspelt.
fn unread_output<'a>(name: &str, graph: &'a Graph<'_>, catalog: &'a [Entry]) -> Option<(&'a Name, &'a str)> {
    let near = *pipeline_graph::nearest(name, known_datasets(graph, catalog)).first()?;
    let dataset = graph.datasets.iter().find(|dataset| dataset.name == near)?;
    let is_unread = dataset.home == Home::Memory && dataset.readers.is_empty();
    let &writer = dataset.writers.first().filter(|_| is_unread)?;
    Some((graph.output(writer), near))
}

/// What may be meant by an input that does not exist: a name that is near, or what another pipeline writes.
fn what_else(input: &Name, graph: &Graph<'_>, catalog: &[Entry]) -> String {
    let (name, ty) = (input.text(), input.ty());
    let name = name.as_str();
    let known = known_datasets(graph, catalog);
    if let Some(other) = known.iter().find(|known| known.to_lowercase() == name.to_lowercase()) {
        return format!("the names differ by case only: write `{other}`");
    }
    if pipeline_graph::is_near(name, "params") {
        return "a parameter is written `params:field`, and `params` is all of them".to_owned();
    }
    let mut help = pipeline_graph::did_you_mean(name, &known, "the datasets");
    // What fields the parameters have, only rustc knows. They have their types there.
    let parameter = graph.parameters.filter(|_| ty.is_none()).map(|_| format!("write `params:{name}`"));
    if pipeline_graph::nearest(name, known.iter().copied()).is_empty() {
        if !help.is_empty() {
            help.push('\n');
        }
        let ty = ty.map_or_else(|| "Type".to_owned(), type_text);
        let declared =
            format!("if another pipeline writes it, declare it in the catalog, as in `{name}: Memory<{ty}>`");
        help.push_str(&declared);
        help.extend(parameter.map(|write| format!("; if it is a parameter, {write}")));
    } else {
        help.extend(parameter.map(|write| format!(" If `{name}` is a parameter, {write}")));
    }
    help
}

/// The names that an input may have: what the catalog declares and what nodes write.
fn known_datasets<'a>(graph: &'a Graph<'_>, catalog: &'a [Entry]) -> Vec<&'a str> {
    let declared = catalog.iter().filter(|entry| entry.kind == EntryKind::Dataset).map(|entry| entry.name.as_str());
    let in_memory = graph.datasets.iter().filter(|dataset| dataset.home == Home::Memory);
    declared.chain(in_memory.map(|dataset| dataset.name.as_str())).collect()
}

/// Parameters are not written.
fn outputs_are_writable(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (wires, node) in graph.wires.iter().zip(graph.nodes) {
        for (name, _) in node.outputs.names.iter().zip(&wires.outputs).filter(|(_, dataset)| dataset.is_none()) {
            let message = format!("`{}` is a parameter, and nodes only read parameters", name.text());
            diagnostics.error(name.start(), &message, "write to a dataset instead");
        }
    }
}

/// The catalog says the types of its datasets, and for those in memory one place is enough.
fn types_are_given_once(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for dataset in &graph.datasets {
        for name in names_of(dataset, graph) {
            let Name::Dataset { ident, ty: Some(ty) } = name else { continue };
            let first = dataset.ty.as_ref().map(type_text);
            let ty = type_text(ty);
            let message = match dataset.home {
                Home::Catalog | Home::Parameter => format!("the catalog says already what `{}` holds", plain(ident)),
                Home::Memory if first.as_ref() != Some(&ty) => {
                    format!("`{}` has been given another type, `{}`", plain(ident), first.unwrap_or_default())
                }
                Home::Memory => continue,
            };
            diagnostics.error(ident.span(), &message, &format!("leave out `: {ty}`"));
        }
    }
}

/// A type as one writes it.
fn type_text(ty: &TokenStream) -> String {
    let mut text = String::new();
    let mut last_is_word = false;
    for tree in ty.clone() {
        let part = match &tree {
            TokenTree::Group(group) => {
                let inside = type_text(&group.stream());
                match group.delimiter() {
                    Delimiter::Parenthesis => format!("({inside})"),
                    Delimiter::Bracket => format!("[{inside}]"),
                    Delimiter::Brace => format!("{{{inside}}}"),
                    Delimiter::None => inside,
                }
            }
            TokenTree::Punct(punct) if [',', ';', '+'].contains(&punct.as_char()) => format!("{punct} "),
            tree => tree.to_string(),
        };
        let is_word = matches!(tree, TokenTree::Ident(_) | TokenTree::Literal(_));
        if is_word && last_is_word {
            text.push(' ');
        }
        text.push_str(&part);
        last_is_word = is_word;
    }
    text
}

fn names_of<'a>(dataset: &'a Dataset, graph: &'a Graph<'_>) -> impl Iterator<Item = &'a Name> {
    let written = dataset.writers.iter().map(|&place| graph.output(place));
    written.chain(dataset.readers.iter().map(|&place| graph.input(place)))
}

/// Kedro's `OutputNotUniqueError`: a dataset has one writer.
fn datasets_have_one_writer(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for dataset in &graph.datasets {
        let Some((&first, others)) = dataset.writers.split_first() else { continue };
        for &other in others {
            let (name, by) = (&dataset.name, |place: Place| graph.nodes[place.node].function.text());
            let message = if first.node == other.node {
                format!("node `{}` writes dataset `{name}` twice", by(first))
            } else {
                format!("dataset `{name}` is written by two nodes, `{}` and `{}`", by(first), by(other))
            };
            let role = if first.node == other.node { "the_first_output_of_this_name" } else { "the_first_writer" };
            let place = diagnostics::Place { span: graph.output(first).span(), role: role.to_owned() };
            diagnostics.error_with_places(graph.output(other).span(), &message, &[place]);
        }
    }
}

/// A node does not read what it writes.
fn nodes_do_not_read_what_they_write(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (wires, node) in graph.wires.iter().zip(graph.nodes) {
        for (name, input) in node.inputs.names.iter().zip(&wires.inputs) {
            let Some(output) = input.and_then(|input| wires.outputs.iter().position(|&output| output == Some(input)))
            else {
                continue;
            };
            let message =
                format!("node `{}` reads dataset `{}`, which it writes itself", node.function.text(), name.text());
            let span = node.outputs.names[output].span();
            let place = diagnostics::Place { span, role: "its_output".to_owned() };
            diagnostics.error_with_places(name.span(), &message, &[place]);
        }
    }
}

/// Kedro's `CircularDependencyError`: nodes do not wait for each other.
fn nodes_do_not_wait_for_each_other(graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    let Err(Cycle { nodes: circle }) = &graph.order else { return };
    // A circle of one has been reported as a node that reads what it writes.
    if circle.len() < 2 {
        return;
    }
    // For each node of the circle, the name that the node after it reads.
    let passed: Vec<(&Name, &str)> = circle
        .iter()
        .zip(circle.iter().cycle().skip(1))
        .filter_map(|(&node, &next)| {
            let index = graph.wires[node]
                .outputs
                .iter()
                .position(|output| output.is_some() && graph.wires[next].inputs.contains(output))?;
            Some((&graph.nodes[node].outputs.names[index], graph.nodes[node].function.text()))
        })
        .collect();
    let Some(&(first, _)) = passed.first() else { return };
    let names: Vec<String> = passed.iter().map(|(name, _)| name.text()).chain([first.text()]).collect();
    let functions: Vec<&str> = passed.iter().map(|(_, function)| *function).collect();
    let message =
        format!("these datasets wait for each other: {} (nodes `{}`)", names.join(" -> "), functions.join("`, `"));
    let places: Vec<diagnostics::Place> =
        passed[1..].iter().map(|(name, _)| diagnostics::Place { span: name.span(), role: name.text() }).collect();
    diagnostics.error_with_places(first.span(), &message, &places);
}

/// The type that a function returns needs a name where a pipeline is an item, and only the user knows it.
fn free_outputs_of_items_have_types(
    graph: &Graph<'_>,
    form: &Form,
    catalog: &[Entry],
    unwired: &Unwired,
    diagnostics: &mut Diagnostics,
) {
    let Form::Item(item) = form else { return };
    for dataset in &graph.datasets {
        let is_free = dataset.home == Home::Memory && dataset.readers.is_empty() && dataset.ty.is_none();
        if let (true, Some(&place)) = (is_free, dataset.writers.first())
            && !may_be_meant_by_another_name(&dataset.name, graph, catalog)
            && !unwired.unreadable.contains(&dataset.name)
        {
            let name = &dataset.name;
            let message = format!("output `{name}` goes nowhere: the catalog does not declare it and no node reads it");
            let item = plain(&item.name);
            let help = format!("declare `{name}` in the catalog, or write `{name}: Type` to have `{item}` return it");
            diagnostics.error(graph.output(place).span(), &message, &help);
        }
    }
}

/// Whether a misspelt input has been reported that may stand for this dataset: then it is read, and one mistake is one error.
fn may_be_meant_by_another_name(dataset: &str, graph: &Graph<'_>, catalog: &[Entry]) -> bool {
    let known = known_datasets(graph, catalog);
    let unknown_inputs = graph.wires.iter().zip(graph.nodes).flat_map(|(wires, node)| {
        node.inputs.names.iter().zip(&wires.inputs).filter(|(_, dataset)| dataset.is_none()).map(|(name, _)| name)
    });
    let mut nearest = unknown_inputs.map(|name| pipeline_graph::nearest(&name.text(), known.iter().copied()));
    nearest.any(|near| near.first() == Some(&dataset))
}
