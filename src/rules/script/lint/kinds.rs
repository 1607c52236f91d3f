//! Comparisons of values of two kinds: they hold never, or always.

use rhai::{ASTNode, Expr, FnCallExpr};

use super::fields::written;
use super::given::Kind;
use super::names::{Bound, Names};
use crate::rules::script::Remark;
use crate::rules::script::chain::Chain;

/// Every comparison of two kinds.
pub(super) fn unlike(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, at))) = path.last()
            && call.op_token.is_some()
            && let Some(message) = of_call(call, names)
        {
            found.push((*at, message));
        }
        true
    });
    found
}

fn of_call(call: &FnCallExpr, names: &Names) -> Option<String> {
    let [one, other] = call.args.as_slice() else {
        return None;
    };
    let outcome = match call.name.as_str() {
        "==" => "ne sont jamais égaux",
        "!=" => "sont toujours différents",
        "<" | ">" | "<=" | ">=" => "ne se comparent pas : le résultat est toujours false",
        _ => return None,
    };
    let kinds = (names.kind(one)?, names.kind(other)?);
    let (flag, text) = (Kind::Flag, Kind::Text);
    let hint = match kinds {
        (a, b) if a == b => return None,
        _ if kinds.0 == flag || kinds.1 == flag => {
            // What is given and compared with a text is told beside the words that no table knows.
            let given = |it: &&Expr| matches!(names.bound(it), Some(Bound::Given(_)));
            if [one, other].iter().any(given) && (kinds.0 == text || kinds.1 == text) {
                return None;
            }
            "true et false s'écrivent sans guillemets, et ne sont pas des nombres".to_owned()
        }
        _ => {
            let (of_text, of_number) = if kinds.0 == text {
                (one, other)
            } else {
                (other, one)
            };
            match (of_text, of_number) {
                (Expr::StringConstant(it, _), _) if it.trim().parse::<f64>().is_ok() => {
                    "écrivez ce nombre sans guillemets".to_owned()
                }
                (value, _) => {
                    let shown = Chain::of(value).and_then(|it| written(&it));
                    let shown = shown.unwrap_or_else(|| "…".to_owned());
                    format!("« parse_int({shown}) » fait d'un texte un nombre")
                }
            }
        }
    };
    let [first, second] = [kinds.0, kinds.1].map(Kind::in_french);
    Some(format!("{first} et {second} {outcome} ; {hint}"))
}
