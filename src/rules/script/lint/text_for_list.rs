//! Strings used instead of a list: a value is then found anywhere in the string, even in the middle of a word. And
//! descriptions searched for in a word, where the word was meant to be searched for in the description.

use rhai::{ASTNode, Expr};

use crate::rules::pointless::{quoted_words, text_for_list};
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::names::{Bound, Names};

/// Every string of several words in which a given value is searched for.
pub(super) fn lists(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        // The engine turns « x in y » into `contains(y, x)`.
        if let [.., before, ASTNode::Expr(Expr::FnCall(call, _))] = path
            && call.name == "contains"
            && let [Expr::StringConstant(text, at), value] = call.args.as_slice()
        {
            if let Some(description) = description(value, names) {
                let begins = value.start_position();
                // « x !in y » is a « ! » behind the beginning of x.
                let is_not_in = matches!(before, ASTNode::Expr(Expr::FnCall(not, at)) if not.name == "!" && *at > begins);
                found.push(Remark::new(begins, turned(&description, is_not_in, text)));
            } else if matches!(names.bound(value), Some(Bound::Given(_))) {
                found.extend(text_for_list(text).map(|it| Remark::new(*at, it)));
            }
        }
        true
    });
    found
}

/// A description as source text, also in lower or upper case; `None` for any other value. It is free text, which no
/// script can contain in whole.
fn description(value: &Expr, names: &Names) -> Option<String> {
    let mut chain = Chain::of(value)?;
    let mut cased = String::new();
    if let Some((Link::Call(call), _)) = chain.links.last() {
        if !["to_lower", "to_upper"].contains(&call.name.as_str()) {
            return None;
        }
        cased = format!(".{}()", call.name);
        chain.links.pop();
    }
    let path = names.path(&chain).filter(|it| !names.is_changed(it))?;
    let is_description = path.len() > 1 && path.last().is_some_and(|it| it == "description");
    let shown = chain.shown().filter(|_| is_description)?;
    Some(format!("{shown}{cased}"))
}

/// What is wrong with a description searched for in a text, or `is_not_in`.
fn turned(description: &str, is_not_in: bool, text: &str) -> String {
    let words = quoted_words(text);
    let sign = if is_not_in { "!in" } else { "in" };
    let meant = if words.len() > 1 {
        let each: Vec<String> = words
            .iter()
            .map(|it| format!("{it} in {description}"))
            .collect();
        let not = if is_not_in { "!" } else { "" };
        format!("{not}({})", each.join(" || "))
    } else {
        format!("\"{text}\" {sign} {description}")
    };
    format!(
        "« {description} {sign} \"{text}\" » cherche toute la description dans ce texte : écrivez « {meant} »"
    )
}
