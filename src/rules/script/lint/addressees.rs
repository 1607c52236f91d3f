//! Literal addressees that cannot receive an e-mail.

use rhai::{AST, ASTNode, Expr};

use crate::rules::addressee;
use crate::rules::script::analysis::given::is_value;
use crate::rules::script::{A, MODELE, Remark};

/// Every literal addressee that is invalid: no event makes it valid. A value between quotes has its own remark.
pub(super) fn invalid(script: &AST) -> Vec<Remark> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last()
            && entries.0.iter().any(|(key, _)| key.name == MODELE)
        {
            for (key, value) in &entries.0 {
                if let (A, Expr::StringConstant(text, at)) = (key.name.as_str(), value)
                    && !is_value(text)
                    && let Some(message) = addressee::fault(text)
                {
                    found.push(Remark::new(*at, message));
                }
            }
        }
        true
    });
    found
}
