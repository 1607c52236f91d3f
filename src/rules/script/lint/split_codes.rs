//! A code split by its hyphens: the engine removes a part of the text, or fails.

use rhai::{ASTNode, Expr};

use crate::rules::place::offset;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::{Remark, position};

/// Every such code: `"MZ"-"02"`, `"MZ"-02`; `source` is the script.
pub(super) fn codes(source: &str, names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let [.., before, ASTNode::Expr(value)] = path else {
            return true;
        };
        // It is checked as part of the whole code.
        let is_part = matches!(before, ASTNode::Expr(Expr::FnCall(call, _)) if call.name == "-");
        let mut parts = Vec::new();
        if !is_part && collect(value, source, &mut parts) && parts.len() > 1 {
            let code = parts.join("-");
            let message = format!(
                "entre deux textes, « - » retire le second du premier : écrivez tout le code dans les mêmes guillemets, « \"{code}\" »"
            );
            found.push(Remark::new(value.start_position(), message));
        }
        true
    });
    found
}

/// Collects the texts and numbers of a subtraction that begins with a literal text; `false` for anything else.
fn collect(value: &Expr, source: &str, parts: &mut Vec<String>) -> bool {
    match value {
        Expr::StringConstant(it, _) => {
            parts.push(it.to_string());
            true
        }
        // Its leading zeros are only in the source.
        Expr::IntegerConstant(_, at) if !parts.is_empty() => {
            let begins = offset(source, position(*at)).and_then(|it| source.get(it..));
            let Some(rest) = begins else {
                return false;
            };
            let end = rest.find(|it: char| !it.is_ascii_digit());
            parts.push(rest[..end.unwrap_or(rest.len())].to_owned());
            true
        }
        Expr::FnCall(call, _) if call.name == "-" && call.op_token.is_some() => {
            call.args.iter().all(|it| collect(it, source, parts))
        }
        _ => false,
    }
}
