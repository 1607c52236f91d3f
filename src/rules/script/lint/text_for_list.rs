//! Texts that stand in the place of a list: a value is sought anywhere in such a text, even in the middle of a word.

use rhai::{ASTNode, Expr};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::{Bound, Names};

/// What parts the words of a text that was meant as a list.
const BETWEEN: [char; 3] = [',', ';', '|'];

/// Every text of several words in which a given value is sought.
pub(super) fn lists(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        // « x in y » asks y whether it contains x.
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
