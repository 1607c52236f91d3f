//! Values of the input between quotes, where the value was meant and not its name.

use rhai::{AST, ASTNode, Expr};

use crate::rules::addressee;
use crate::rules::place::offset;
use crate::rules::script::analysis::given::{is_value, seen};
use crate::rules::script::{A, Remark, position};

/// Operators between two values.
const COMPARING: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Every string that is the name of a value and nothing else, where a value stands: a script may also write such
/// names for people to read, or as keys of its own. `wanted` are the keys of its results.
pub(super) fn values(script: &AST, source: &str, wanted: [&str; 2]) -> Vec<Remark> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        let Some((ASTNode::Expr(it @ Expr::StringConstant(text, at)), above)) = path.split_last()
        else {
            return true;
        };
        if !is_value(text) || !is_meant(it, above, wanted) {
            return true;
        }
        let begins = offset(source, position(*at)).and_then(|it| source.get(it..));
        let signs = match begins.and_then(|it| it.chars().next()) {
            Some('`') => "accents graves",
            _ => "guillemets",
        };
        let fault = if is_under(A, it, above) {
            addressee::fault(text)
        } else {
            None
        };
        let fault = fault.unwrap_or_else(|| format!("« {text} » entre {signs} n'est que ce texte"));
        let message = format!("{fault} : pour sa valeur, enlevez les {signs}");
        found.push(Remark::new(*at, message));
        true
    });
    found
}

/// Whether a value of the input stands where this string is: beside another value or a constant in a comparison, as a
/// key of something given, or under a key of a result.
fn is_meant(text: &Expr, above: &[ASTNode<'_>], wanted: [&str; 2]) -> bool {
    let is_text = |it: &Expr| it.position() == text.position();
    match above.last() {
        Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
            match (call.name.as_str(), call.args.as_slice()) {
                (sign, [one, two]) if COMPARING.contains(&sign) => {
                    let other = if is_text(one) { two } else { one };
                    other.is_constant() || is_given(other)
                }
                // The engine turns « x in y » into `contains(y, x)`.
                ("contains", [list @ Expr::Array(..), _]) => !is_text(list),
                ("get", [object, key]) => is_text(key) && is_given(object),
                _ => false,
            }
        }
        Some(ASTNode::Expr(Expr::MethodCall(call, _))) => {
            call.name == "get" && is_part_of_given(above)
        }
        Some(ASTNode::Expr(Expr::Index(pair, ..))) => is_text(&pair.rhs) && is_part_of_given(above),
        _ => wanted.iter().any(|key| is_under(key, text, above)),
    }
}

/// Whether a string is the value of this key in a map.
fn is_under(key: &str, text: &Expr, above: &[ASTNode<'_>]) -> bool {
    let Some(ASTNode::Expr(Expr::Map(entries, _))) = above.last() else {
        return false;
    };
    let mut entries = entries.0.iter();
    entries.any(|(own, value)| own.name == key && value.position() == text.position())
}

/// Whether the last of these parts of a chain such as `a.b.get(…)` belongs to a parameter of the daemon.
fn is_part_of_given(chain: &[ASTNode<'_>]) -> bool {
    let begins = chain.iter().rev().find_map(|it| match it {
        ASTNode::Expr(Expr::MethodCall(..)) => None,
        ASTNode::Expr(Expr::Dot(pair, ..) | Expr::Index(pair, ..)) => match &pair.lhs {
            Expr::Property(..) => None,
            begins => Some(is_given(begins)),
        },
        _ => Some(false),
    });
    begins == Some(true)
}

/// Whether an expression begins with a parameter that the daemon gives, such as `signalement`.
fn is_given(expression: &Expr) -> bool {
    match expression {
        Expr::Variable(it, ..) => seen(&[it.1.as_str().to_owned()]).is_some(),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => is_given(&pair.lhs),
        _ => false,
    }
}
