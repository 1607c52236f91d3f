//! Strings used instead of a list: a value is then found anywhere in the string, even in the middle of a word.

use rhai::{ASTNode, Expr};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::{Bound, Names};

/// Separators of the words in a string that was meant as a list.
const BETWEEN: [char; 3] = [',', ';', '|'];

/// Every string of several words in which a given value is searched for.
pub(super) fn lists(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        // The engine turns « x in y » into `contains(y, x)`.
        if let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last()
            && call.name == "contains"
            && let [Expr::StringConstant(text, at), value] = call.args.as_slice()
            && text.contains(BETWEEN)
            && matches!(names.bound(value), Some(Bound::Given(_)))
        {
            found.push((*at, message(text)));
        }
        true
    });
    found
}

fn message(text: &str) -> String {
    let words = text.split(BETWEEN).map(str::trim);
    let words = words.filter(|it| !it.is_empty());
    let list: Vec<String> = words.map(|it| format!("\"{it}\"")).collect();
    format!(
        "« {text} » est un seul texte, où la valeur est cherchée n'importe où : une liste s'écrit « [{}] »",
        list.join(", ")
    )
}
