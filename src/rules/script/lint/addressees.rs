//! Literal addressees that cannot receive an e-mail.

use rhai::{AST, ASTNode, Expr};

use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::script::analysis::given::is_value;
use crate::rules::script::{A, MODELE, position};

/// Reports literal addressees that are invalid: no event makes them valid. A value between quotes has its own remark.
pub(in crate::rules::script) fn note(script: &AST, file: &str, faults: &mut Vec<Diagnostic>) {
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last()
            && entries.0.iter().any(|(key, _)| key.name == MODELE)
        {
            for (key, value) in &entries.0 {
                if let (A, Expr::StringConstant(text, at)) = (key.name.as_str(), value)
                    && !is_value(text)
                    && let Some(message) = addressee::fault(text)
                {
                    let (line, column) = position(*at);
                    let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
                    faults.push(remark.as_warning());
                }
            }
        }
        true
    });
}
