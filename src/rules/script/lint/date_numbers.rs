//! Dates written without quotes, which are calculations, and dates compared with a number.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::calendar::HEURE_DE;
use crate::rules::date_text::of_numbers;
use crate::rules::place::offset;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::lint::date_comparisons::sides;
use crate::rules::script::{Remark, position};

/// Every date without quotes, and every number that a date is compared with; `source` is the script.
pub(super) fn numbers(source: &str, names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                let compared = of_number(call, names);
                let parts = call.args.iter().filter_map(|it| without_quotes(it, source));
                found.extend(compared.into_iter().chain(parts));
            }
            Some(ASTNode::Expr(Expr::Array(all, _))) => {
                found.extend(all.iter().filter_map(|it| without_quotes(it, source)));
            }
            Some(ASTNode::Expr(Expr::Dot(pair, ..))) => {
                if let Expr::MethodCall(call, _) = &pair.rhs {
                    let parts = call.args.iter().filter_map(|it| without_quotes(it, source));
                    found.extend(parts);
                }
            }
            Some(ASTNode::Stmt(Stmt::Var(it, ..))) => found.extend(without_quotes(&it.1, source)),
            _ => {}
        }
        true
    });
    found
}

/// Whether a number is compared with a date, which has a remark here.
pub(super) fn is_with_date(call: &FnCallExpr, names: &Names) -> bool {
    of_number(call, names).is_some()
}

/// A date without quotes: the engine divides or subtracts its numbers.
fn without_quotes(value: &Expr, source: &str) -> Option<Remark> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let [first, Expr::IntegerConstant(last, ends)] = call.args.as_slice() else {
        return None;
    };
    let Expr::FnCall(inner, _) = first else {
        return None;
    };
    let [
        Expr::IntegerConstant(one, begins),
        Expr::IntegerConstant(two, _),
    ] = inner.args.as_slice()
    else {
        return None;
    };
    if inner.name != call.name || !["-", "/"].contains(&call.name.as_str()) {
        return None;
    }
    let meant = of_numbers([*one, *two, *last])?;
    let at = |it: Position| offset(source, position(it));
    let written = source.get(at(*begins)?..)?;
    let rest = &written[at(*ends)?.checked_sub(at(*begins)?)?..];
    let digits = rest.find(|it: char| !it.is_ascii_digit());
    let length = written.len() - rest.len() + digits.unwrap_or(rest.len());
    // With spaces, it is meant as a calculation.
    let written = written.get(..length).filter(|it| !it.contains(' '))?;
    let message = format!(
        "« {written} » sans guillemets est un calcul, et non une date : écrivez « \"{meant}\" »"
    );
    Some(Remark::new(*begins, message))
}

/// A number that a date is compared with.
fn of_number(call: &FnCallExpr, names: &Names) -> Option<Remark> {
    let (shown, _, other) = sides(call, names)?;
    let Expr::IntegerConstant(number, at) = other else {
        return None;
    };
    let meant = match *number {
        0..=24 => format!("l'heure est « {HEURE_DE}({shown}) », qui est un nombre"),
        number => {
            let [year, month, day] = [number / 10_000, number / 100 % 100, number % 100];
            let date = match number {
                1900..=2999 => Some(number.to_string()),
                number => of_numbers([year, month, day])
                    .or_else(|| of_numbers([number / 1_000_000, year % 100, number % 10_000])),
            };
            let date = date.unwrap_or_else(|| "2026-01-31".to_owned());
            format!("écrivez la date entre guillemets, comme « \"{date}\" »")
        }
    };
    let message =
        format!("« {shown} » est un texte, et ne se compare jamais à un nombre : {meant}");
    Some(Remark::new(*at, message))
}
