//! Conditions that are no question: the engine stops at a text or a number where it asks for true or false.

use rhai::{ASTNode, Expr, Stmt};

use super::fields::written;
use super::given::Kind;
use super::names::Names;
use crate::rules::script::Remark;
use crate::rules::script::chain::Chain;

/// Every text and number that stands for a condition.
pub(super) fn unasked(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::If(it, _) | Stmt::While(it, _) | Stmt::Do(it, ..))) => {
                found.extend(fault(&it.expr, "!=", names));
            }
            Some(ASTNode::Expr(Expr::And(all, _) | Expr::Or(all, _))) => {
                found.extend(all.iter().filter_map(|it| fault(it, "!=", names)));
            }
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "!" => {
                found.extend(call.args.iter().filter_map(|it| fault(it, "==", names)));
            }
            _ => {}
        }
        true
    });
    found.sort_by_key(|(at, _)| *at);
    found.dedup();
    found
}

/// What is wrong with what stands for a condition; `sign` is how its absence is asked.
fn fault(value: &Expr, sign: &str, names: &Names) -> Option<Remark> {
    let kind = names.kind(value).filter(|it| *it != Kind::Flag)?;
    let at = value.start_position();
    let message = match (Chain::of(value).and_then(|it| written(&it)), kind) {
        (Some(shown), Kind::Number) => {
            let sign = if sign == "==" { "== 0" } else { "> 0" };
            format!("« {shown} » est un nombre, et pas une condition : écrivez « {shown} {sign} »")
        }
        (Some(shown), _) => format!(
            "« {shown} » n'est pas une condition : s'il peut manquer, écrivez « {shown} {sign} () »"
        ),
        (None, _) => format!(
            "{} n'est pas une condition, qui vaut true ou false",
            kind.in_french()
        ),
    };
    Some((at, message))
}
