//! What a pipeline is written as. It may be wrong: `check` tells.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::LitStr;

use crate::scan::plain;

/// A pipeline.
pub(crate) struct Pipeline {
    pub(crate) form: Form,
    pub(crate) nodes: Vec<Node>,
    pub(crate) unwired: Unwired,
}

/// Names that stand in the pipeline or its catalog, but in nothing that is wired.
#[derive(Debug, Default)]
pub(crate) struct Unwired {
    /// What nodes write that their conditions leave out.
    pub(crate) left_out: HashSet<String>,
    /// Names in what could not be read, which has been reported: they may be read, written or declared there.
    pub(crate) unreadable: HashSet<String>,
}

/// How a pipeline stands in the code.
#[derive(Debug)]
pub(crate) enum Form {
    /// `/// Docs. pub training for Catalog { … }`
    Item(Item),
    /// `for Catalog; …` or `…`
    Expression,
}

/// The head of a pipeline that is an item.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    /// Whether `#[portable]` stands before it: its values can leave the process.
    pub(crate) is_portable: bool,
}

/// `node(function, [inputs] -> [outputs], name = "…", tags = ["…"], retries = 3, backoff = "1s", timeout = "30s")`
pub(crate) struct Node {
    pub(crate) function: Function,
    /// The `?` behind the function.
    pub(crate) fallible: Option<Span>,
    pub(crate) inputs: List,
    pub(crate) outputs: List,
    pub(crate) name: Option<LitStr>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) retries: Option<Setting<u32>>,
    /// In milliseconds.
    pub(crate) backoff: Option<Setting<u64>>,
    /// In milliseconds.
    pub(crate) timeout: Option<Setting<u64>>,
}

/// What an option of a node is set to, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) at: Span,
    pub(crate) value: T,
}

impl Node {
    /// A node without options.
    pub(crate) fn new(function: Function, fallible: Option<Span>, inputs: List, outputs: List) -> Self {
        let (name, tags) = (None, Vec::new());
        Self { function, fallible, inputs, outputs, name, tags, retries: None, backoff: None, timeout: None }
    }

    /// Where it says that it is tried again, if it is: then it may read its inputs several times.
    pub(crate) fn tried_again(&self) -> Option<Span> {
        self.retries.filter(|retries| retries.value > 0).map(|retries| retries.at)
    }
}

/// What a node calls.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) tokens: TokenStream,
    pub(crate) kind: FunctionKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum FunctionKind {
    /// A path; `generic` if it says its own types with a turbofish. `name` is its last part.
    Path {
        name: String,
        generic: bool,
    },
    Closure,
}

impl Function {
    /// As Kedro would print it.
    pub(crate) fn text(&self) -> &str {
        match &self.kind {
            FunctionKind::Path { name, .. } => name,
            FunctionKind::Closure => "<closure>",
        }
    }

    /// Whether it is the same each time that it is evaluated, at no cost: a path or a closure, not an expression that makes one.
    pub(crate) fn is_constant(&self) -> bool {
        let FunctionKind::Closure = self.kind else { return true };
        match self.tokens.clone().into_iter().next() {
            Some(TokenTree::Punct(punct)) => punct.as_char() == '|',
            Some(TokenTree::Ident(ident)) => ident == "move" || ident == "static",
            _ => false,
        }
    }

    /// Has a bare name mean what it means at another place.
    pub(crate) fn resolve_at(&mut self, place: Span) {
        let mut trees = self.tokens.clone().into_iter();
        if let (FunctionKind::Path { .. }, Some(TokenTree::Ident(mut name)), None) =
            (&self.kind, trees.next(), trees.next())
        {
            name.set_span(name.span().resolved_at(place));
            self.tokens = TokenTree::from(name).into();
        }
    }
}

/// Names in brackets.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) names: Vec<Name>,
    /// Whether all of them could be read.
    pub(crate) is_whole: bool,
    pub(crate) span: Span,
}

/// A name in a node's inputs or outputs.
#[derive(Debug)]
pub(crate) enum Name {
    /// `flowers`, or `accuracy: f64`
    Dataset { ident: Ident, ty: Option<TokenStream> },
    /// `params:model.depth`
    Parameter { keyword: Ident, fields: Vec<Ident> },
}

impl Name {
    /// As the user wrote it.
    pub(crate) fn text(&self) -> String {
        match self {
            Name::Dataset { ident, .. } => plain(ident),
            Name::Parameter { fields, .. } => {
                let fields: Vec<String> = fields.iter().map(plain).collect();
                format!("params:{}", fields.join("."))
            }
        }
    }

    /// The type that it gives.
    pub(crate) fn ty(&self) -> Option<&TokenStream> {
        match self {
            Name::Dataset { ty, .. } => ty.as_ref(),
            Name::Parameter { .. } => None,
        }
    }

    /// Where its last part stands: that of a parameter is the field whose type counts.
    pub(crate) fn span(&self) -> Span {
        match self {
            Name::Dataset { ident, .. } => ident.span(),
            Name::Parameter { keyword, fields } => fields.last().unwrap_or(keyword).span(),
        }
    }

    /// Where its first part stands.
    pub(crate) fn start(&self) -> Span {
        match self {
            Name::Dataset { ident: start, .. } | Name::Parameter { keyword: start, .. } => start.span(),
        }
    }
}

/// A field of the catalog, as the catalog's macro hands it over.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
    /// Where the catalog declares it, if that is in this crate: rustc shows no place in another one.
    pub(crate) span: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Dataset,
    Parameters,
    /// What it is could not be read, which has been reported.
    Unreadable,
}
