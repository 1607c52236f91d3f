//! Variables that a block declares again with `let` instead of assigning to the one outside; their value is lost at the
//! end of the block.

use rhai::{ASTNode, Expr, Position, Stmt, StmtBlock};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::analysis::parts::blocks;

const MESSAGE: &str =
    "« let » fait ici une autre variable, oubliée à l'accolade fermante : retirez « let »";

/// A declaration and the block it is in; `None` for the function body.
struct Declared {
    name: String,
    at: Position,
    block: Option<(Position, Position)>,
    /// Whether the block uses it afterwards.
    is_used: bool,
}

/// Every declaration in a block that shadows another and whose value is never read.
pub(super) fn variables(names: &Names) -> Vec<Remark> {
    let (mut declared, mut mentioned) = (Vec::new(), Vec::new());
    for name in &names.part.parameters {
        declared.push(Declared {
            name: name.clone(),
            at: Position::NONE,
            block: None,
            is_used: true,
        });
    }
    names.walk(&mut |path| {
        match path {
            [ASTNode::Stmt(Stmt::Var(it, ..))] => declared.push(Declared {
                name: it.0.as_str().to_owned(),
                at: it.0.pos,
                block: None,
                is_used: true,
            }),
            [
                before @ ..,
                ASTNode::Expr(value @ Expr::Variable(it, _, at)),
            ] => {
                let is_set = matches!(
                    before.last(),
                    Some(ASTNode::Stmt(Stmt::Assignment(set)))
                        if std::ptr::eq(&raw const set.1.lhs, *value) && !set.0.is_op_assignment()
                );
                if !is_set {
                    mentioned.push((it.1.to_string(), *at));
                }
            }
            _ => {}
        }
        for block in path.last().iter().flat_map(|it| blocks(it)) {
            declared.extend(of_block(block));
        }
        true
    });
    let hides = |it: &Declared| {
        let Some((begin, end)) = it.block.filter(|(_, end)| !end.is_none()) else {
            return false;
        };
        let around = |other: &&Declared| {
            let holds = other
                .block
                .is_none_or(|(from, to)| from < begin && end <= to);
            other.name == it.name && holds && (other.at.is_none() || other.at < it.at)
        };
        let read_after = mentioned
            .iter()
            .any(|(name, at)| *name == it.name && *at > end);
        !it.is_used && declared.iter().any(|other| around(&other)) && read_after
    };
    let found = declared.iter().filter(|it| hides(it));
    let mut found: Vec<Remark> = found.map(|it| Remark::new(it.at, MESSAGE)).collect();
    found.sort_by_key(|it| it.at);
    found.dedup();
    found
}

/// The declarations directly in a block.
fn of_block(block: &StmtBlock) -> Vec<Declared> {
    let all = block.statements();
    let declared = all.iter().enumerate().filter_map(|(at, statement)| {
        let Stmt::Var(it, _, begins) = statement else {
            return None;
        };
        let name = it.0.as_str();
        Some(Declared {
            name: name.to_owned(),
            at: *begins,
            block: Some((block.position(), block.end_position())),
            is_used: all[at + 1..].iter().any(|it| mentions(it, name)),
        })
    });
    declared.collect()
}

/// Whether a statement mentions a name.
fn mentions(statement: &Stmt, name: &str) -> bool {
    let mut found = false;
    statement.walk(&mut Vec::new(), &mut |path| {
        found |= match path.last() {
            Some(ASTNode::Expr(Expr::Variable(it, ..))) => it.1 == name,
            // The engine does not walk into the expressions of these statements.
            Some(ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..) | Stmt::Share(_))) => true,
            _ => false,
        };
        !found
    });
    found
}
