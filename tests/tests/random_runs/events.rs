//! What the nodes of a run note, in order, in whatever process they are; and what no run may do.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pipeline_core::dag::{Dag, Dataset, Node};
use serde::{Deserialize, Serialize};

use crate::plan::{MAX_NODES, SHORT};

/// An attempt to execute a node begins, and ends in one way or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Begins(usize),
    Returns(usize),
    Fails(usize),
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Events {
    /// Of nodes in this process.
    Here(#[serde(skip)] Mutex<Vec<Event>>),
    /// Of nodes in others: a line each.
    InFile(PathBuf),
}

impl Events {
    pub(crate) fn note(&self, event: Event) {
        match self {
            Self::Here(events) => events.lock().unwrap_or_else(PoisonError::into_inner).push(event),
            Self::InFile(file) => {
                let (word, node) = match event {
                    Event::Begins(node) => ("begins", node),
                    Event::Returns(node) => ("returns", node),
                    Event::Fails(node) => ("fails", node),
                };
                let mut file = OpenOptions::new().append(true).create(true).open(file).expect("the folder is there");
                // In one piece, so that two processes do not write into each other's lines.
                file.write_all(format!("{word} {node}\n").as_bytes()).expect("there is room");
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        match self {
            Self::Here(events) => events.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            // Where no node was executed, there is none.
            Self::InFile(file) => fs::read_to_string(file).unwrap_or_default().lines().map(read).collect(),
        }
    }

    /// How often a node has begun.
    pub(crate) fn n_begun(&self, node: usize) -> usize {
        self.all().iter().filter(|&&event| event == Event::Begins(node)).count()
    }

    /// How often each node was tried, if no run is to be blamed: none begins before its inputs are there, or again after it went well, and
    /// there are never more at a time than workers.
    pub(crate) fn checked(&self, name: &str, dag: &Dag, max_workers: usize) -> [usize; MAX_NODES] {
        let (mut n_attempts, mut is_done, mut is_running) = ([0; MAX_NODES], [false; MAX_NODES], [false; MAX_NODES]);
        let node = |n: usize| dag.nodes().find(|&node| number_of(node) == n).expect("it is of this pipeline");
        // The end of one whose worker may be ended is not known.
        let has_end = |n: usize| matches!(self, Self::Here(_)) || node(n).timeout() != Some(SHORT);
        for event in self.all() {
            match event {
                Event::Begins(n) => {
                    assert!(!is_done[n] && !is_running[n], "{name}: n{n} was executed twice");
                    let early = predecessors(node(n)).map(number_of).find(|&writer| !is_done[writer]);
                    assert_eq!(early, None, "{name}: n{n} was executed before the writer of an input");
                    (n_attempts[n], is_running[n]) = (n_attempts[n] + 1, has_end(n));
                    let n_running = is_running.iter().filter(|is_running| **is_running).count();
                    assert!(n_running <= max_workers, "{name}: {n_running} nodes at a time");
                }
                Event::Returns(n) => (is_done[n], is_running[n]) = (true, false),
                Event::Fails(n) => is_running[n] = false,
            }
        }
        assert_eq!(is_running, [false; MAX_NODES], "{name}: the run ended before its nodes");
        n_attempts
    }
}

fn read(line: &str) -> Event {
    let (word, node) = line.split_once(' ').expect("a node wrote it");
    let node = node.parse().expect("a node wrote it");
    match word {
        "begins" => Event::Begins(node),
        "returns" => Event::Returns(node),
        "fails" => Event::Fails(node),
        other => panic!("no node writes `{other}`"),
    }
}

/// The place of a node in its plan: node 7 is called `n7`.
pub(crate) fn number_of(node: Node<'_>) -> usize {
    node.name().and_then(|name| name[1..].parse().ok()).expect("it is called so")
}

pub(crate) fn predecessors(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.inputs().filter_map(Dataset::writer)
}
