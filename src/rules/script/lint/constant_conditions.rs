//! Conditions already decided before they are evaluated: the preceding lines or the enclosing block leave only other
//! values.

use std::collections::HashMap;
use std::rc::Rc;

use rhai::{ASTNode, Expr, Position, Stmt, StmtBlock};

use crate::rules::script::analysis::given::is_manager;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::{Remark, position};

/// What a value is compared with: a string, or `()` (`None`).
type Word = Option<Rc<str>>;
/// What is known about values, by their path in the contract.
type Facts = HashMap<Vec<String>, Fact>;

/// What is known about one value.
#[derive(Debug, Clone, PartialEq)]
struct Fact {
    words: Words,
    /// The last line that established it.
    by: Source,
    /// The words it is not, each with the line that excluded it.
    not: Vec<(Word, Source)>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Source {
    line: u32,
    how: How,
}

/// How a line establishes a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// The lines there end the function in the opposite case.
    Ended,
    /// The lines there handle the opposite case, and this is their `else`.
    Else,
    /// It is the condition of the enclosing block.
    Inside,
}

#[derive(Debug, Clone, PartialEq)]
enum Words {
    /// It is one of these.
    Some(Vec<Word>),
    /// It is none of these.
    Not(Vec<Word>),
}

impl Words {
    fn opposite(self) -> Self {
        match self {
            Self::Some(it) => Self::Not(it),
            Self::Not(it) => Self::Some(it),
        }
    }

    /// What both allow; `None` if that is nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let left = match (self, other) {
            (Self::Not(one), Self::Not(two)) => {
                return Some(Self::Not(one.iter().chain(two).cloned().collect()));
            }
            (Self::Some(one), Self::Some(two)) => keep(one, |it| two.contains(it)),
            (Self::Some(one), Self::Not(two)) | (Self::Not(two), Self::Some(one)) => {
                keep(one, |it| !two.contains(it))
            }
        };
        (!left.is_empty()).then_some(Self::Some(left))
    }
}

fn keep(words: &[Word], of: impl Fn(&Word) -> bool) -> Vec<Word> {
    words.iter().filter(|it| of(it)).cloned().collect()
}

/// Every condition that is never true where it is written, and every `??` fallback for a value that is never missing.
pub(super) fn conditions(names: &Names) -> Vec<Remark> {
    let mut search = Search {
        names,
        found: Vec::new(),
    };
    let mut facts = Facts::new();
    names.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            search.statement(statement, &mut facts);
        }
        true
    });
    search.found
}

struct Search<'n> {
    names: &'n Names,
    found: Vec<Remark>,
}

impl Search<'_> {
    fn block(&mut self, block: &StmtBlock, facts: &Facts) {
        let mut facts = facts.clone();
        for statement in block.statements() {
            self.statement(statement, &mut facts);
        }
    }

    /// Checks a statement and adds what is known after it.
    fn statement(&mut self, statement: &Stmt, facts: &mut Facts) {
        match statement {
            Stmt::If(it, _) => self.choice(&it.expr, &it.body, &it.branch, facts),
            Stmt::While(it, _) | Stmt::Do(it, ..) => self.block(&it.body, facts),
            Stmt::For(it, _) => self.block(&it.2.body, facts),
            Stmt::Block(it) => self.block(it, facts),
            Stmt::TryCatch(it, _) => {
                self.block(&it.body, facts);
                self.block(&it.branch, facts);
            }
            Stmt::Switch(it, _) => {
                for case in &it.1.expressions {
                    self.value(&case.rhs, facts);
                }
            }
            Stmt::Expr(value) | Stmt::Return(Some(value), ..) => self.value(value, facts),
            Stmt::Var(it, ..) => self.value(&it.1, facts),
            Stmt::Assignment(it) => self.value(&it.1.rhs, facts),
            _ => {}
        }
    }

    fn value(&mut self, value: &Expr, facts: &Facts) {
        match value {
            Expr::Stmt(block) => self.block(block, facts),
            Expr::Map(all, _) => all.0.iter().for_each(|(_, it)| self.value(it, facts)),
            Expr::Coalesce(all, _) => self.stand_in(all, facts),
            _ => {}
        }
    }

    /// `responsable ?? autre` when the first is never missing.
    fn stand_in(&mut self, all: &[Expr], facts: &Facts) {
        for (at, value) in all.iter().enumerate().take(all.len().saturating_sub(1)) {
            let Some(Bound::Given(path)) = self.names.bound(value) else {
                continue;
            };
            let fact = facts.get(&path);
            let is_there =
                |it: &&Fact| matches!(&it.words, Words::Not(words) if words.contains(&None));
            if let Some(fact) = fact.filter(is_there).filter(|_| is_manager(&path)) {
                let place = all[at + 1].start_position();
                let by = fact.not.iter().find(|(it, _)| it.is_none());
                let line = by.map_or(fact.by.line, |(_, by)| by.line);
                self.found.push(Remark::new(place, format!(
                    "ce qui suit « ?? » ne sert jamais : ce qui est devant ne manque pas ici (voir la ligne {line}) ; échangez les deux pour prendre d'abord celui-ci"
                )));
                return;
            }
        }
    }

    fn choice(
        &mut self,
        condition: &Expr,
        body: &StmtBlock,
        branch: &StmtBlock,
        facts: &mut Facts,
    ) {
        let at = condition.start_position();
        let asked = self.asked(condition, true);
        // A condition that contradicts itself has its own remark.
        let mut own = Facts::new();
        let is_possible = asked
            .iter()
            .all(|(path, words)| learn(&mut own, path, words, at, How::Inside).is_ok());
        let mut inner = facts.clone();
        for (path, words) in asked.iter().filter(|_| is_possible) {
            if let Err(fact) = learn(&mut inner, path, words, at, How::Inside) {
                self.found
                    .push(Remark::new(at, message(path, &fact, words, &asked)));
                break;
            }
        }
        self.block(body, &inner);
        let mut otherwise = facts.clone();
        let refused = self.asked(condition, false);
        let how = if ends(body) { How::Ended } else { How::Else };
        for (path, words) in &refused {
            // If it is always true, the other branch is never taken; that is not reported.
            let _ = learn(&mut otherwise, path, words, at, how);
        }
        self.block(branch, &otherwise);
        if ends(body) {
            *facts = otherwise;
        } else if ends(branch) {
            for (path, words) in &asked {
                let _ = learn(facts, path, words, at, How::Ended);
            }
        }
    }

    /// What a condition implies about values if it is true (`holds`) or false.
    fn asked(&self, condition: &Expr, holds: bool) -> Vec<(Vec<String>, Words)> {
        match condition {
            Expr::And(all, _) if holds => self.each(all, holds),
            Expr::Or(all, _) if !holds => self.each(all, holds),
            // One of the operands holds: that implies something only if all test the same value.
            Expr::Or(all, _) | Expr::And(all, _) => {
                let each = all.iter().map(|it| self.asked(it, holds));
                let mut all = Vec::new();
                let mut of: Option<Vec<String>> = None;
                for one in each {
                    let [(path, Words::Some(words))] = one.as_slice() else {
                        return Vec::new();
                    };
                    if of.as_ref().is_some_and(|it| it != path) {
                        return Vec::new();
                    }
                    of = Some(path.clone());
                    all.extend(words.iter().cloned());
                }
                of.map(|path| (path, Words::Some(all)))
                    .into_iter()
                    .collect()
            }
            Expr::FnCall(call, _) => match (call.name.as_str(), call.args.as_slice()) {
                ("!", [value]) => self.asked(value, !holds),
                ("==", [one, two]) => self.comparison(one, two, holds).into_iter().collect(),
                ("!=", [one, two]) => self.comparison(one, two, !holds).into_iter().collect(),
                // The engine turns « x in y » into `contains(y, x)`; if y is a string, x may be a part of it.
                ("contains", [list, value]) => match self.names.bound(list) {
                    Some(Bound::Texts(_)) if !self.names.is_function("contains") => {
                        self.comparison(value, list, holds).into_iter().collect()
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn each(&self, all: &[Expr], holds: bool) -> Vec<(Vec<String>, Words)> {
        all.iter().flat_map(|it| self.asked(it, holds)).collect()
    }

    fn comparison(&self, one: &Expr, two: &Expr, holds: bool) -> Option<(Vec<String>, Words)> {
        let given = |it: &Expr| match self.names.bound(it) {
            // The same path may mean a different element of its set.
            Some(Bound::Given(path)) if path.iter().all(|it| it != "*") => Some(path),
            _ => None,
        };
        let words = |it: &Expr| match (it, self.names.bound(it)) {
            (Expr::Unit(_), _) => Some(vec![None]),
            (_, Some(Bound::Text(it, _))) => Some(vec![Some(it.into())]),
            (_, Some(Bound::Texts(all))) => {
                Some(all.into_iter().map(|(it, _)| Some(it.into())).collect())
            }
            _ => None,
        };
        let (path, words) = match (given(one), given(two)) {
            (Some(path), None) => (path, words(two)?),
            (None, Some(path)) => (path, words(one)?),
            _ => return None,
        };
        let words = Words::Some(words);
        Some((path, if holds { words } else { words.opposite() }))
    }
}

/// Adds what a condition implies; if that leaves nothing, fails with what was known before.
fn learn(
    facts: &mut Facts,
    path: &[String],
    words: &Words,
    at: Position,
    how: How,
) -> Result<(), Fact> {
    let (line, _) = position(at);
    let by = Source { line, how };
    let (left, mut not) = match facts.get(path) {
        Some(known) => (
            known.words.and(words).ok_or_else(|| known.clone())?,
            known.not.clone(),
        ),
        None => (words.clone(), Vec::new()),
    };
    if let Words::Not(words) = words {
        not.extend(words.iter().map(|it| (it.clone(), by)));
    }
    let words = left;
    facts.insert(path.to_vec(), Fact { words, by, not });
    Ok(())
}

/// Whether the code after this block is never reached through it.
fn ends(block: &StmtBlock) -> bool {
    block.statements().iter().any(|it| match it {
        Stmt::Return(..) | Stmt::BreakLoop(..) => true,
        Stmt::Block(it) => ends(it),
        Stmt::If(it, _) => ends(&it.body) && ends(&it.branch),
        _ => false,
    })
}

fn message(path: &[String], fact: &Fact, words: &Words, asked: &[(Vec<String>, Words)]) -> String {
    let shown = path.join(".");
    let line = fact.by.line;
    match (&fact.words, words) {
        (Words::Not(_), Words::Some(words)) => {
            let mut by = fact.not.iter().filter(|(it, _)| words.contains(it));
            let Source { line, how } = by.next().map_or(fact.by, |(_, by)| *by);
            if how == How::Inside {
                return format!(
                    "ces lignes ne servent jamais : « {shown} » ne vaut jamais {} dans le bloc de la ligne {line} ; mettez ce « if » hors de ce bloc",
                    quoted(words)
                );
            }
            let there = fact.not.iter().filter(|(_, by)| by.line == line);
            let remedy = if asked.len() > 1 || words.len() < there.count() {
                format!("mettez ce « if » avant celui de la ligne {line}, ou dans son bloc")
            } else {
                let of_mails = path.first().is_some_and(|it| it == "evenement");
                let list = if of_mails {
                    " (une liste [ ] prend plusieurs messages)"
                } else {
                    ""
                };
                format!("réunissez les deux en un seul bloc{list}")
            };
            let end = match how {
                How::Ended => " et s'arrête là",
                How::Else | How::Inside => "",
            };
            format!(
                "ces lignes ne servent jamais : « {shown} » n'est plus {} ici, car la ligne {line} l'a déjà traité{end} ; {remedy}",
                quoted(words)
            )
        }
        (Words::Some(known), Words::Some(words)) => format!(
            "ces lignes ne servent jamais : « {shown} » vaut ici {} (ligne {line}), jamais {} ; mettez ce « if » {} la ligne {line}",
            quoted(known),
            quoted(words),
            if fact.by.how == How::Ended {
                "avant"
            } else {
                "hors du bloc de"
            }
        ),
        (Words::Some(known), Words::Not(_)) => format!(
            "ces lignes ne servent jamais : « {shown} » vaut toujours ici {} (ligne {line})",
            quoted(known)
        ),
        // Two exclusions always leave some value.
        (Words::Not(_), Words::Not(_)) => String::new(),
    }
}

fn quoted(words: &[Word]) -> String {
    let all = words.iter().map(|it| match it {
        Some(word) => format!("« {word} »"),
        None => "()".to_owned(),
    });
    all.collect::<Vec<_>>().join(" ou ")
}
