//! Patterns of other programs in a text that is searched for literally: `"*ascenseur*"`, `"ascenseur|lift"`.

use rhai::{ASTNode, Expr};

use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::{Kind, Seen, seen};
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::syntax::slips::ASKING;

/// Every such pattern.
pub(super) fn patterns(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(value @ Expr::Dot(..))) = path.last() {
            found.extend(of(value, names));
        }
        true
    });
    found
}

fn of(value: &Expr, names: &Names) -> Option<Remark> {
    let mut chain = Chain::of(value)?;
    let (Link::Call(call), _) = chain.links.pop()? else {
        return None;
    };
    let name = call.name.as_str();
    let [asked] = call.args.as_slice() else {
        return None;
    };
    if !ASKING.contains(&name) || names.is_function(name) || !is_text(&chain, names) {
        return None;
    }
    let Some(Bound::Text(word, at)) = names.bound(asked) else {
        return None;
    };
    let message = jokers(&word, name).or_else(|| choices(&chain, &word, name))?;
    Some(Remark::new(at, message))
}

/// Whether the value in front of the call is a text: one given, or the result of a call that gives one.
fn is_text(chain: &Chain<'_>, names: &Names) -> bool {
    match chain.links.last() {
        Some((Link::Call(call), _)) => {
            ["to_lower", "to_upper", "sub_string"].contains(&call.name.as_str())
                && !names.is_function(&call.name)
        }
        _ => {
            let path = names.path(chain).filter(|it| !names.is_changed(it));
            let is_given = path.is_some_and(|it| seen(&it) == Some(Seen::Plain(Kind::Text)));
            is_given || chain.links.is_empty() && names.is_plain(chain.root, Kind::Text)
        }
    }
}

/// A word between asterisks or percent signs, which stand for any letters elsewhere.
fn jokers(word: &str, function: &str) -> Option<String> {
    let inner = word.trim_matches(['*', '%']);
    (inner.len() < word.len() && is_words(inner)).then(|| {
        let meant = match (
            function,
            word.starts_with(['*', '%']),
            word.ends_with(['*', '%']),
        ) {
            ("starts_with", true, _) | ("ends_with", _, true) => "contains",
            (function, ..) => function,
        };
        format!(
            "« {word} » est cherché tel quel, avec ces signes : écrivez « {meant}(\"{inner}\") »"
        )
    })
}

/// Whether a text consists of words, without any other sign.
fn is_words(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphabetic)
        && text
            .chars()
            .all(|it| it.is_alphanumeric() || " -'_".contains(it))
}

/// Words between vertical bars, which mean « ou » elsewhere; `chain` is the text in which they are searched for.
fn choices(chain: &Chain<'_>, word: &str, function: &str) -> Option<String> {
    let words: Vec<&str> = word.split('|').map(str::trim).collect();
    (words.len() > 1 && words.iter().all(|it| is_words(it))).then(|| {
        let shown = chain.shown_with_calls();
        let text = shown.as_deref().unwrap_or("texte");
        let all: Vec<String> = words
            .iter()
            .map(|it| format!("{text}.{function}(\"{it}\")"))
            .collect();
        format!(
            "« {word} » est cherché tel quel, avec ce signe : pour l'un ou l'autre, écrivez « ({}) »",
            all.join(" || ")
        )
    })
}
