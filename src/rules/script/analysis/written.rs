//! The literals and names written in a script, whatever it does with them.

use std::collections::{BTreeMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::chain::{Link, first_link};
use super::origins::{Origins, constant};
use super::switches;
use crate::rules::written::{Together, Written};

/// The field that holds what SoWell sends beyond the contract.
const AUTRES: &str = "autres";
/// The field that holds what the author wrote.
const DESCRIPTION: &str = "description";
/// The methods whose text is a key or a separator.
const KEYED: [&str; 3] = ["get", "split", "replace"];

/// All literals and names in a script.
pub(in crate::rules::script) fn of(script: &AST, text: &str) -> Written {
    let mut found = Written::default();
    let variables = variables(script);
    let origins = Origins::of(script);
    let is_autres = |value: &Expr| match last(value) {
        Expr::Property(it, _) => it.2 == AUTRES,
        Expr::Variable(it, ..) => variables.contains(it.1.as_str()),
        _ => false,
    };
    script.walk(&mut |path| {
        add_origins(&origins, path, &mut found);
        match path.last() {
            Some(ASTNode::Expr(Expr::StringConstant(text, _))) => {
                found.texts.insert(text.to_string());
                if is_asked(path) {
                    found.texts_asked.insert(text.to_string());
                }
            }
            Some(ASTNode::Expr(Expr::IntegerConstant(number, _))) => {
                found.numbers.insert(*number);
            }
            Some(ASTNode::Expr(Expr::Property(it, _))) => {
                found.fields.insert(it.2.to_string());
                if !is_only_put_into_a_message(path) {
                    found.fields_asked.insert(it.2.to_string());
                }
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, _))) => {
                found.functions.insert(call.name.to_string());
                found.cuts.extend(cut(call));
            }
            Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) => {
                found.functions.insert(call.name.to_string());
                found.cuts.extend(cut(call));
                // The engine turns « x in y » into `contains(y, x)`.
                if let ("contains", [of, Expr::StringConstant(name, _)]) =
                    (call.name.as_str(), call.args.as_slice())
                    && is_autres(of)
                {
                    found.autres.insert(name.to_string());
                }
            }
            // The engine does not keep the values of a `switch`'s cases.
            Some(ASTNode::Stmt(Stmt::Switch(it, at))) => {
                let texts = switches::texts(text, *at).into_iter();
                let texts: Vec<String> = texts.map(|(text, _)| text).collect();
                found.texts_asked.extend(texts.iter().cloned());
                let origin = origins.origin(&it.0);
                let compared = texts.iter().map(|it| (it.clone(), origin.clone()));
                found.compared.extend(compared);
                found.texts.extend(texts);
            }
            _ => {}
        }
        add_place(path, &is_autres, &mut found);
        true
    });
    found.together = together(script);
    found
}

/// The part of a text that a call cuts out, if both of its numbers are written there.
fn cut(call: &FnCallExpr) -> Option<(i64, i64)> {
    match call.args.as_slice() {
        [
            ..,
            Expr::IntegerConstant(first, _),
            Expr::IntegerConstant(count, _),
        ] if call.name == "sub_string" => Some((*first, *count)),
        _ => None,
    }
}

/// Adds what the last node of this path calls or compares, with the origins of the values.
fn add_origins(origins: &Origins, path: &[ASTNode<'_>], found: &mut Written) {
    for (name, receiver, args) in origins.calls(path) {
        if !KEYED.contains(&name) {
            let constants = args.iter().filter_map(constant);
            let compared = constants.map(|it| (it, receiver.clone()));
            found.compared.extend(compared);
        }
        found.applied.insert((name.to_owned(), receiver));
    }
    found.compared.extend(origins.compared(path));
    if let Some(ASTNode::Expr(value @ Expr::FnCall(call, _))) = path.last() {
        let applied = (call.name.to_string(), origins.origin(value));
        found.applied.insert(applied);
    }
}

/// Adds the field or the key from which the value at the end of this path is read.
fn add_place(path: &[ASTNode<'_>], is_autres: &dyn Fn(&Expr) -> bool, found: &mut Written) {
    let Some(ASTNode::Expr(value @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..)))) = path.last()
    else {
        return;
    };
    let link = first_link(value).map(|(link, _)| link);
    if let Some(Link::Field(name) | Link::Key(name)) = &link {
        found.fields.insert((*name).to_owned());
        if !is_only_put_into_a_message(path) {
            found.fields_asked.insert((*name).to_owned());
        }
    }
    let name = link
        .as_ref()
        .and_then(looked_up)
        .filter(|_| is_autres(&pair.lhs));
    found.autres.extend(name.map(str::to_owned));
}

/// Whether the text at the end of this path may be compared with what a person wrote: it is neither a key nor a part of
/// a message, and not compared with another field.
fn is_asked(path: &[ASTNode<'_>]) -> bool {
    let of_description = |value: &Expr| match last(value) {
        Expr::Property(it, _) => it.2 == DESCRIPTION,
        _ => true,
    };
    let mut around = path.iter().rev().skip(1);
    match (around.next(), around.next()) {
        (
            Some(
                ASTNode::Expr(Expr::InterpolatedString(..) | Expr::Map(..) | Expr::Index(..))
                | ASTNode::Stmt(Stmt::Return(..)),
            ),
            _,
        ) => false,
        (Some(ASTNode::Expr(Expr::MethodCall(call, _))), _) if KEYED.contains(&&*call.name) => {
            false
        }
        (Some(ASTNode::Expr(Expr::MethodCall(..))), Some(ASTNode::Expr(Expr::Dot(pair, ..)))) => {
            of_description(&pair.lhs)
        }
        (Some(ASTNode::Expr(Expr::FnCall(call, _))), _) => call.args.iter().all(of_description),
        _ => true,
    }
}

/// Whether the field at the end of this path is only a value or a part of a message.
fn is_only_put_into_a_message(path: &[ASTNode<'_>]) -> bool {
    let mut around = path.iter().rev().skip(1);
    // The engine takes each part of an interpolated text for a block.
    let beyond = around.find(|it| {
        !matches!(
            it,
            ASTNode::Expr(Expr::Dot(..) | Expr::Stmt(..))
                | ASTNode::Stmt(Stmt::Expr(..) | Stmt::Block(..))
        )
    });
    matches!(
        beyond,
        Some(ASTNode::Expr(Expr::Map(..) | Expr::InterpolatedString(..)))
    )
}

/// The name that an access looks up in a set.
fn looked_up<'e>(link: &Link<'e>) -> Option<&'e str> {
    match link {
        Link::Field(name) | Link::Key(name) => Some(name),
        Link::Call(call) if call.name == "contains" => match &call.args[..] {
            [Expr::StringConstant(name, _)] => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The literals and names of each condition, together with those of the conditions around it.
fn together(script: &AST) -> Vec<Together> {
    let mut found: BTreeMap<Position, Together> = BTreeMap::new();
    script.walk(&mut |path| {
        let conditions = conditions_around(path);
        for at in conditions {
            let condition = found.entry(at).or_default();
            match path.last() {
                Some(ASTNode::Expr(Expr::StringConstant(text, _))) => {
                    condition.texts.insert(text.to_string());
                }
                Some(ASTNode::Expr(Expr::IntegerConstant(number, _))) => {
                    condition.numbers.insert(*number);
                }
                Some(ASTNode::Expr(Expr::Property(it, _))) => {
                    condition.names.insert(it.2.to_string());
                }
                _ => {}
            }
        }
        true
    });
    found.into_values().collect()
}

/// Positions of the conditions that contain the last node of this path, or that enclose one that does.
fn conditions_around(path: &[ASTNode<'_>]) -> Vec<Position> {
    let mut asked = false;
    let mut found = Vec::new();
    let mut outermost = None;
    for (at, node) in path.iter().enumerate().rev() {
        let next = path.get(at + 1);
        match node {
            ASTNode::Expr(Expr::And(_, position) | Expr::Or(_, position)) => {
                asked = true;
                outermost = Some(*position);
            }
            ASTNode::Stmt(Stmt::If(flow, position)) => {
                asked |= matches!(next, Some(ASTNode::Expr(_)));
                let is_else = match next {
                    Some(ASTNode::Stmt(next)) => {
                        flow.branch.iter().any(|it| std::ptr::eq(it, *next))
                    }
                    _ => false,
                };
                if asked && !is_else {
                    found.push(*position);
                }
            }
            _ => {}
        }
    }
    if found.is_empty() {
        found.extend(outermost);
    }
    found
}

/// The variables that hold `autres`.
fn variables(script: &AST) -> HashSet<String> {
    let mut names = HashSet::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last()
            && matches!(last(&it.1), Expr::Property(it, _) if it.2 == AUTRES)
        {
            names.insert(it.0.as_str().to_owned());
        }
        true
    });
    names
}

/// The last part of an expression: `autres` in `signalement.autres`.
fn last(value: &Expr) -> &Expr {
    match value {
        Expr::Dot(pair, ..) => last(&pair.rhs),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("s.autres.get(\"etage\") == 3", &["etage"])]
    #[case("s.autres.etage > 3", &["etage"])]
    #[case("s.autres[\"etage\"].len()", &["etage"])]
    #[case("\"etage\" in s.autres", &["etage"])]
    #[case("s.autres.contains(\"etage\")", &["etage"])]
    #[case("let a = s.autres; if \"porte\" in a { a.get(\"etage\") }", &["etage", "porte"])]
    #[case("\"gaz\" in s.description || s.description.contains(\"eau\")", &[])]
    #[case("s.get(\"photos\") > 3", &[])]
    fn names_looked_up_in_autres_are_found(#[case] body: &str, #[case] names: &[&str]) {
        let script = rhai::Engine::new();
        let text = format!("fn f(s) {{ {body} }}");
        let found = of(&script.compile(&text).unwrap(), &text);
        let found: Vec<&str> = found.autres.iter().map(String::as_str).collect();
        assert_eq!(found, names);
    }

    #[rstest]
    #[case("if s.photos > 2 && s.description.contains(\"gaz\") { g(\"x\") }", &["2 gaz description photos"])]
    #[case("if s.photos > 2 { if s.description == \"gaz\" { 3 } }", &["2 gaz description photos", "gaz description"])]
    #[case("let a = s.photos > 2 && s.auteur == \"Zoé\";", &["2 Zoé auteur photos"])]
    #[case("if s.photos > 2 { 3 } else if s.description == \"gaz\" { 4 }", &["2 photos", "gaz description"])]
    #[case("let a = s.photos; g(\"gaz\")", &[])]
    fn literals_of_one_condition_are_kept_together(#[case] body: &str, #[case] wanted: &[&str]) {
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let text = format!("fn f(s) {{ {body} }} fn g(x) {{ x }}");
        let found = of(&engine.compile(&text).unwrap(), &text).together;
        let found: Vec<String> = found
            .iter()
            .map(|it| {
                let numbers = it.numbers.iter().map(i64::to_string);
                let texts = it.texts.iter().chain(&it.names).cloned();
                numbers.chain(texts).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, wanted);
    }

    #[rstest]
    #[case("if s.description.contains(\"gaz\") { }", &["gaz"], &["description"])]
    #[case("let d = s.description.to_lower(); if \"gaz\" in d { }", &["gaz"], &["description"])]
    #[case("[\"gaz\", \"eau\"].some(|it| s.description.contains(it))", &["eau", "gaz"], &["description"])]
    #[case("let mot = \"gaz\"; if mot in s.description { }", &["gaz"], &["description"])]
    #[case("if s.type == \"statut\" { #{ a: s.email, modele: \"m\" } }", &[], &["type"])]
    #[case("if s.bien.ends_with(\"CHF\") { throw `bien ${s.auteur} non` }", &[], &["bien"])]
    #[case("s.auteur.split(\"-\")[1]; s.get(\"x\"); s[\"y\"]", &[], &["auteur", "x", "y"])]
    fn only_what_rules_may_distinguish_is_asked(
        #[case] body: &str,
        #[case] texts: &[&str],
        #[case] fields: &[&str],
    ) {
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let text = format!("fn f(s) {{ {body} }}");
        let found = of(&engine.compile(&text).unwrap(), &text);
        assert_eq!(Vec::from_iter(&found.texts_asked), texts);
        assert_eq!(Vec::from_iter(&found.fields_asked), fields);
    }

    #[rstest]
    #[case("s.date_creation.sub_string(11, 2)", &[(11, 2)])]
    #[case("let d = s.date_creation; sub_string(d, 5, 2)", &[(5, 2)])]
    #[case("let d = s.date_creation; let n = 2; d.sub_string(n, 2); d.sub_string(8)", &[])]
    #[case("g(5, 2)", &[])]
    fn the_parts_cut_out_of_texts_are_found(#[case] body: &str, #[case] wanted: &[(i64, i64)]) {
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let text = format!("fn f(s) {{ {body} }} fn g(x, y) {{ x }}");
        let found = of(&engine.compile(&text).unwrap(), &text).cuts;
        assert_eq!(Vec::from_iter(found), wanted);
    }

    #[test]
    fn literals_in_other_functions_and_switch_cases_are_found() {
        let text = "fn f(s) { if s.description.contains(\"eau\") { } switch s.description { \"gaz\" => g(s), _ => 3 } }
            fn g(s) { if s.get(\"photos\") > 4 { heure_de(s.date_creation) } }";
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let found = of(&engine.compile(text).unwrap(), text);
        for field in ["description", "photos", "date_creation"] {
            assert!(found.reads(field), "{found:?}");
        }
        assert!(!found.reads("auteur") && !found.reads("eau"));
        assert!(found.calls(&["heure_de"]));
        assert!(found.texts.contains("gaz"));
        assert!(found.numbers.contains(&3) && found.numbers.contains(&4));
    }
}
