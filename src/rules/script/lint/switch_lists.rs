//! Lists used as a case of a `switch`.

use rhai::{ASTNode, Position, Stmt};

use crate::rules::script::analysis::given::Kind;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::analysis::switches::cases;
use crate::rules::script::syntax::tokens::{self, Token, tokens};
use crate::rules::script::{Remark, position_of};

/// Every list used as a case of a `switch` on a string or a number. It only matches a list, not any one of its values.
pub(super) fn lists(script: &str, names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Switch(it, at))) = path.last()
            && let Some(kind @ (Kind::Text | Kind::Number)) = names.kind(&it.0)
        {
            found.extend(lists_of_cases(script, *at).into_iter().map(|(at, list)| {
                let kind = kind.in_french();
                let instead = match values(list) {
                    Some(values) => format!("écrivez « {} »", values.join(" | ")),
                    None => {
                        "écrivez les valeurs l'une après l'autre, avec « | » entre elles".to_owned()
                    }
                };
                let message = format!(
                    "ce cas est une liste, et {kind} n'en est jamais une : {instead}, sans crochets"
                );
                Remark::new(position_of(script, at), message)
            }));
        }
        true
    });
    found
}

/// Byte offset and content of each such list.
fn lists_of_cases(script: &str, at: Position) -> Vec<(usize, &str)> {
    let (mut found, mut begins) = (Vec::new(), None);
    for (token, depth) in cases(script, at) {
        match (token.written, depth) {
            ("[", 2) => begins = Some(token.at),
            ("]", 1) => {
                found.extend(begins.take().map(|it| (it, &script[it + 1..token.at])));
            }
            _ => {}
        }
    }
    found
}

/// The strings and numbers of a list as source text; `None` if it contains anything else.
fn values(list: &str) -> Option<Vec<&str>> {
    let all = tokens(list).filter(|it| it.counts() && it.written != ",");
    let is_value =
        |it: &Token<'_>| it.kind == tokens::Kind::Text || it.written.parse::<i64>().is_ok();
    let all: Option<Vec<&str>> = all.map(|it| is_value(&it).then_some(it.written)).collect();
    all.filter(|it| !it.is_empty())
}
