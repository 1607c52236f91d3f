//! Calls of functions that do not exist, or not with that many values.

use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Stmt};

use crate::rules::diagnostic::{Diagnostic, code, counted, nearest};
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::library;
use crate::rules::script::compile::SLEEP;
use crate::rules::script::position;
use crate::rules::script::syntax::foreign;
use crate::rules::script::syntax::slips::ASKING;

/// The possible numbers of arguments of each function, by name.
type Functions = HashMap<String, BTreeSet<usize>>;

/// Reports every call of a function that does not exist, or with a wrong number of arguments.
pub(in crate::rules::script) fn unknown(
    engine: &Engine,
    script: &AST,
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut functions = Functions::new();
    let native = engine.collect_fn_metadata(
        None,
        |it| Some((it.metadata.name.to_string(), it.metadata.num_params)),
        true,
    );
    for (name, count) in native.into_iter().filter(|(name, _)| name != SLEEP) {
        functions.entry(name).or_default().insert(count);
    }
    let variables = variables(script);
    let mut own = Functions::new();
    for it in script.iter_functions() {
        own.entry(it.name.to_owned())
            .or_default()
            .insert(it.params.len());
    }
    // A closure can be kept in a map and called like a method.
    let closures = own.keys().any(|name| name.starts_with("anon$"));
    script.walk(&mut |path| {
        let (call, method, at) = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))) => {
                (call, false, *at)
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, at))) if !closures => (call, true, *at),
            _ => return true,
        };
        let message = fault(call, method, &functions, &own, &variables);
        let message = message.map(|it| {
            let is_of_several = method && call.args.len() > 1 && ASKING.contains(&&*call.name);
            if is_of_several && !own.contains_key(&*call.name) {
                format!("{it}{}", for_several(call, path))
            } else {
                it
            }
        });
        let alone = || asked_alone(call, method, path).filter(|_| !own.contains_key(&*call.name));
        if let Some(message) = message.map(|it| alone().unwrap_or(it)) {
            let (line, column) = position(at);
            faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
        }
        true
    });
}

fn fault(
    call: &FnCallExpr,
    method: bool,
    functions: &Functions,
    own: &Functions,
    variables: &HashSet<String>,
) -> Option<String> {
    let name = call.name.as_str();
    let operator =
        call.op_token.is_some() || !name.starts_with(|it: char| it.is_alphabetic() || it == '_');
    if operator || !call.namespace.is_empty() || library::is_built_in(name) {
        return None;
    }
    // The value before the dot is an argument of a native function, and `this` of a script's own.
    let given = call.args.len();
    let native = functions.get(name);
    let scripted = own.get(name);
    let fits = native.is_some_and(|it| it.contains(&(given + usize::from(method))))
        || scripted.is_some_and(|it| it.contains(&given));
    if fits {
        return None;
    }
    let Some(wanted) = scripted.or(native) else {
        if !method && variables.contains(name) {
            return Some(format!(
                "« {name} » est une variable, et non une fonction : si elle en contient une, écrivez {name}.call(…)"
            ));
        }
        if let Some(message) = foreign::word(name) {
            return Some(message);
        }
        let hint = match foreign::function(name) {
            _ if name == "gestionnaires" => " : écrivez gestionnaires.get(…)".to_owned(),
            Some(meant) => format!(" : écrivez {meant}"),
            None => {
                let known = functions.keys().chain(own.keys()).map(String::as_str);
                // Constants such as « PI » are functions too.
                let word = |it: &&str| it.len() > 2 && it.starts_with(|it: char| it.is_lowercase());
                nearest(name, known.filter(word))
                    .map(|near| format!(" : vouliez-vous dire « {near} » ?"))
                    .unwrap_or_default()
            }
        };
        return Some(format!("fonction inconnue « {name} »{hint}"));
    };
    let dotted = usize::from(method && scripted.is_none());
    let wanted: Vec<usize> = wanted
        .iter()
        .filter_map(|count| count.checked_sub(dotted))
        .collect();
    let (last, others) = wanted.split_last()?;
    let mut all: Vec<String> = others.iter().map(usize::to_string).collect();
    all.push(counted(*last, "valeur"));
    Some(format!(
        "« {name} » demande {}, et non {given}",
        all.join(" ou ")
    ))
}

/// What to write instead of a call that tests a string, the last node of `path`, with several values.
fn for_several(call: &FnCallExpr, path: &[ASTNode]) -> String {
    let dots = path.iter().rev().skip(1);
    let dots = dots.take_while(|it| matches!(it, ASTNode::Expr(Expr::Dot(..))));
    let before = dots.last().and_then(|it| {
        let ASTNode::Expr(whole) = it else {
            return None;
        };
        let mut chain = Chain::of(whole)?;
        match chain.links.pop()? {
            (Link::Call(last), _) if std::ptr::eq(last, call) => chain.shown_with_calls(),
            _ => None,
        }
    });
    let text = before.as_deref().unwrap_or("texte");
    let name = call.name.as_str();
    format!(" : pour l'un ou l'autre texte, écrivez « ({text}.{name}(…) || {text}.{name}(…)) »")
}

/// A function that tests a string, called without the string in front: the one tested just before was meant.
fn asked_alone(call: &FnCallExpr, method: bool, path: &[ASTNode]) -> Option<String> {
    let name = call.name.as_str();
    if method || call.args.len() != 1 || !ASKING.contains(&name) {
        return None;
    }
    let around = path.len().checked_sub(2).map(|it| &path[it]);
    let before = match around {
        Some(ASTNode::Expr(Expr::Or(all, _) | Expr::And(all, _))) => all.iter().find_map(|it| {
            let mut chain = Chain::of(it)?;
            match chain.links.pop()? {
                (Link::Call(_), _) => chain.shown(),
                _ => None,
            }
        }),
        _ => None,
    };
    let before = before.unwrap_or_else(|| "texte".to_owned());
    Some(format!(
        "« {name} » demande devant lui le texte où chercher : écrivez « {before}.{name}(…) »"
    ))
}

/// The variables of a script, which may hold functions.
fn variables(script: &AST) -> HashSet<String> {
    let mut names = HashSet::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last() {
            names.insert(it.0.as_str().to_owned());
        }
        true
    });
    names
}
