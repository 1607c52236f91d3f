//! Values that a function computes and discards: it only returns its last value, or that of a `return`.

use std::collections::HashSet;

use rhai::{ASTNode, BinaryExpr, Expr, FnCallExpr, Position, Stmt, StmtBlock};

use crate::rules::script::Remark;
use crate::rules::script::analysis::absent_fields::written;
use crate::rules::script::analysis::chain::{Chain, Link, last_call};
use crate::rules::script::analysis::names::Names;
use crate::rules::view::sample::is_open;

/// Functions without side effects: called without using the result, they do nothing.
const ANSWERING: [&str; 14] = [
    "chars",
    "contains",
    "ends_with",
    "get",
    "index_of",
    "is_empty",
    "keys",
    "len",
    "split",
    "starts_with",
    "sub_string",
    "to_lower",
    "to_upper",
    "values",
];

const NOT_RETURNED: &str = "cette valeur n'est ni rendue ni gardée : écrivez « return » devant, ou donnez-la à une variable";
const NOTHING: &str = "cette ligne ne fait rien : sa valeur n'est gardée nulle part";

/// Every value in a function that nothing uses.
pub(super) fn values(names: &Names) -> Vec<Remark> {
    // The statements outside functions only define constants.
    if names.part.name.is_empty() {
        return Vec::new();
    }
    let mut count = 0_usize;
    names.walk(&mut |path| {
        count += usize::from(path.len() == 1);
        true
    });
    let mut search = Search {
        names,
        found: Vec::new(),
    };
    let mut passed = 0;
    names.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            passed += 1;
            search.statement(statement, &Place::of_body(passed == count));
        }
        true
    });
    search.found.sort_by_key(|it| it.at);
    search.found.dedup();
    search.found
}

/// The context of a statement.
#[derive(Clone, Default)]
struct Place {
    /// Its value is used.
    used: bool,
    /// It is the last of a block.
    last: bool,
    /// Its failure is caught.
    tried: bool,
    /// Variables that some branch of an enclosing choice assigns.
    given: HashSet<String>,
}

impl Place {
    fn of_body(last: bool) -> Self {
        Self {
            used: last,
            last,
            ..Self::default()
        }
    }
}

struct Search<'n> {
    names: &'n Names,
    found: Vec<Remark>,
}

impl Search<'_> {
    fn block(&mut self, block: &StmtBlock, place: &Place) {
        let all = block.statements();
        for (at, statement) in all.iter().enumerate() {
            let last = at + 1 == all.len();
            let here = Place {
                used: place.used && last,
                last,
                ..place.clone()
            };
            self.statement(statement, &here);
        }
    }

    fn statement(&mut self, statement: &Stmt, place: &Place) {
        let used = Place {
            used: true,
            ..place.clone()
        };
        let unused = Place {
            used: false,
            ..place.clone()
        };
        match statement {
            Stmt::Expr(value) => self.value(value, place),
            Stmt::FnCall(call, at) => {
                if !place.used {
                    self.call(call, *at, place);
                }
                self.values(&call.args, &used);
            }
            Stmt::If(it, _) => {
                let inner = place.with_given(statement);
                self.value(&it.expr, &used);
                self.block(&it.body, &inner);
                self.block(&it.branch, &inner);
            }
            Stmt::Switch(it, _) => {
                self.value(&it.0, &used);
                let inner = Place {
                    last: true,
                    ..place.with_given(statement)
                };
                self.cases(&it.1.expressions, &used, &inner);
            }
            Stmt::While(it, _) | Stmt::Do(it, ..) => {
                self.value(&it.expr, &used);
                self.block(&it.body, &unused);
            }
            Stmt::For(it, _) => {
                self.value(&it.2.expr, &used);
                self.block(&it.2.body, &unused);
            }
            Stmt::Var(it, ..) => self.value(&it.1, &used),
            Stmt::Assignment(it) => self.value(&it.1.rhs, &used),
            Stmt::Block(block) => self.block(block, place),
            Stmt::TryCatch(it, _) => {
                let tried = Place {
                    tried: true,
                    ..place.clone()
                };
                self.block(&it.body, &tried);
                self.block(&it.branch, place);
            }
            Stmt::Return(Some(value), ..) | Stmt::BreakLoop(Some(value), ..) => {
                self.value(value, &used);
            }
            _ => {}
        }
    }

    /// The conditions and bodies of a `switch`'s cases.
    fn cases(&mut self, cases: &[BinaryExpr], used: &Place, inner: &Place) {
        for case in cases {
            self.value(&case.lhs, used);
            // A case with nothing to do still needs an expression.
            if !is_empty(&case.rhs) {
                self.value(&case.rhs, inner);
            }
        }
    }

    fn values(&mut self, values: &[Expr], place: &Place) {
        for value in values {
            self.value(value, place);
        }
    }

    fn value(&mut self, value: &Expr, place: &Place) {
        if let Expr::Stmt(block) = value {
            self.block(block, place);
            return;
        }
        if !place.used {
            self.alone(value, place);
        }
        let used = Place {
            used: true,
            ..place.clone()
        };
        match value {
            Expr::InterpolatedString(all, _) | Expr::Array(all, _) => self.values(all, &used),
            Expr::Map(all, _) => {
                for (_, it) in &all.0 {
                    self.value(it, &used);
                }
            }
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
                self.value(&pair.lhs, &used);
                self.value(&pair.rhs, &used);
            }
            Expr::And(all, _) | Expr::Or(all, _) | Expr::Coalesce(all, _) => {
                self.values(all, &used);
            }
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => self.values(&call.args, &used),
            _ => {}
        }
    }

    /// An unused value.
    fn alone(&mut self, value: &Expr, place: &Place) {
        let at = value.start_position();
        match value {
            Expr::Map(..) | Expr::Array(..) => self.not_returned(at),
            Expr::FnCall(call, _) => self.call(call, at, place),
            Expr::StringConstant(..) | Expr::InterpolatedString(..) if self.does_nothing(value) => {
                self.not_returned(at);
            }
            Expr::Variable(it, ..) if place.given.contains(it.1.as_str()) => {}
            Expr::Variable(..) if place.last => self.not_returned(at),
            Expr::Variable(..) | Expr::Dot(..) | Expr::Index(..)
                if !place.tried && !may_be_missing(value) && self.does_nothing(value) =>
            {
                let shown = Chain::of(value);
                let message = match asked(value) {
                    Some((shown, call, values)) => format!(
                        "« {call} » ne change pas « {shown} » : écrivez « {shown} = {shown}.{call}({values}) », ou donnez cette valeur à une variable",
                    ),
                    None if shown.is_some_and(|it| it.links.is_empty()) => {
                        "cette ligne ne fait rien : donnez-lui une valeur avec « = », ou écrivez « return » devant".to_owned()
                    }
                    None if place.last => NOT_RETURNED.to_owned(),
                    None => NOTHING.to_owned(),
                };
                self.found.push(Remark::new(at, message));
            }
            Expr::And(..) | Expr::Or(..) | Expr::Coalesce(..)
                if !place.tried && self.does_nothing(value) =>
            {
                let message = if place.last { NOT_RETURNED } else { NOTHING };
                self.found.push(Remark::new(at, message));
            }
            _ => {}
        }
    }

    /// An operator or a function whose result is not used.
    fn call(&mut self, call: &FnCallExpr, at: Position, place: &Place) {
        if place.tried || !self.only_answers(call) {
            return;
        }
        let at = match call.args.first() {
            Some(first) if call.op_token.is_some() && call.args.len() > 1 => first.start_position(),
            _ => at,
        };
        let target = call.args.first().and_then(shown);
        let message = match (call.name.as_str(), target) {
            ("==", Some(target)) => format!(
                "« == » compare, et ne change rien : pour donner une valeur à « {target} », écrivez « = »"
            ),
            ("+" | "-" | "*" | "/", Some(target)) if call.args.len() == 2 => format!(
                "ce calcul n'est gardé nulle part : pour changer « {target} », écrivez « {target} {}= … »",
                call.name
            ),
            _ if place.last => NOT_RETURNED.to_owned(),
            _ => NOTHING.to_owned(),
        };
        self.found.push(Remark::new(at, message));
    }

    fn not_returned(&mut self, at: Position) {
        self.found.push(Remark::new(at, NOT_RETURNED));
    }

    /// Whether a function or an operator has no side effects.
    fn only_answers(&self, call: &FnCallExpr) -> bool {
        let name = call.name.as_str();
        let answers = call.op_token.is_some() || ANSWERING.contains(&name);
        answers && !self.names.is_function(name) && call.args.iter().all(|it| self.does_nothing(it))
    }

    /// Whether evaluating this changes nothing and stops nothing.
    fn does_nothing(&self, value: &Expr) -> bool {
        match value {
            Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::Unit(_)
            | Expr::Variable(..)
            | Expr::ThisPtr(_)
            | Expr::Property(..) => true,
            Expr::InterpolatedString(all, _) | Expr::Array(all, _) => self.all_nothing(all),
            Expr::Map(all, _) => all.0.iter().all(|(_, it)| self.does_nothing(it)),
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
                self.does_nothing(&pair.lhs) && self.does_nothing(&pair.rhs)
            }
            Expr::And(all, _) | Expr::Or(all, _) | Expr::Coalesce(all, _) => self.all_nothing(all),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => self.only_answers(call),
            _ => false,
        }
    }

    fn all_nothing(&self, all: &[Expr]) -> bool {
        all.iter().all(|it| self.does_nothing(it))
    }
}

impl Place {
    /// The same, with the variables that a branch of this choice assigns.
    fn with_given(&self, choice: &Stmt) -> Self {
        let mut inner = self.clone();
        choice.walk(&mut Vec::new(), &mut |path| {
            if let Some(ASTNode::Stmt(Stmt::Assignment(it))) = path.last()
                && let Expr::Variable(it, ..) = &it.1.lhs
            {
                inner.given.insert(it.1.to_string());
            }
            true
        });
        inner
    }
}

/// Whether reading it stops the script if the value is missing, which may be the purpose of the line.
fn may_be_missing(value: &Expr) -> bool {
    let open = |(it, _): &(Link<'_>, Position)| matches!(it, Link::Field(it) if is_open(it));
    let asks = last_call(value).is_some_and(|it| it.name == "get");
    let links = Chain::of(value).map(|it| it.links).unwrap_or_default();
    !asks && links.iter().rev().skip(1).any(open)
}

/// Whether an expression is an empty list or string.
fn is_empty(value: &Expr) -> bool {
    match value {
        Expr::Array(all, _) => all.is_empty(),
        Expr::StringConstant(it, _) => it.is_empty(),
        Expr::Stmt(block) => matches!(block.statements(), [Stmt::Expr(it)] if is_empty(it)),
        _ => false,
    }
}

/// The variable or field of an expression, as source text.
fn shown(value: &Expr) -> Option<String> {
    let chain = Chain::of(value)?;
    written(&chain)
}

/// For a method that derives a new string: the object, the method's name, and a placeholder for its arguments.
fn asked(value: &Expr) -> Option<(String, String, &'static str)> {
    let mut chain = Chain::of(value)?;
    let (link, _) = chain.links.pop()?;
    let Link::Call(call) = link else {
        return None;
    };
    let changing = ["to_lower", "to_upper", "sub_string"].contains(&call.name.as_str());
    let values = if call.args.is_empty() { "" } else { "…" };
    Some((written(&chain)?, call.name.to_string(), values)).filter(|_| changing)
}
