//! Words that a script compares its input with: some may never occur.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use crate::rules::compared::{Asked, Compared};
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::is_value;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::analysis::switches;
use crate::rules::script::position;

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

    /// All comparisons, in the order they were added.
    pub(super) fn into_all(self) -> Vec<Compared> {
        self.found
    }
}

/// Adds every string that a function of a script compares a value with.
pub(super) fn note(text: &str, file: &str, names: &Names, found: &mut Comparisons) {
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
        // Values compared with a string, and values searched for in a list of strings.
        let (mut alone, mut in_list) = (Vec::new(), Vec::new());
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                match (call.name.as_str(), call.args.as_slice()) {
                    ("==" | "!=", [one, two]) => alone.extend([(one, two), (two, one)]),
                    // The engine turns « x in y » into `contains(y, x)`.
                    ("contains", [list, value]) => in_list.push((value, list)),
                    _ => {}
                }
            }
            Some(ASTNode::Expr(whole @ Expr::Dot(pair, ..))) => {
                if let Some((value, word, asked, at)) = part_of(whole, names) {
                    note(&value, word, asked, at);
                }
                if let Expr::MethodCall(call, _) = &pair.rhs
                    && call.name == "contains"
                {
                    in_list.extend(call.args.iter().map(|value| (value, &pair.lhs)));
                }
            }
            Some(ASTNode::Stmt(Stmt::Switch(it, at))) => {
                if let Some(Bound::Given(value)) = names.bound(&it.0) {
                    for (word, at) in switches::texts(text, *at) {
                        note(&value, word, Asked::Whole, at);
                    }
                }
            }
            _ => {}
        }
        for (value, other) in alone {
            if let Some(Bound::Given(value)) = names.bound(value)
                && let Some(Bound::Text(word, at)) = names.bound(other)
            {
                note(&value, word, Asked::Whole, at);
            }
        }
        for (value, list) in in_list {
            if let Some(Bound::Given(value)) = names.bound(value)
                && let Some(Bound::Texts(words)) = names.bound(list)
            {
                for (word, at) in words {
                    note(&value, word, Asked::Whole, at);
                }
            }
        }
        true
    });
}

/// A value tested for a part of its text, as in `residence.code.starts_with("MZ-")`.
fn part_of(whole: &Expr, names: &Names) -> Option<(Vec<String>, String, Asked, Position)> {
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
        let mut found = Comparisons::default();
        for names in Names::all(&script, "f", &["signalement", "evenement"]) {
            note(&text, "f.rhai", &names, &mut found);
        }
        let found = found.into_all();
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.value.as_str(), it.word.as_str()))
            .collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
    }
}
