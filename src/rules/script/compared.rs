//! Words that a script compares what it is given with: some can never come.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt};

use crate::rules::compared::Compared;
use crate::rules::script::check::declared;
use crate::rules::script::position;

/// Every text that a script compares a value with. `names` are what the contract calls the function's parameters, whatever the script calls them.
pub(super) fn of(
    script: &AST,
    file: &str,
    function: &str,
    names: &[&'static str],
) -> Vec<Compared> {
    let mut found = Vec::new();
    let entry = script.iter_functions().find(|it| it.name == function);
    let parameters = entry.map(|it| it.params).unwrap_or_default();
    let mut given: HashMap<&str, &str> =
        parameters.into_iter().zip(names.iter().copied()).collect();
    for name in declared(script, function) {
        given.remove(name.as_str());
    }
    let mut changed = HashSet::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(it))) = path.last() {
            changed.extend(path_of(&it.1.lhs).map(|it| it.join(".")));
        }
        true
    });
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last() else {
            return true;
        };
        if let Some((value, word, at)) =
            sides(call).filter(|(it, ..)| !changed.contains(&it.join(".")))
        {
            let (first, fields) = value.split_first().unwrap_or((&"", &[]));
            if let Some(name) = given.get(first) {
                let (line, column) = position(at);
                let value = [&[*name], fields].concat().join(".");
                found.push(Compared {
                    file: file.to_owned(),
                    value,
                    word: word.to_owned(),
                    line,
                    column,
                });
            }
        }
        true
    });
    found
}

/// The value and the text of `valeur == "texte"`, either way round, or of `!=`.
fn sides(call: &FnCallExpr) -> Option<(Vec<&str>, &str, rhai::Position)> {
    let [one, two] = call.args.as_slice() else {
        return None;
    };
    if !["==", "!="].contains(&call.name.as_str()) {
        return None;
    }
    let (value, text) = match (one, two) {
        (value, Expr::StringConstant(..)) => (value, two),
        (Expr::StringConstant(..), value) => (value, one),
        _ => return None,
    };
    let Expr::StringConstant(text, at) = text else {
        return None;
    };
    Some((path_of(value)?, text, *at))
}

/// A variable and the fields that are read of it, one of the other.
fn path_of(value: &Expr) -> Option<Vec<&str>> {
    let mut path = Vec::new();
    let mut rest = match value {
        Expr::Variable(it, ..) => return Some(vec![it.1.as_str()]),
        Expr::Dot(pair, ..) => match &pair.lhs {
            Expr::Variable(it, ..) => {
                path.push(it.1.as_str());
                &pair.rhs
            }
            _ => return None,
        },
        _ => return None,
    };
    loop {
        match rest {
            Expr::Property(it, _) => {
                path.push(it.2.as_str());
                return Some(path);
            }
            Expr::Dot(pair, ..) => {
                let Expr::Property(it, _) = &pair.lhs else {
                    return None;
                };
                path.push(it.2.as_str());
                rest = &pair.rhs;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("s.priorite == \"haute\"", Some(("signalement.priorite", "haute")))]
    #[case("\"haute\" != s.priorite", Some(("signalement.priorite", "haute")))]
    #[case("if s.priorite == \"a\" { }", Some(("signalement.priorite", "a")))]
    #[case("e.demande.statut == \"a\"", Some(("evenement.demande.statut", "a")))]
    #[case("e.type == \"a\"", Some(("evenement.type", "a")))]
    #[case("s == \"a\"", Some(("signalement", "a")))]
    #[case("s.priorite == e.type", None)]
    #[case("s.priorite.len() == \"a\"", None)]
    #[case("s.priorite > \"a\"", None)]
    #[case("let s = 1; s.priorite == \"a\"", None)]
    #[case("for s in [] { s.priorite == \"a\" }", None)]
    #[case("[1].map(|s| s == \"a\")", None)]
    #[case("s.priorite = s.priorite.to_upper(); s.priorite == \"A\"", None)]
    #[case("autre == \"a\"", None)]
    fn what_is_compared_with_a_text_is_found(
        #[case] body: &str,
        #[case] wanted: Option<(&str, &str)>,
    ) {
        let text = format!("fn f(s, e) {{ {body} }}");
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let script = engine.compile(text).unwrap();
        let found = of(&script, "f.rhai", "f", &["signalement", "evenement"]);
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.value.as_str(), it.word.as_str()))
            .collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
    }
}
