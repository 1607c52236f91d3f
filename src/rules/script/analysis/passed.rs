//! The arguments of a script's own functions, if every call passes the same ones.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::script::analysis::closures;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::analysis::parts::Part;

/// How many calls deep arguments are followed from the function that the daemon calls.
pub(in crate::rules::script) const DEEPEST: usize = 3;

/// A function, by name and number of parameters.
type Function = (String, usize);
/// The arguments of each call, by function.
pub(in crate::rules::script) type Passed = HashMap<Function, Vec<Vec<Option<Bound>>>>;

/// The arguments each function is called with, as far as the callers are known.
pub(in crate::rules::script) fn of(script: &AST, callers: &[Names]) -> Passed {
    let mut passed = Passed::new();
    let own: HashSet<Function> = script
        .iter_functions()
        .map(|it| (it.name.to_owned(), it.params.len()))
        .collect();
    for names in callers {
        names.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "curry" => {
                    if let [closure, taken @ ..] = call.args.as_slice()
                        && let Some(name) = closures::name_of(closure)
                    {
                        let function = own.iter().find(|(it, _)| *it == name);
                        if let Some(function) = function {
                            let given = taken.iter().map(|it| names.bound(it)).collect();
                            passed.entry(function.clone()).or_default().push(given);
                        }
                    }
                }
                Some(
                    ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
                    | ASTNode::Stmt(Stmt::FnCall(call, _)),
                ) => {
                    let function = (call.name.to_string(), call.args.len());
                    if own.contains(&function) {
                        let given = call.args.iter().map(|it| names.bound(it)).collect();
                        passed.entry(function).or_default().push(given);
                    }
                }
                _ => {}
            }
            true
        });
    }
    // A function whose name is also a string or a variable may be called with anything.
    let mut named = HashSet::new();
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::StringConstant(it, _))) => {
                named.insert(it.to_string());
            }
            Some(ASTNode::Expr(Expr::Variable(it, ..))) => {
                named.insert(it.1.to_string());
            }
            _ => {}
        }
        true
    });
    passed.retain(|(name, _), _| !named.contains(name));
    passed
}

/// What each parameter of a function stands for, if every call passes the same.
pub(in crate::rules::script) fn to(part: &Part, passed: &Passed) -> Vec<Option<Bound>> {
    let function = (part.name.clone(), part.parameters.len());
    let Some((first, others)) = passed.get(&function).and_then(|it| it.split_first()) else {
        return Vec::new();
    };
    let same = |at: usize, it: &Option<Bound>| {
        let mut others = others.iter();
        others.all(|other| other.get(at) == Some(it))
    };
    let parameters = first.iter().enumerate();
    parameters
        .map(|(at, it)| it.clone().filter(|_| same(at, it)))
        .collect()
}

/// The variables of a function that a closure inside it may change, since closures share what they capture. `touched`
/// lists the names that each closure may change.
pub(in crate::rules::script) fn changed_by_closures(
    part: &Part,
    touched: &HashMap<String, HashSet<String>>,
) -> HashSet<String> {
    let mut changed = HashSet::new();
    part.script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last()
            && call.name == "curry"
            && let [closure, taken @ ..] = call.args.as_slice()
            && let Some(touched) = closures::name_of(closure).and_then(|it| touched.get(&it))
        {
            let taken = taken.iter().filter_map(|it| match it {
                Expr::Variable(it, ..) => Some(it.1.to_string()),
                _ => None,
            });
            changed.extend(taken.filter(|it| touched.contains(it)));
        }
        true
    });
    changed
}
