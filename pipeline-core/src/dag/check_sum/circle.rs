//! Nodes that wait for each other across the parts of a sum.

use super::names::Names;
use super::text::Text;
use super::{Member, datasets, nodes};
use crate::dag::Kind;

/// How far a node is in the search.
#[derive(Clone, Copy)]
enum State {
    New,
    /// The search is at what it waits for.
    Open,
    /// It waits for nothing in a circle.
    Free,
    /// It waits for nodes that wait for each other, or is one of them.
    Stuck,
}

/// All nodes of a sum, counted through its parts; `N` are as many at least.
pub(super) struct Circle<'a, const N: usize> {
    members: &'a [Option<Member>; N],
    /// Where the catalog's datasets are written.
    written: &'a Names<N>,
    n_nodes: usize,
    /// For each member, its first node.
    first_node: [u32; N],
    /// For each node, its member.
    member_of: [u32; N],
    states: [State; N],
}

impl<'a, const N: usize> Circle<'a, N> {
    #[expect(clippy::cast_possible_truncation, reason = "no array of a constant has so many")]
    pub(super) const fn new(members: &'a [Option<Member>; N], written: &'a Names<N>) -> Self {
        let (mut first_node, mut member_of) = ([0; N], [0; N]);
        let (mut member, mut n_nodes) = (0, 0);
        while member < N
            && let Some(Member { part, .. }) = members[member]
        {
            first_node[member] = n_nodes as u32;
            let end = n_nodes + nodes(part.dag).len();
            while n_nodes < end {
                member_of[n_nodes] = member as u32;
                n_nodes += 1;
            }
            member += 1;
        }
        Self { members, written, n_nodes, first_node, member_of, states: [State::New; N] }
    }

    /// Why there is no order. Depth first from each node to what it waits for; each input is looked at once.
    pub(super) const fn find(mut self) -> Option<Text> {
        let mut first_stuck = None;
        let mut stack = [(0, 0); N];
        let mut start = 0;
        while start < self.n_nodes {
            let mut depth = 0;
            if matches!(self.states[start], State::New) {
                self.states[start] = State::Open;
                stack[0] = (start, 0);
                depth = 1;
            }
            while depth > 0 {
                let (node, input) = stack[depth - 1];
                let Some((_, writer)) = self.input(node, input) else {
                    if matches!(self.states[node], State::Open) {
                        self.states[node] = State::Free;
                    }
                    depth -= 1;
                    if depth > 0 && matches!(self.states[node], State::Stuck) {
                        self.states[stack[depth - 1].0] = State::Stuck;
                    }
                    continue;
                };
                stack[depth - 1].1 += 1;
                let Some(writer) = writer else { continue };
                match self.states[writer] {
                    State::New => {
                        self.states[writer] = State::Open;
                        stack[depth] = (writer, 0);
                        depth += 1;
                    }
                    State::Free => {}
                    // Also one that is open already: what is on the stack leads to it.
                    State::Open | State::Stuck => self.states[node] = State::Stuck,
                }
            }
            if first_stuck.is_none() && matches!(self.states[start], State::Stuck) {
                first_stuck = Some(start);
            }
            start += 1;
        }
        match first_stuck {
            Some(start) => Some(self.spell_out(start)),
            None => None,
        }
    }

    /// An input of a node, and who writes it.
    const fn input(&self, node: usize, input: usize) -> Option<(&'static str, Option<usize>)> {
        let member = self.member_of[node] as usize;
        let Some(Member { part, .. }) = &self.members[member] else { return None };
        let first = self.first_node[member] as usize;
        let inputs = nodes(part.dag)[node - first].inputs;
        if input == inputs.len() {
            return None;
        }
        let dataset = &datasets(part.dag)[inputs[input] as usize];
        if let Some(writer) = dataset.writer {
            return Some((dataset.name, Some(first + writer as usize)));
        }
        if matches!(dataset.kind, Kind::Catalog)
            && let Some((member, place)) = self.written.get(dataset.name)
            && let Some(Member { part, .. }) = &self.members[member]
            && let Some(writer) = datasets(part.dag)[place].writer
        {
            return Some((dataset.name, Some(self.first_node[member] as usize + writer as usize)));
        }
        Some((dataset.name, None))
    }

    /// The first input of a node whose writer is stuck, and that writer.
    const fn waits_for(&self, node: usize) -> Option<(&'static str, usize)> {
        let mut i = 0;
        while let Some((name, writer)) = self.input(node, i) {
            if let Some(writer) = writer
                && matches!(self.states[writer], State::Stuck)
            {
                return Some((name, writer));
            }
            i += 1;
        }
        None
    }

    /// From a node that waits, the way back over what it waits for runs into a circle; told from there, forwards.
    const fn spell_out(&self, start: usize) -> Text {
        let mut node = start;
        let mut step = 0;
        while step < self.n_nodes {
            if let Some((_, writer)) = self.waits_for(node) {
                node = writer;
            }
            step += 1;
        }
        // Now `node` lies on the circle. Datasets from its input back to its output.
        let (first, mut length) = (node, 0);
        let mut around = [""; N];
        loop {
            if let Some((dataset, writer)) = self.waits_for(node) {
                around[length] = dataset;
                length += 1;
                node = writer;
            }
            if node == first || length == self.n_nodes {
                break;
            }
        }
        let mut text = Text::new().push("these datasets wait for each other: ");
        let mut left = length;
        while left > 0 {
            left -= 1;
            text = text.push(around[left]).push(" -> ");
        }
        text.push(around[length - 1])
    }
}
