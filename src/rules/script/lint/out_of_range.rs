//! Comparisons with hours and months that never occur: out of range, or in an empty interval.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

use crate::rules::compared;
use crate::rules::pointless::Counted;
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, last_call};
use crate::rules::script::analysis::names::Names;

/// Every comparison of an hour or a month that is never true.
pub(super) fn numbers(names: &Names) -> Vec<Remark> {
    let variables = variables(names);
    let counted = |value: &Expr| match value {
        Expr::Variable(it, ..) => variables.get(it.1.as_str()).copied(),
        value => called(value, names),
    };
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last() else {
            return true;
        };
        let [one, other] = call.args.as_slice() else {
            return true;
        };
        // The engine turns « x in y » into `contains(y, x)`.
        let message = if call.name == "contains" {
            counted(other).and_then(|it| in_interval(it, other, one))
        } else {
            let message =
                |it, value, sign| never(it, sign, value).or_else(|| with_fraction(it, sign, value));
            let turned = compared::turned(&call.name);
            counted(one)
                .and_then(|it| message(it, other, call.name.as_str()))
                .or_else(|| counted(other).and_then(|it| message(it, one, turned)))
        };
        found.extend(
            message.map(|it| Remark::new(one.start_position().min(other.start_position()), it)),
        );
        true
    });
    found
}

/// Variables that always hold such a number.
fn variables(names: &Names) -> HashMap<String, Counted> {
    let mut found = HashMap::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last()
            && names.is_constant(it.0.as_str())
            && let Some(counted) = called(&it.1, names)
        {
            found.insert(it.0.as_str().to_owned(), counted);
        }
        true
    });
    found
}

fn called(value: &Expr, names: &Names) -> Option<Counted> {
    let call = match value {
        Expr::FnCall(call, _) => call,
        value => last_call(value)?,
    };
    Counted::by(&call.name).filter(|it| !names.is_function(it.function))
}

fn never(of: Counted, sign: &str, value: &Expr) -> Option<String> {
    match value {
        Expr::IntegerConstant(number, _) => of.never(sign, *number),
        _ => None,
    }
}

/// A number with a fraction, as in « heure_de(…) >= 18.5 »: the minutes are not counted.
fn with_fraction(of: Counted, sign: &str, value: &Expr) -> Option<String> {
    let Expr::FloatConstant(number, _) = value else {
        return None;
    };
    let (number, function) = (**number, of.function);
    if number.fract() == 0.0 || !["==", "!=", "<", ">", "<=", ">="].contains(&sign) {
        return None;
    }
    let [below, above] = [number.floor(), number.ceil()];
    Some(format!(
        "« {function} » donne un nombre entier, et jamais {number} : écrivez « {sign} {below} » ou « {sign} {above} »"
    ))
}

/// An empty interval, or a list whose only element is an interval, which contains no number.
fn in_interval(of: Counted, value: &Expr, place: &Expr) -> Option<String> {
    let shown = shown(value)?;
    match place {
        Expr::FnCall(call, _) => {
            let (from, to, inclusive) = interval(call)?;
            let is_empty = from > to || from == to && !inclusive;
            let (sign, dots) = if inclusive {
                ("<=", "..=")
            } else {
                ("<", "..")
            };
            let written = format!("{from}{dots}{to}");
            // It spans midnight or the end of the year.
            let over = from <= of.last && to >= of.first;
            (is_empty && over).then(|| {
                format!(
                    "« {written} » n'a aucun nombre, car il commence par le plus grand : écrivez « ({shown} >= {from} || {shown} {sign} {to}) »"
                )
            })
        }
        Expr::Array(all, _) => match all.as_slice() {
            [Expr::FnCall(call, _)] => {
                let (from, to, inclusive) = interval(call)?;
                let (sign, dots) = if inclusive {
                    ("<=", "..=")
                } else {
                    ("<", "..")
                };
                let remedy = if from > to {
                    format!("écrivez « ({shown} >= {from} || {shown} {sign} {to}) »")
                } else {
                    format!("écrivez l'intervalle sans crochets, « {shown} in {from}{dots}{to} »")
                };
                Some(format!(
                    "aucun nombre n'est dans une liste qui n'a qu'un intervalle : {remedy}"
                ))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The bounds of an interval, and whether it includes the second.
fn interval(call: &FnCallExpr) -> Option<(i64, i64, bool)> {
    let inclusive = match call.name.as_str() {
        ".." => false,
        "..=" => true,
        _ => return None,
    };
    match call.args.as_slice() {
        [Expr::IntegerConstant(from, _), Expr::IntegerConstant(to, _)] => {
            Some((*from, *to, inclusive))
        }
        _ => None,
    }
}

/// An expression as source text: a chain, alone or as the argument of a function.
pub(super) fn shown(value: &Expr) -> Option<String> {
    match value {
        Expr::FnCall(call, _) if call.op_token.is_none() => match call.args.as_slice() {
            [of] => Some(format!("{}({})", call.name, Chain::of(of)?.shown()?)),
            _ => None,
        },
        value => Chain::of(value)?.shown(),
    }
}
