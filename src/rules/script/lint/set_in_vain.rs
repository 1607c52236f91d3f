//! Assignments to a script's input that nothing reads later, since a script gets a copy.

use rhai::{ASTNode, Expr, Position, Stmt};

use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::names::{Names, related};

/// Each of them in a function.
pub(super) fn assignments(names: &Names) -> Vec<Remark> {
    // A closure shares its captured variables with the code around it.
    if names.part.is_closure() {
        return Vec::new();
    }
    let mut set: Vec<(Vec<String>, Position, String)> = Vec::new();
    let mut read: Vec<(Vec<String>, Position)> = Vec::new();
    let (mut hidden, mut repeated) = (false, false);
    names.walk(&mut |path| {
        match path {
            // The engine does not walk into the expressions of these statements.
            [
                ..,
                ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..) | Stmt::Share(_)),
            ] => hidden = true,
            [
                ..,
                ASTNode::Stmt(Stmt::For(..) | Stmt::While(..) | Stmt::Do(..)),
            ] => repeated = true,
            [.., ASTNode::Stmt(Stmt::Assignment(it))] => {
                if let Some(chain) = Chain::of(&it.1.lhs)
                    && !chain.links.is_empty()
                    && let Some(path) = names.path(&chain)
                {
                    set.push((path, it.1.lhs.start_position(), chain.root.to_owned()));
                }
            }
            [before @ .., ASTNode::Expr(value @ Expr::Variable(..))] => {
                read.extend(reading(before, value, names));
            }
            _ => {}
        }
        true
    });
    if hidden {
        return Vec::new();
    }
    let in_vain = set.into_iter().filter(|(path, at, _)| {
        let mut later = read.iter().filter(|(_, it)| repeated || it > at);
        !later.any(|(it, _)| related(it, path))
    });
    in_vain
        .map(|(path, at, root)| {
            let also = match path.first().map(String::as_str) {
                Some("evenement") => " ni aux e-mails",
                _ => "",
            };
            let message =
                format!("« {root} » est une copie : cette ligne ne change rien à la demande{also}");
            Remark::new(at, message)
        })
        .collect()
}

/// The path read through a variable; `None` if the script assigns it here.
fn reading(before: &[ASTNode], variable: &Expr, names: &Names) -> Option<(Vec<String>, Position)> {
    let alone = Chain::of(variable)?;
    let at = variable.start_position();
    let mut path = names.root(&alone)?.to_vec();
    let is_variable = |it: &Expr| std::ptr::eq(it, variable);
    let whole = match before.last() {
        Some(ASTNode::Expr(whole @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..))))
            if is_variable(&pair.lhs) =>
        {
            *whole
        }
        _ => variable,
    };
    let chain = Chain::of(whole)?;
    for (link, _) in &chain.links {
        match link {
            Link::Field(name) | Link::Key(name) => path.push((*name).to_owned()),
            Link::Computed | Link::Call(_) => break,
        }
    }
    // The new value may be computed from the old one.
    let set_here = before.iter().any(|it| match it {
        ASTNode::Stmt(Stmt::Assignment(it)) => {
            let set = Chain::of(&it.1.lhs).and_then(|it| names.path(&it));
            set.is_some_and(|set| set == path) || std::ptr::eq(&raw const it.1.lhs, whole)
        }
        _ => false,
    });
    (!set_here).then_some((path, at))
}
