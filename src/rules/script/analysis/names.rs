//! What the names in a script stand for, if that is certain: names assigned once in a function and never changed.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::script::analysis::chain::{Chain, Link, last_call};
use crate::rules::script::analysis::closures;
use crate::rules::script::analysis::given::{Kind, Seen, is_manager, seen};
use crate::rules::script::analysis::library;
use crate::rules::script::analysis::parts::{self, Part};
use crate::rules::script::analysis::passed;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::rules::script) enum Bound {
    /// Part of the script's input, by its path in the contract.
    Given(Vec<String>),
    /// A string literal and its position.
    Text(String, Position),
    /// A list of string literals.
    Texts(Vec<(String, Position)>),
    /// An object literal, by its keys.
    Table(Vec<(String, Position)>),
    /// Any other value of this type.
    Plain(Kind),
}

/// Operators that return a boolean; `in` is a function.
const ASKING: [&str; 7] = ["==", "!=", "<", ">", "<=", ">=", "!"];

/// What is known about the names of one function.
pub(in crate::rules::script) struct Names {
    /// The function, or the statements outside functions.
    pub(in crate::rules::script) part: Part,
    bound: HashMap<String, Bound>,
    /// Names of strings converted to one letter case.
    cased: HashMap<String, Letters>,
    /// The parts of its input that it changes, by their paths in the contract.
    changed: Vec<Vec<String>>,
    /// The names whose value it may change, in whole or in part.
    touched: HashSet<String>,
    /// Names of the script's own functions.
    functions: HashSet<String>,
}

/// The letter case of a converted string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) enum Letters {
    /// After `to_lower()`.
    Lower,
    /// After `to_upper()`.
    Upper,
}

impl Names {
    /// Analyses each function of a script. `given` lists the contract's names for the parameters of the function that
    /// the daemon calls.
    pub(in crate::rules::script) fn all(script: &AST, function: &str, given: &[&str]) -> Vec<Self> {
        let functions: HashSet<String> = script
            .iter_functions()
            .map(|it| it.name.to_owned())
            .collect();
        let is_entry = |it: &Part| it.name == function && it.parameters.len() == given.len();
        let parts = parts::of(script).into_iter();
        let mut all: Vec<Self> = parts
            .map(|part| Self {
                part,
                bound: HashMap::new(),
                cased: HashMap::new(),
                changed: Vec::new(),
                touched: HashSet::new(),
                functions: functions.clone(),
            })
            .collect();
        let mut beside = HashMap::new();
        // The arguments of a function are known once those of its caller are.
        for _ in 0..=passed::DEEPEST {
            let passed = passed::of(script, &all);
            let touched = all.iter();
            let touched = touched.map(|it| (it.part.name.clone(), it.touched.clone()));
            let touched: HashMap<_, _> = touched.collect();
            for names in &mut all {
                let captured = passed::changed_by_closures(&names.part, &touched);
                let parameters = if is_entry(&names.part) {
                    let given = given.iter().map(|it| Bound::Given(vec![(*it).to_owned()]));
                    given.map(Some).collect()
                } else {
                    passed::to(&names.part, &passed)
                };
                names.look(parameters, &beside, captured);
                if names.part.name.is_empty() {
                    beside.clone_from(&names.bound);
                }
            }
        }
        for (closure, variable, letters) in closures::letters(&all) {
            let names = all.iter_mut().find(|it| it.part.name == closure);
            names.and_then(|it| it.cased.insert(variable, letters));
        }
        all
    }

    /// Works out what each name stands for, starting from the parameters; `beside` holds the constants outside the
    /// functions.
    fn look(
        &mut self,
        parameters: Vec<Option<Bound>>,
        beside: &HashMap<String, Bound>,
        captured: HashSet<String>,
    ) {
        let declared = self.part.declared();
        let once = |name: &str| declared.get(name) == Some(&1);
        let known = beside.iter();
        let known = known.filter(|(name, _)| !declared.contains_key(*name));
        self.bound = known.map(|(name, it)| (name.clone(), it.clone())).collect();
        self.changed.clear();
        // An earlier round did not yet know which names the closures change.
        self.cased.clear();
        for (name, bound) in self.part.parameters.iter().zip(parameters) {
            if let Some(bound) = bound.filter(|_| once(name)) {
                self.bound.insert(name.clone(), bound);
            }
        }
        let (parts, mut wholes, touched) = self.changes(&|_| true);
        // Names that are only reassigned as a whole.
        let (_, others, _) = self.changes(&|it| !matches!(it, Expr::Variable(..)));
        let again = wholes.difference(&others);
        let again: HashSet<String> = again
            .filter(|it| !captured.contains(*it))
            .cloned()
            .collect();
        self.changed = parts;
        self.touched = touched.union(&captured).cloned().collect();
        wholes.extend(captured);
        self.bound.retain(|name, _| !wholes.contains(name));
        // Twice, so that a name defined through another name is known too.
        for _ in 0..2 {
            let (mut bound, mut cased) = (Vec::new(), Vec::new());
            self.part.script.walk(&mut |path| {
                if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last() {
                    let name = it.0.as_str();
                    if once(name) && !wholes.contains(name) {
                        bound.extend(self.value(&it.1).map(|it| (name.to_owned(), it)));
                        cased.extend(self.letters(&it.1).map(|it| (name.to_owned(), it)));
                    }
                }
                true
            });
            self.bound.extend(bound);
            self.cased.extend(cased);
        }
        let managers = self.managers(again.into_iter().filter(|it| once(it)).collect());
        self.bound.extend(managers);
    }

    /// Those of these names that only ever hold managers of the residence.
    fn managers(&self, mut names: HashSet<String>) -> Vec<(String, Bound)> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut others = HashSet::new();
        self.part.script.walk(&mut |path| {
            let (name, value) = match path.last() {
                Some(ASTNode::Stmt(Stmt::Var(it, ..))) => (it.0.as_str(), &it.1),
                Some(ASTNode::Stmt(Stmt::Assignment(it))) => match &it.1.lhs {
                    Expr::Variable(name, ..) => (name.1.as_str(), &it.1.rhs),
                    _ => return true,
                },
                _ => return true,
            };
            if !self.is_manager(value) {
                others.insert(name.to_owned());
            }
            true
        });
        names.retain(|it| !others.contains(it) && !self.part.parameters.contains(it));
        let any = ["residence", "gestionnaires", "*"].map(str::to_owned);
        let any = || Bound::Given(any.to_vec());
        names.into_iter().map(|it| (it, any())).collect()
    }

    /// Whether an expression is a manager of the residence, or `()`.
    fn is_manager(&self, value: &Expr) -> bool {
        match value {
            Expr::Unit(_) => true,
            Expr::Coalesce(all, _) => all.iter().all(|it| self.is_manager(it)),
            value => match self.bound(value) {
                Some(Bound::Given(path)) => {
                    path.first().is_some_and(|it| it == "residence") && is_manager(&path)
                }
                _ => false,
            },
        }
    }

    /// Walks the nodes of the function.
    pub(in crate::rules::script) fn walk(&self, on_node: &mut dyn FnMut(&[ASTNode]) -> bool) {
        self.part.script.walk(on_node);
    }

    /// The letter case of a string, if it was converted to one.
    pub(in crate::rules::script) fn letters(&self, value: &Expr) -> Option<Letters> {
        if let Expr::Variable(it, ..) = value {
            return self.letters_named(it.1.as_str());
        }
        let call = match value {
            Expr::FnCall(call, _) if call.op_token.is_none() => call,
            _ => last_call(value)?,
        };
        self.letters_of(call)
    }

    /// The letter case of the string that a name stands for.
    pub(in crate::rules::script) fn letters_named(&self, name: &str) -> Option<Letters> {
        self.cased.get(name).copied()
    }

    /// The letter case that a function leaves.
    pub(in crate::rules::script) fn letters_of(&self, call: &FnCallExpr) -> Option<Letters> {
        match call.name.as_str() {
            name if self.functions.contains(name) => None,
            "to_lower" => Some(Letters::Lower),
            "to_upper" => Some(Letters::Upper),
            _ => None,
        }
    }

    /// The path in the script's input that a chain stands for, with `*` for computed keys.
    pub(in crate::rules::script) fn path(&self, chain: &Chain<'_>) -> Option<Vec<String>> {
        let mut path = self.root(chain)?.to_vec();
        for (link, _) in &chain.links {
            match link {
                Link::Field(name) | Link::Key(name) => path.push((*name).to_owned()),
                // It has the shape of the others of its set, but is no particular one.
                Link::Computed => path.push("*".to_owned()),
                Link::Call(_) => return None,
            }
        }
        Some(path)
    }

    /// The path in the script's input that a chain's first name stands for.
    pub(in crate::rules::script) fn root(&self, chain: &Chain<'_>) -> Option<&[String]> {
        match self.bound.get(chain.root)? {
            Bound::Given(path) => Some(path),
            _ => None,
        }
    }

    /// Whether the script defines a function with this name.
    pub(in crate::rules::script) fn is_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Whether the function changes this value, a part of it, or a value that contains it.
    pub(in crate::rules::script) fn is_changed(&self, path: &[String]) -> bool {
        self.changed.iter().any(|it| related(it, path))
    }

    /// Whether a name is declared once and never changed, so that it has the same value wherever it is read.
    pub(in crate::rules::script) fn is_constant(&self, name: &str) -> bool {
        !self.touched.contains(name) && self.part.declared().get(name) == Some(&1)
    }

    /// What an expression stands for.
    pub(in crate::rules::script) fn bound(&self, value: &Expr) -> Option<Bound> {
        let bound = match value {
            Expr::Variable(it, ..) => self.bound.get(it.1.as_str()).cloned(),
            written => self.value(written),
        };
        bound.filter(|it| !matches!(it, Bound::Given(path) if self.is_changed(path)))
    }

    /// The type of an expression, if it is certain.
    pub(in crate::rules::script) fn kind(&self, value: &Expr) -> Option<Kind> {
        match value {
            Expr::StringConstant(..) | Expr::InterpolatedString(..) => return Some(Kind::Text),
            Expr::IntegerConstant(..) | Expr::FloatConstant(..) => return Some(Kind::Number),
            Expr::BoolConstant(..) | Expr::And(..) | Expr::Or(..) => return Some(Kind::Flag),
            Expr::FnCall(call, _) if call.op_token.is_none() => return self.answer(call),
            Expr::FnCall(call, _) if ASKING.contains(&call.name.as_str()) => {
                return Some(Kind::Flag);
            }
            _ => {}
        }
        if let Some(call) = last_call(value) {
            return self.answer(call);
        }
        let chain = Chain::of(value)?;
        if let [.., (Link::Call(call), _), (Link::Computed, _)] = chain.links.as_slice()
            && self.answers_texts(call)
        {
            return Some(Kind::Text);
        }
        match self.bound.get(chain.root)? {
            Bound::Given(_) => {
                let path = self.path(&chain)?;
                match seen(&path).filter(|_| !self.is_changed(&path))? {
                    Seen::Plain(kind) => Some(kind),
                    _ => None,
                }
            }
            Bound::Text(..) => chain.links.is_empty().then_some(Kind::Text),
            Bound::Texts(_) | Bound::Table(_) => None,
            Bound::Plain(kind) => chain.links.is_empty().then_some(*kind),
        }
    }

    /// Whether a call returns a list of strings: a string split into parts.
    fn answers_texts(&self, call: &FnCallExpr) -> bool {
        let by_text = matches!(call.args.as_slice(), [Expr::StringConstant(..)]);
        call.name == "split" && by_text && !self.functions.contains("split")
    }

    /// Whether a name always holds one value of this type.
    pub(in crate::rules::script) fn is_plain(&self, name: &str, kind: Kind) -> bool {
        self.bound.get(name) == Some(&Bound::Plain(kind))
    }

    /// The type that a function of the language returns.
    fn answer(&self, call: &FnCallExpr) -> Option<Kind> {
        if self.functions.contains(call.name.as_str()) {
            return None;
        }
        library::answer(&call.name)
    }

    /// What a name assigned this expression stands for.
    fn value(&self, value: &Expr) -> Option<Bound> {
        match value {
            Expr::StringConstant(it, at) => return Some(Bound::Text(it.to_string(), *at)),
            Expr::Map(all, _) => {
                let keys = all.0.iter().map(|(key, _)| (key.name.to_string(), key.pos));
                return Some(Bound::Table(keys.collect()));
            }
            Expr::Array(all, _) => {
                let text = |it: &Expr| match it {
                    Expr::StringConstant(it, at) => Some((it.to_string(), *at)),
                    _ => None,
                };
                return all
                    .iter()
                    .map(text)
                    .collect::<Option<_>>()
                    .map(Bound::Texts);
            }
            _ => {}
        }
        let chain = Chain::of(value);
        let given = chain.and_then(|it| self.path(&it));
        let given = given.filter(|it| seen(it).is_some() && !self.is_changed(it));
        given
            .map(Bound::Given)
            .or_else(|| self.kind(value).map(Bound::Plain))
    }

    /// What the function changes: the changed parts of its input, the names whose value is changed otherwise, and the
    /// names of both. `counts` tells whether an assignment with `=` to a target is a change.
    fn changes(
        &self,
        counts: &dyn Fn(&Expr) -> bool,
    ) -> (Vec<Vec<String>>, HashSet<String>, HashSet<String>) {
        let (mut parts, mut wholes) = (Vec::new(), HashSet::new());
        let mut touched = HashSet::new();
        let mut note = |value: &Expr, own: &dyn Fn(&Names, &Chain<'_>) -> Option<usize>| {
            let Some(chain) = Chain::of(value) else {
                return;
            };
            let Some(length) = own(self, &chain) else {
                return;
            };
            touched.insert(chain.root.to_owned());
            let part = Chain {
                root: chain.root,
                links: chain.links.into_iter().take(length).collect(),
            };
            match self.path(&part) {
                Some(path) if length > 0 => parts.push(path),
                _ => {
                    wholes.insert(part.root.to_owned());
                }
            }
        };
        self.part.script.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Assignment(it)))
                    if it.0.is_op_assignment() || counts(&it.1.lhs) =>
                {
                    note(&it.1.lhs, &|_, chain| Some(chain.links.len()));
                }
                Some(ASTNode::Expr(value @ (Expr::Dot(..) | Expr::Index(..)))) => {
                    note(value, &|names, chain| {
                        let changing = |link: &Link<'_>| match link {
                            Link::Call(call) => names.may_change(call, true),
                            _ => false,
                        };
                        chain.links.iter().position(|(link, _)| changing(link))
                    });
                }
                Some(
                    ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)),
                ) if self.may_change(call, false) => {
                    if let Some(first) = call.args.first() {
                        note(first, &|_, chain| Some(chain.links.len()));
                    }
                }
                _ => {}
            }
            true
        });
        (parts, wholes, touched)
    }

    /// Whether a call may change its first argument. The script's own functions get a copy, unless called as methods.
    fn may_change(&self, call: &FnCallExpr, method: bool) -> bool {
        let name = call.name.as_str();
        let own = self.functions.contains(name);
        if method && own {
            return true;
        }
        call.op_token.is_none() && !own && !library::reads(name)
    }
}

/// Whether two paths are equal, or one contains the other.
pub(in crate::rules::script) fn related(one: &[String], other: &[String]) -> bool {
    one.iter()
        .zip(other)
        .all(|(a, b)| a == b || a == "*" || b == "*")
}
