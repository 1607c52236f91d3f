//! What the variables of a closure hold: those it captures, and the element of a list that it is called with.

use rhai::{ASTNode, Expr, FnPtr, Position, Stmt};

use super::chain::{Chain, Link};
use super::names::{Bound, Letters, Names};

/// Methods that call a closure with each element of a list; `for_each` passes it as `this`.
const WITH_EACH: [&str; 9] = [
    "all", "drain", "filter", "find", "find_map", "index_of", "map", "retain", "some",
];

/// The function name of a closure.
pub(in crate::rules::script) fn name_of(value: &Expr) -> Option<String> {
    match value {
        Expr::DynamicConstant(it, _) => {
            let function = it.read_lock::<FnPtr>()?;
            Some(function.fn_name().to_owned())
        }
        _ => None,
    }
}

/// The function name of a closure that is written here, and the variables it captures.
fn written(value: &Expr) -> Option<(String, &[Expr])> {
    match value {
        Expr::FnCall(call, _) if call.name == "curry" => {
            let [closure, taken @ ..] = call.args.as_slice() else {
                return None;
            };
            Some((name_of(closure)?, taken))
        }
        // The engine first shares what is captured.
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(value)] => written(value),
            _ => None,
        },
        alone => Some((name_of(alone)?, &[])),
    }
}

/// The parameter of a closure for an element, if it has no other besides the variables it captures and never changes
/// it.
fn element<'n>(all: &'n [Names], closure: &str, taken: &[Expr]) -> Option<&'n str> {
    let names = all.iter().find(|it| it.part.name == closure)?;
    let parameters = &names.part.parameters;
    let element = parameters.last()?;
    (parameters.len() == taken.len() + 1 && names.is_constant(element)).then_some(element)
}

/// The strings of a list that a closure is called with in turn.
pub(in crate::rules::script) struct Elements {
    /// The function name of the closure.
    pub(in crate::rules::script) closure: String,
    /// The name of its parameter.
    pub(in crate::rules::script) parameter: String,
    /// The strings, each with its position.
    pub(in crate::rules::script) words: Vec<(String, Position)>,
}

/// The strings that each closure is called with.
pub(in crate::rules::script) fn elements(all: &[Names]) -> Vec<Elements> {
    let mut found = Vec::new();
    for names in all {
        names.walk(&mut |path| {
            if let Some(ASTNode::Expr(Expr::Dot(pair, ..))) = path.last()
                && let Expr::MethodCall(call, _) = &pair.rhs
                && WITH_EACH.contains(&call.name.as_str())
                && !names.is_function(&call.name)
                && let [closure] = call.args.as_slice()
                && let Some((name, taken)) = written(closure)
                && let Some(element) = element(all, &name, taken)
                && let Some(Bound::Texts(words)) = names.bound(&pair.lhs)
            {
                found.push(Elements {
                    closure: name,
                    parameter: element.to_owned(),
                    words,
                });
            }
            true
        });
    }
    found
}

/// The variables of closures that hold a string converted to one letter case, by the names of the closures: captured
/// ones, and pieces of such a string.
pub(in crate::rules::script) fn letters(all: &[Names]) -> Vec<(String, String, Letters)> {
    let mut found = Vec::new();
    for names in all {
        names.walk(&mut |path| {
            let Some(ASTNode::Expr(value)) = path.last() else {
                return true;
            };
            if let Some((closure, taken)) = written(value) {
                for taken in taken {
                    if let (Expr::Variable(it, ..), Some(letters)) = (taken, names.letters(taken)) {
                        found.push((closure.clone(), it.1.to_string(), letters));
                    }
                }
            }
            if let Some((closure, letters)) = pieces(value, names)
                && let Some((name, taken)) = written(closure)
                && let Some(element) = element(all, &name, taken)
            {
                found.push((name, element.to_owned(), letters));
            }
            true
        });
    }
    found.retain(|(closure, variable, _)| {
        let mut all = all.iter();
        all.any(|it| it.part.name == *closure && it.is_constant(variable))
    });
    found
}

/// The closure called with each piece of a string converted to one letter case: `t.to_lower().split(" ").some(…)`.
fn pieces<'e>(value: &'e Expr, names: &Names) -> Option<(&'e Expr, Letters)> {
    let chain = Chain::of(value)?;
    let mut links = chain.links.iter().rev();
    let mut call = || match links.next() {
        Some((Link::Call(call), _)) if !names.is_function(&call.name) => Some(*call),
        _ => None,
    };
    let (iterating, splitting, converting) = (call()?, call()?, call());
    let [closure] = iterating.args.as_slice() else {
        return None;
    };
    if !WITH_EACH.contains(&iterating.name.as_str()) || splitting.name != "split" {
        return None;
    }
    let letters = match converting {
        Some(call) => names.letters_of(call)?,
        None if chain.links.len() == 2 => names.letters_named(chain.root)?,
        None => return None,
    };
    Some((closure, letters))
}
