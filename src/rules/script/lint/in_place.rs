//! Functions that change a text or a list where it stands, and answer nothing: what is made of their answer is empty.

use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

use super::fields::written;
use super::library;
use super::names::Names;
use crate::rules::script::Remark;
use crate::rules::script::chain::{Chain, last_call};

/// Every place where the answer of such a function is used.
pub(super) fn answers(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let [.., parent, ASTNode::Expr(value @ Expr::Dot(..))] = path else {
            return true;
        };
        let is_used = matches!(
            parent,
            ASTNode::Stmt(Stmt::Var(..) | Stmt::Assignment(_) | Stmt::Return(..))
                | ASTNode::Expr(Expr::FnCall(..) | Expr::Map(..) | Expr::Array(..))
        );
        if let Some(call) = last_call(value).filter(|it| is_used && is_in_place(it, names)) {
            let shown = Chain::of(value).and_then(|mut it| {
                it.links.pop();
                written(&it)
            });
            let name = call.name.as_str();
            let message = match shown {
                Some(shown) => format!(
                    "« {name} » change « {shown} » sur place et ne donne rien : écrivez « {shown}.{name}(…); » sur une ligne à part, puis employez « {shown} »"
                ),
                None => format!("« {name} » change ce qui est devant le point et ne donne rien"),
            };
            found.push((value.start_position(), message));
        }
        true
    });
    found
}

fn is_in_place(call: &FnCallExpr, names: &Names) -> bool {
    let name = call.name.as_str();
    library::is_in_place(name) && !names.is_function(name)
}
