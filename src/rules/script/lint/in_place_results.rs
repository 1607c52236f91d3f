//! Methods that change a string or a list in place and return nothing, so that using their result is a mistake.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::script::Remark;
use crate::rules::script::analysis::absent_fields::written;
use crate::rules::script::analysis::chain::{Chain, Link, last_call};
use crate::rules::script::analysis::library;
use crate::rules::script::analysis::names::Names;

/// Every use of the result of such a method.
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
        if let Some((message, at)) = before_others(value, names) {
            found.push(Remark::new(at, message));
            return true;
        }
        if let Some(call) = last_call(value).filter(|it| is_used && is_in_place(it, names)) {
            let shown = Chain::of(value).and_then(|mut it| {
                it.links.pop();
                written(&it)
            });
            let name = call.name.as_str();
            let message = match shown {
                Some(shown) => {
                    let given = given(call);
                    format!(
                        "« {name} » change « {shown} » sur place et ne donne rien : écrivez « {shown}.{name}({given}); » sur une ligne à part, puis employez « {shown} »"
                    )
                }
                None => format!("« {name} » change ce qui est devant le point et ne donne rien"),
            };
            found.push(Remark::new(value.start_position(), message));
        }
        true
    });
    found
}

/// Such a method followed by another, as in `d.trim().to_lower()`.
fn before_others(value: &Expr, names: &Names) -> Option<(String, Position)> {
    let mut chain = Chain::of(value)?;
    let (_, before_last) = chain.links.split_last()?;
    let in_place =
        |(link, _): &(Link<'_>, Position)| matches!(link, Link::Call(it) if is_in_place(it, names));
    let at = before_last.iter().position(in_place)?;
    let (Link::Call(call), _) = chain.links[at] else {
        return None;
    };
    let (name, given) = (call.name.as_str(), given(call));
    chain.links.truncate(at);
    let start = value.start_position();
    let of = written(&chain).unwrap_or_else(|| "…".to_owned());
    let message = format!(
        "« {name} » change sur place ce qui est devant le point et ne donne rien, dont la suite ne peut rien faire : écrivez avant « let texte = {of}; texte.{name}({given}); », puis employez « texte » ici"
    );
    Some((message, start))
}

/// The arguments of a call as source text; « … » unless all are literals.
fn given(call: &FnCallExpr) -> String {
    let constant = |it: &Expr| match it {
        Expr::StringConstant(it, _) => Some(format!("{:?}", it.as_str())),
        Expr::IntegerConstant(it, _) => Some(it.to_string()),
        _ => None,
    };
    let all: Option<Vec<String>> = call.args.iter().map(constant).collect();
    all.map_or_else(|| "…".to_owned(), |it| it.join(", "))
}

fn is_in_place(call: &FnCallExpr, names: &Names) -> bool {
    let name = call.name.as_str();
    library::is_in_place(name) && !names.is_function(name)
}
