//! Static checks of a script: calls of unknown functions, missing keys, and the names that it uses as literals.

use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use super::fields::OF_ALL;
use super::slips::ASKING;
use super::{foreign, library};
use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code, counted, nearest};
use crate::rules::place::{Located, offset};
use crate::rules::script::chain::{Chain, Link, first_link};
use crate::rules::script::compile::SLEEP;
use crate::rules::script::{A, MODELE, position, words};

/// Functions that merge the keys of one object into another.
const JOINING: [&str; 3] = ["+", "mixin", "fill_with"];

/// The possible numbers of arguments of each function, by name.
type Functions = HashMap<String, BTreeSet<usize>>;

/// Reports every call of a function that does not exist, or with a wrong number of arguments.
pub(in crate::rules::script) fn calls(
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
        let message = unknown(call, method, &functions, &own, &variables);
        let alone = || asked_alone(call, method, path).filter(|_| !own.contains_key(&*call.name));
        if let Some(message) = message.map(|it| alone().unwrap_or(it)) {
            let (line, column) = position(at);
            faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
        }
        true
    });
}

fn unknown(
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

/// Every manager type that the script names as a literal, as in `residence.gestionnaires.get("gardien")`.
pub(in crate::rules::script) fn managers(script: &AST) -> Vec<Located> {
    let mut found = Vec::new();
    let mut note = |name: &str, at: Position| {
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

/// Lines of the loops that may never end; if there are none, of those that may end too late.
pub(super) fn loops(script: &AST) -> Vec<u32> {
    let (mut endless, mut counted) = (Vec::new(), Vec::new());
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::While(_, at) | Stmt::Do(_, _, at))) => {
                endless.push(position(*at).0);
            }
            Some(ASTNode::Stmt(Stmt::For(_, at))) => counted.push(position(*at).0),
            _ => {}
        }
        true
    });
    let mut lines = if endless.is_empty() { counted } else { endless };
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Reports literal addressees that are invalid: no event makes them valid.
pub(in crate::rules::script) fn addressees(script: &AST, file: &str, faults: &mut Vec<Diagnostic>) {
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last()
            && entries.0.iter().any(|(key, _)| key.name == MODELE)
        {
            for (key, value) in &entries.0 {
                if let (A, Expr::StringConstant(text, at)) = (key.name.as_str(), value)
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

/// Reports object literals that have one required key of a result but not the other, if nothing adds it later. A script
/// may use the short keys of a message in its own objects: only an object that misspells the other key, or that names a
/// template inside a list, is taken for a message.
pub(super) fn keys(
    script: &AST,
    wanted: [&str; 2],
    of: &str,
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut given_later = HashSet::new();
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Property(it, _))) => given_later.insert(it.2.to_string()),
            Some(ASTNode::Expr(Expr::Index(pair, ..))) => match &pair.rhs {
                Expr::StringConstant(it, _) => given_later.insert(it.to_string()),
                _ => false,
            },
            _ => false,
        };
        given_later.extend(joined_keys(path));
        true
    });
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, at))) = path.last() else {
            return true;
        };
        let has = |name: &str| entries.0.iter().any(|(key, _)| key.name == name);
        for (key, other) in [(wanted[0], wanted[1]), (wanted[1], wanted[0])] {
            if has(key) || !has(other) || given_later.contains(key) {
                continue;
            }
            // An object whose key is read is for the script itself.
            if other.len() > 2 && given_later.contains(other) {
                continue;
            }
            let given = entries.0.iter().map(|(key, _)| key.name.as_str());
            let given = given.filter(|it| *it != other);
            let parent = path.len().checked_sub(2).map(|it| &path[it]);
            let in_list = matches!(parent, Some(ASTNode::Expr(Expr::Array(..))));
            let joined = matches!(
                parent,
                Some(ASTNode::Expr(Expr::FnCall(..) | Expr::MethodCall(..)))
            );
            let meant = match other {
                MODELE => in_list,
                A => false,
                _ => !joined,
            };
            if !meant && (key.len() < 3 || nearest(key, given.clone()).is_none()) {
                continue;
            }
            let message = words::missing(key, of, given);
            let (line, column) = position(*at);
            // A literal result is already reported as an error here.
            let here = |it: &Diagnostic| it.file == file && (it.line, it.column) == (line, column);
            if faults.iter().any(here) {
                continue;
            }
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        true
    });
}

/// The keys of an object literal that is merged with another object.
fn joined_keys(path: &[ASTNode]) -> Vec<String> {
    let [.., parent, ASTNode::Expr(Expr::Map(entries, _))] = path else {
        return Vec::new();
    };
    let joins = match parent {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
        | ASTNode::Stmt(Stmt::FnCall(call, _)) => JOINING.contains(&call.name.as_str()),
        ASTNode::Stmt(Stmt::Assignment(it)) => it.0.is_op_assignment(),
        _ => false,
    };
    let keys = entries.0.iter().map(|(key, _)| key.name.to_string());
    keys.filter(|_| joins).collect()
}

/// Reports `${…}` in strings that do not interpolate.
pub(super) fn dollars(script: &AST, source: &str, file: &str, faults: &mut Vec<Diagnostic>) {
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::StringConstant(text, at))) = path.last()
            && let Some((_, rest)) = text.split_once("${")
            && let Some((value, _)) = rest.split_once('}')
            && value.starts_with(|it: char| it.is_alphabetic() || it == '_')
        {
            let (line, column) = position(*at);
            let begins = offset(source, (line, column)).and_then(|it| source.get(it..));
            let is_raw = begins.is_some_and(|it| it.starts_with('#'));
            let message = if is_raw {
                format!(
                    "« ${{{value}}} » reste écrit ainsi entre « #\" » et « \"# » : mettez un accent grave (`) à la place de l'un et de l'autre, et sa valeur y sera"
                )
            } else {
                format!(
                    "« ${{{value}}} » reste écrit ainsi entre guillemets : mettez tout le texte entre accents graves (`), et sa valeur y sera"
                )
            };
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        true
    });
}
