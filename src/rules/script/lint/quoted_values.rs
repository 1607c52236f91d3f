//! Values of the input between quotes, where they are only their own name.

use rhai::{AST, ASTNode, Expr};

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::offset;
use crate::rules::script::analysis::given::is_value;
use crate::rules::script::position;

/// Reports every string that is the name of a value and nothing else.
pub(super) fn note(script: &AST, source: &str, file: &str, faults: &mut Vec<Diagnostic>) {
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::StringConstant(text, at))) = path.last() else {
            return true;
        };
        let in_holed = path
            .iter()
            .any(|it| matches!(it, ASTNode::Expr(Expr::InterpolatedString(..))));
        if in_holed || !is_value(text) {
            return true;
        }
        let (line, column) = position(*at);
        let begins = offset(source, (line, column)).and_then(|it| source.get(it..));
        let signs = match begins.and_then(|it| it.chars().next()) {
            Some('`') => "accents graves",
            _ => "guillemets",
        };
        let message = format!(
            "« {text} » entre {signs} n'est que ce texte : pour sa valeur, enlevez les {signs}"
        );
        let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
        faults.push(remark.as_warning());
        true
    });
}
