//! Searches that never succeed because of letter case: the string searched in was converted to one case, and the string
//! searched for contains the other.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use crate::rules::script::Remark;
use crate::rules::script::analysis::closures::Elements;
use crate::rules::script::analysis::names::{Bound, Letters, Names};

/// Methods that search for a string.
const ASKING: [&str; 4] = ["contains", "ends_with", "index_of", "starts_with"];

/// Every string in a function that is never found because of its case; `elements` are those of the lists that closures
/// are called with.
pub(super) fn never_found(names: &Names, elements: &[Elements]) -> Vec<Remark> {
    let mut found = Vec::new();
    let mut in_turn = in_turn(names);
    let here = elements.iter().filter(|it| it.closure == names.part.name);
    in_turn.extend(here.map(|it| (it.parameter.clone(), it.words.clone())));
    names.walk(&mut |path| {
        let mut note = |letters: Option<Letters>, sought: &Expr| {
            if let Some(letters) = letters {
                texts(sought, &in_turn, &mut |word, at| {
                    found.extend(fault(letters, word).map(|it| Remark::new(at, it)));
                });
            }
        };
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                match (call.name.as_str(), call.args.as_slice()) {
                    ("==" | "!=", [one, two]) => {
                        note(names.letters(one), two);
                        note(names.letters(two), one);
                    }
                    // The engine turns « x in y » into `contains(y, x)`: a string contains a part, a list a whole
                    // element.
                    ("contains", [whole, part]) if !names.is_function("contains") => {
                        note(names.letters(whole), part);
                        if let Expr::Array(..) = whole {
                            note(names.letters(part), whole);
                        }
                    }
                    _ => {}
                }
            }
            Some(ASTNode::Expr(Expr::Dot(pair, ..))) => {
                if let Some((letters, sought)) = asked(&pair.lhs, &pair.rhs, names) {
                    note(Some(letters), sought);
                }
            }
            _ => {}
        }
        true
    });
    found.sort_by_key(|it| it.at);
    found.dedup();
    found
}

/// The string searched for in one of known case: `texte.contains("gaz")`, `a.b.to_lower().contains("gaz")`.
fn asked<'e>(left: &Expr, right: &'e Expr, names: &Names) -> Option<(Letters, &'e Expr)> {
    let (letters, call) = match right {
        Expr::MethodCall(call, _) => (names.letters(left)?, call),
        Expr::Dot(pair, ..) => {
            let (Expr::MethodCall(changing, _), Expr::MethodCall(call, _)) = (&pair.lhs, &pair.rhs)
            else {
                return None;
            };
            (names.letters_of(changing)?, call)
        }
        _ => return None,
    };
    let name = call.name.as_str();
    let asks = ASKING.contains(&name) && !names.is_function(name);
    let sought = call.args.first().filter(|_| asks)?;
    Some((letters, sought))
}

/// The strings that a loop variable takes in turn: `for mot in ["gaz", "eau"]`.
fn in_turn(names: &Names) -> HashMap<String, Vec<(String, Position)>> {
    let mut found: HashMap<String, Vec<(String, Position)>> = HashMap::new();
    names.walk(&mut |path| {
        // Nothing is certain if the variable is changed or its name is declared twice.
        if let Some(ASTNode::Stmt(Stmt::For(it, _))) = path.last()
            && let Some(Bound::Texts(words)) = names.bound(&it.2.expr)
            && names.is_constant(it.0.as_str())
        {
            found.insert(it.0.as_str().to_owned(), words);
        }
        true
    });
    found
}

/// Calls `on_text` for each string that an expression stands for: a literal, a list of them, or a loop variable.
fn texts(
    value: &Expr,
    in_turn: &HashMap<String, Vec<(String, Position)>>,
    on_text: &mut dyn FnMut(&str, Position),
) {
    match value {
        Expr::Variable(it, ..) => {
            let words = in_turn.get(it.1.as_str()).into_iter().flatten();
            words.for_each(|(word, at)| on_text(word, *at));
        }
        Expr::StringConstant(word, at) => on_text(word, *at),
        Expr::Array(all, _) => all.iter().for_each(|it| {
            if let Expr::StringConstant(word, at) = it {
                on_text(word, *at);
            }
        }),
        _ => {}
    }
}

fn fault(letters: Letters, word: &str) -> Option<String> {
    let (meant, only, function) = match letters {
        Letters::Lower => (word.to_lowercase(), "minuscules", "to_lower"),
        Letters::Upper => (word.to_uppercase(), "majuscules", "to_upper"),
    };
    // Some letters change their length with their case.
    let same = |a: &str, b: &str| a.chars().count() == b.chars().count();
    (meant != word && same(&meant, word)).then(|| {
        format!("« {word} » ne s'y trouve jamais : « {function} » ne laisse que des {only} ; écrivez « {meant} »")
    })
}
