//! The texts that stand in a script, whatever it does with them.

use rhai::{AST, ASTNode, Expr};

/// Every text that is written out.
pub(super) fn of(script: &AST) -> Vec<String> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::StringConstant(text, _))) => found.push(text.to_string()),
            // A list of texts alone is one value to the engine.
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
                let items = value.read_lock::<rhai::Array>();
                let items = items.iter().flat_map(|it| it.iter());
                found.extend(items.filter_map(|it| it.clone().into_string().ok()));
            }
            _ => {}
        }
        true
    });
    found
}
