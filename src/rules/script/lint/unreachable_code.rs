//! Lines that never run because the line before them ends the function or the loop iteration.

use rhai::{ASTFlags, ASTNode, Position, Stmt};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::analysis::parts::blocks;

/// The first such line of each block.
pub(super) fn lines(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    let mut body = Passing::default();
    names.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            body.pass(statement, &mut found);
        }
        for block in path.last().iter().flat_map(|it| blocks(it)) {
            let mut passing = Passing::default();
            for statement in block.statements() {
                passing.pass(statement, &mut found);
            }
        }
        true
    });
    // The walk visits a block shared by several cases once per case.
    found.sort_by_key(|it| it.at);
    found.dedup();
    found
}

/// How far a block runs.
#[derive(Default)]
struct Passing {
    ended: Option<&'static str>,
    told: bool,
}

impl Passing {
    fn pass(&mut self, statement: &Stmt, found: &mut Vec<Remark>) {
        let remark = self.ended.and_then(|it| behind(it, statement));
        if let Some(remark) = remark.filter(|_| !self.told) {
            found.push(remark);
            self.told = true;
        }
        self.ended = self.ended.or(ending(statement));
    }
}

fn behind(ended: &str, statement: &Stmt) -> Option<Remark> {
    let at = match statement {
        Stmt::Noop(_) | Stmt::Share(_) => return None,
        Stmt::Expr(value) => value.start_position(),
        other => other.position(),
    };
    let message = format!(
        "ces lignes ne servent jamais : « {ended} » les précède ; déplacez-les avant, ou retirez-les"
    );
    (at != Position::NONE).then_some(Remark::new(at, message))
}

/// The keyword of a statement that ends its block.
fn ending(statement: &Stmt) -> Option<&'static str> {
    match statement {
        Stmt::Return(_, flags, _) if flags.contains(ASTFlags::BREAK) => Some("throw"),
        Stmt::Return(..) => Some("return"),
        Stmt::BreakLoop(_, flags, _) if flags.contains(ASTFlags::BREAK) => Some("break"),
        Stmt::BreakLoop(..) => Some("continue"),
        _ => None,
    }
}
