//! Words that a script compares its input with: some may never occur.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use crate::rules::compared::{Asked, Compared};
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::is_value;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::analysis::{switches, table_keys};
use crate::rules::script::position;

/// Every string that a script compares its input with; `all` are its functions.
pub(in crate::rules::script) fn of(text: &str, file: &str, all: &[Names]) -> Vec<Compared> {
    let mut found = Comparisons::default();
    for names in all {
        note(text, file, names, &mut found);
    }
    table_keys::note(file, all, &mut found);
    found.found
}

/// The comparisons in a script's functions, without duplicates.
#[derive(Default)]
pub(super) struct Comparisons {
    found: Vec<Compared>,
    /// Indexes into `found`, by the position of the text.
    by_place: HashMap<(u32, u32), Vec<usize>>,
}

impl Comparisons {
    /// Adds a comparison unless it is there already: one list may be used in several places.
    pub(super) fn add(&mut self, compared: Compared) {
        let place = (compared.line, compared.column);
        let here = self.by_place.entry(place).or_default();
        if here.iter().all(|it| self.found[*it] != compared) {
            here.push(self.found.len());
            self.found.push(compared);
        }
    }
}

/// Adds every string that a function of a script compares a value with.
fn note(text: &str, file: &str, names: &Names, found: &mut Comparisons) {
    let mut note = |value: &[String], word: String, asked: Asked, at: Position| {
        // A value between quotes has its own remark.
        if is_value(&word) {
            return;
        }
        let (line, column) = position(at);
        found.add(Compared {
            file: file.to_owned(),
            value: value.join("."),
            word,
            asked,
            line,
            column,
        });
    };
    names.walk(&mut |path| {
        for (value, word, asked, at) in path
            .last()
            .map_or_else(Vec::new, |it| in_node(it, text, names))
        {
            note(&value, word, asked, at);
        }
        true
    });
}

/// The path of a value, a string that it is compared with, how, and the position of the string.
type Comparison = (Vec<String>, String, Asked, Position);

/// The comparisons that an expression or a statement makes itself.
fn in_node(node: &ASTNode<'_>, text: &str, names: &Names) -> Vec<Comparison> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _)) => match (call.name.as_str(), call.args.as_slice()) {
            ("==" | "!=", [one, two]) => {
                let both = [with(one, two, names), with(two, one, names)];
                both.into_iter().flatten().collect()
            }
            // The engine turns « x in y » into `contains(y, x)`.
            ("contains", [list, value]) => with_each(value, list, names),
            _ => Vec::new(),
        },
        ASTNode::Expr(dotted @ Expr::Dot(pair, ..)) => {
            let mut found: Vec<_> = part_of(dotted, names).into_iter().collect();
            if let Expr::MethodCall(call, _) = &pair.rhs
                && call.name == "contains"
            {
                let values = call.args.iter();
                found.extend(values.flat_map(|value| with_each(value, &pair.lhs, names)));
            }
            found
        }
        ASTNode::Stmt(Stmt::Switch(it, at)) => match names.bound(&it.0) {
            Some(Bound::Given(value)) => whole(&value, switches::texts(text, *at)),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A value compared with a string, as in `signalement.priorite == "high"`.
fn with(value: &Expr, other: &Expr, names: &Names) -> Option<Comparison> {
    let Some(Bound::Given(value)) = names.bound(value) else {
        return None;
    };
    let Some(Bound::Text(word, at)) = names.bound(other) else {
        return None;
    };
    Some((value, word, Asked::Whole, at))
}

/// A value searched for in a list of strings.
fn with_each(value: &Expr, list: &Expr, names: &Names) -> Vec<Comparison> {
    match (names.bound(value), names.bound(list)) {
        (Some(Bound::Given(value)), Some(Bound::Texts(words))) => whole(&value, words),
        _ => Vec::new(),
    }
}

/// A value compared with each of these strings.
fn whole(value: &[String], words: impl IntoIterator<Item = (String, Position)>) -> Vec<Comparison> {
    let words = words.into_iter();
    words
        .map(|(word, at)| (value.to_vec(), word, Asked::Whole, at))
        .collect()
}

/// A value tested for a part of its text, as in `residence.code.starts_with("MZ-")`.
fn part_of(whole: &Expr, names: &Names) -> Option<Comparison> {
    let mut chain = Chain::of(whole)?;
    let (Link::Call(call), _) = chain.links.pop()? else {
        return None;
    };
    let asked = match call.name.as_str() {
        name if names.is_function(name) => return None,
        "starts_with" => Asked::Beginning,
        "ends_with" => Asked::End,
        "contains" => Asked::Part,
        _ => return None,
    };
    let [text] = call.args.as_slice() else {
        return None;
    };
    let Some(Bound::Text(word, at)) = names.bound(text) else {
        return None;
    };
    let value = names.path(&chain).filter(|it| !names.is_changed(it))?;
    Some((value, word, asked, at))
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
    #[case("s.priorite in [\"a\"]", Some(("signalement.priorite", "a")))]
    #[case("s.priorite !in [\"a\"]", Some(("signalement.priorite", "a")))]
    #[case("[\"a\"].contains(s.priorite)", Some(("signalement.priorite", "a")))]
    #[case("let l = [\"a\"]; s.priorite in l", Some(("signalement.priorite", "a")))]
    #[case("let l = [\"a\"]; l.contains(s.priorite)", Some(("signalement.priorite", "a")))]
    #[case("let l = [\"a\"]; l.push(\"b\"); s.priorite in l", None)]
    #[case("let l = [\"a\"]; push(l, \"b\"); s.priorite in l", None)]
    #[case("let l = []; l += \"a\"; s.priorite in l", None)]
    #[case("s.priorite in global::L", Some(("signalement.priorite", "x")))]
    #[case("s.priorite in [e.type]", None)]
    #[case("\"a\" in s.priorite", None)]
    #[case("s.priorite in \"a b\"", None)]
    #[case("s.priorite == [\"a\"]", None)]
    #[case("s.priorite.contains(\"a\")", Some(("signalement.priorite", "a")))]
    #[case("s.priorite.starts_with(\"a\")", Some(("signalement.priorite", "a")))]
    #[case("let p = s.priorite; p.ends_with(\"a\")", Some(("signalement.priorite", "a")))]
    #[case("s.priorite.to_lower().contains(\"a\")", None)]
    #[case("s.priorite = \"b\"; s.priorite.contains(\"a\")", None)]
    #[case("s.priorite.contains(e.type)", None)]
    #[case("let p = s.priorite; p == \"a\"", Some(("signalement.priorite", "a")))]
    #[case("let d = e.demande; let p = d.statut; p == \"a\"", Some(("evenement.demande.statut", "a")))]
    #[case("let p = s.priorite; p = \"a\"; p == \"a\"", None)]
    #[case("let p = s.priorite; p.trim(); p == \"a\"", None)]
    #[case("let p = s.priorite.to_upper(); p == \"a\"", None)]
    #[case("let m = \"a\"; m == s.priorite", Some(("signalement.priorite", "a")))]
    #[case(
        "if true { let p = s.priorite; } if true { let p = e.type; p == \"a\" }",
        None
    )]
    #[case("switch s.priorite { \"a\" => 1 }", Some(("signalement.priorite", "a")))]
    #[case("switch s.priorite.to_upper() { \"a\" => 1 }", None)]
    #[case("s.trim(); s.priorite == \"a\"", None)]
    #[case("s.priorite.replace(\"b\", \"a\"); s.priorite == \"a\"", None)]
    #[case("let s = 1; s.priorite == \"a\"", None)]
    #[case("for s in [] { s.priorite == \"a\" }", None)]
    #[case("[1].map(|s| s == \"a\")", None)]
    #[case("s.priorite = s.priorite.to_upper(); s.priorite == \"A\"", None)]
    #[case("autre == \"a\"", None)]
    fn comparisons_with_strings_are_found(
        #[case] body: &str,
        #[case] wanted: Option<(&str, &str)>,
    ) {
        let text = format!("const L = [\"x\"]; fn f(s, e) {{ {body} }}");
        let mut engine = rhai::Engine::new();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let script = engine.compile(&text).unwrap();
        let all = Names::all(&script, "f", &["signalement", "evenement"]);
        let found = of(&text, "f.rhai", &all);
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.value.as_str(), it.word.as_str()))
            .collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
    }
}
