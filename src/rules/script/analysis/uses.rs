//! What a script uses: templates and manager types that it names as literals.

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::chain::{Link, first_link};
use super::given::is_value;
use crate::rules::place::Located;
use crate::rules::script::{MODELE, position};

/// Functions of the set of all managers of a residence, as opposed to kinds of managers.
pub(in crate::rules::script) const OF_ALL: [&str; 4] = ["contains", "get", "keys", "values"];

/// Every template that the script names as a literal, as in `#{ modele: "accuse-reception" }`.
pub(in crate::rules::script) fn templates(script: &AST) -> Vec<Located> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() {
            for (key, value) in &entries.0 {
                if let (MODELE, Expr::StringConstant(name, at)) = (key.name.as_str(), value) {
                    let (line, column) = position(*at);
                    let name = name.to_string();
                    found.push(Located {
                        line,
                        column,
                        text: name,
                    });
                }
            }
        }
        true
    });
    found
}

/// Every manager type that the script names as a literal, as in `residence.gestionnaires.get("gardien")`. A value
/// between quotes is no type.
pub(in crate::rules::script) fn managers(script: &AST) -> Vec<Located> {
    let mut found = Vec::new();
    let mut note = |name: &str, at: Position| {
        if is_value(name) {
            return;
        }
        let (line, column) = position(at);
        let name = name.to_owned();
        found.push(Located {
            line,
            column,
            text: name,
        });
    };
    let of_residence = |it: &Expr| matches!(it, Expr::Property(it, _) if it.2 == "gestionnaires");
    script.walk(&mut |path| {
        // The engine turns « x in y » into `contains(y, x)`.
        if let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last()
            && call.name == "contains"
            && let [Expr::Dot(pair, ..), Expr::StringConstant(it, at)] = call.args.as_slice()
            && of_residence(last(&pair.rhs))
        {
            note(it, *at);
        }
        if let Some(ASTNode::Expr(value @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..)))) =
            path.last()
            && of_residence(&pair.lhs)
        {
            match first_link(value) {
                // Its parentheses are missing.
                Some((Link::Field(name), _)) if OF_ALL.contains(&name) => {}
                Some((Link::Field(name) | Link::Key(name), at)) => note(name, at),
                Some((Link::Call(call), _)) if call.name == "contains" => {
                    if let Some(Expr::StringConstant(it, at)) = call.args.first() {
                        note(it, *at);
                    }
                }
                _ => {}
            }
        }
        true
    });
    found
}

/// Whether the script builds a manager itself, or assigns to a field of one.
pub(in crate::rules::script) fn makes_managers(script: &AST) -> bool {
    let mut found = false;
    script.walk(&mut |path| {
        found |= match path.last() {
            Some(ASTNode::Expr(Expr::Map(entries, _))) => {
                entries.0.iter().any(|(key, _)| key.name == "identifiant")
            }
            Some(ASTNode::Stmt(Stmt::Assignment(it))) => {
                matches!(it.1.lhs, Expr::Dot(..) | Expr::Index(..))
            }
            _ => false,
        };
        !found
    });
    found
}

/// The last part of an expression: `gestionnaires` in `residence.gestionnaires`.
fn last(value: &Expr) -> &Expr {
    match value {
        Expr::Dot(pair, ..) => last(&pair.rhs),
        value => value,
    }
}
