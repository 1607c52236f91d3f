//! The texts that stand in a script, whatever it does with them.

use rhai::{AST, ASTNode, Expr};

/// Every text that is written out.
pub(super) fn of(script: &AST) -> Vec<String> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::StringConstant(text, _))) = path.last() {
            found.push(text.to_string());
        }
        true
    });
    found
}
