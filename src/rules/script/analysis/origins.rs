//! The field that a value comes from, as far as a script shows it: what `len` is the length of.

use std::collections::HashMap;

use rhai::{AST, ASTNode, Expr, Stmt};

use super::chain::{Chain, Link};
use crate::rules::written::Origin;

/// The functions that compare two values; the engine turns « x in y » into `contains(y, x)`.
const COMPARING: [&str; 7] = ["==", "!=", "<", "<=", ">", ">=", "contains"];

/// The origins of the variables of a script.
pub(super) struct Origins(HashMap<String, Origin>);

impl Origins {
    /// Reads all declarations; a name that stands for values of several origins has none that is known.
    pub(super) fn of(script: &AST) -> Self {
        let mut found = Self(HashMap::new());
        for function in script.iter_functions() {
            for name in function.params {
                found.0.insert(name.to_owned(), Origin::Unknown);
            }
        }
        script.walk(&mut |path| {
            let (name, value) = match path.last() {
                Some(ASTNode::Stmt(Stmt::Var(it, ..))) => (it.0.as_str(), &it.1),
                Some(ASTNode::Stmt(Stmt::For(it, _))) => (it.0.as_str(), &it.2.expr),
                _ => return true,
            };
            let origin = found.origin(value);
            let known = found.0.entry(name.to_owned());
            let known = known.or_insert_with(|| origin.clone());
            if *known != origin {
                *known = Origin::Unknown;
            }
            true
        });
        found
    }

    /// The origin of a value.
    pub(super) fn origin(&self, value: &Expr) -> Origin {
        if let Some(chain) = Chain::of(value) {
            let root = self.0.get(chain.root).cloned();
            let root = root.unwrap_or(Origin::Unknown);
            let mut fields = chain.links.iter().filter_map(|(link, _)| field(link));
            return fields.next_back().unwrap_or(root);
        }
        match value {
            Expr::FnCall(call, _) => call
                .args
                .first()
                .map_or(Origin::Unknown, |it| self.origin(it)),
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => self.origin(&pair.lhs),
            Expr::Array(..) | Expr::Map(..) | Expr::InterpolatedString(..) => Origin::Constant,
            value if value.is_constant() => Origin::Constant,
            _ => Origin::Unknown,
        }
    }

    /// The methods called in a chain that ends this path, each with its receiver and its arguments.
    pub(super) fn calls<'e>(&self, path: &[ASTNode<'e>]) -> Vec<(&'e str, Origin, &'e [Expr])> {
        // The rest of a chain is within it; its first part is not a variable.
        let around = path.iter().rev().nth(1);
        if let Some(ASTNode::Expr(Expr::Dot(..) | Expr::Index(..))) = around {
            return Vec::new();
        }
        let value = match path.last() {
            Some(ASTNode::Expr(value)) => *value,
            Some(ASTNode::Stmt(Stmt::Expr(value))) => value,
            _ => return Vec::new(),
        };
        let (Expr::Dot(..) | Expr::Index(..), Some(chain)) = (value, Chain::of(value)) else {
            return Vec::new();
        };
        let mut receiver = self.0.get(chain.root).cloned().unwrap_or(Origin::Unknown);
        let mut found = Vec::new();
        for (link, _) in chain.links {
            if let Link::Call(call) = link {
                found.push((call.name.as_str(), receiver.clone(), call.args.as_slice()));
            }
            receiver = field(&link).unwrap_or(receiver);
        }
        found
    }

    /// The constants that a comparison at the end of this path contains, each with the origin of the other value.
    pub(super) fn compared(&self, path: &[ASTNode<'_>]) -> Vec<(String, Origin)> {
        let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last() else {
            return Vec::new();
        };
        match call.args.as_slice() {
            [one, other] if COMPARING.contains(&call.name.as_str()) => {
                let both = [(one, other), (other, one)].into_iter();
                let compared = both.flat_map(|(it, other)| {
                    let of = self.origin(other);
                    constants(it).into_iter().map(move |it| (it, of.clone()))
                });
                compared.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The texts and whole numbers in a list, or the only one.
fn constants(value: &Expr) -> Vec<String> {
    match value {
        Expr::Array(items, _) => items.iter().filter_map(constant).collect(),
        value => Vec::from_iter(constant(value)),
    }
}

/// A text or a whole number, as text.
pub(super) fn constant(value: &Expr) -> Option<String> {
    match value {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        Expr::IntegerConstant(number, _) => Some(number.to_string()),
        _ => None,
    }
}

/// The field that an access reads.
fn field(link: &Link<'_>) -> Option<Origin> {
    match link {
        Link::Field(name) | Link::Key(name) => Some(Origin::Field((*name).to_owned())),
        Link::Computed | Link::Call(_) => None,
    }
}
