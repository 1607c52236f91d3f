//! What the names of a script stand for, where that is certain: a name that is given a value once, and whose value the
//! script changes nowhere.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::given::{Kind, Seen, seen};
use super::library;
use crate::rules::script::chain::{Chain, Link, last_call};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// Something that the script is given, by the path of the contract.
    Given(Vec<String>),
    /// A text that is written out, and where it stands.
    Text(String, Position),
    /// A list of such texts.
    Texts(Vec<(String, Position)>),
    /// Another value of this kind.
    Plain(Kind),
}

/// What is known of a script's names.
pub(super) struct Names {
    bound: HashMap<String, Bound>,
    /// What the script changes of what it is given, by the paths of the contract.
    changed: Vec<Vec<String>>,
    /// The script's own functions.
    functions: HashSet<String>,
}

impl Names {
    /// Looks a script through. `given` is how the contract calls the parameters of the function that the daemon calls.
    pub(super) fn of(script: &AST, function: &str, given: &[&str]) -> Self {
        let mut names = Self {
            bound: HashMap::new(),
            changed: Vec::new(),
            functions: script
                .iter_functions()
                .map(|it| it.name.to_owned())
                .collect(),
        };
        let once = declared_once(script);
        let entry = script
            .iter_functions()
            .find(|it| it.name == function && it.params.len() == given.len());
        let parameters = entry.map(|it| it.params).unwrap_or_default();
        for (name, of_contract) in parameters.into_iter().zip(given) {
            if once.contains(name) {
                let path = vec![(*of_contract).to_owned()];
                names.bound.insert(name.to_owned(), Bound::Given(path));
            }
        }
        let (parts, wholes) = names.changes(script);
        names.changed = parts;
        names.bound.retain(|name, _| !wholes.contains(name));
        // What is read of a name that was itself given a value just before.
        for _ in 0..2 {
            script.walk(&mut |path| {
                if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last() {
                    let name = it.0.as_str();
                    if once.contains(name)
                        && !wholes.contains(name)
                        && let Some(bound) = names.value(&it.1)
                    {
                        names.bound.insert(name.to_owned(), bound);
                    }
                }
                true
            });
        }
        names
    }

    /// The path of what the script is given that this stands for, as far as it is named.
    pub(super) fn path(&self, chain: &Chain<'_>) -> Option<Vec<String>> {
        let mut path = self.root(chain)?.to_vec();
        for (link, _) in &chain.links {
            match link {
                Link::Field(name) | Link::Key(name) => path.push((*name).to_owned()),
                // It is made as each other of its set, and is none of them.
                Link::Computed => path.push("*".to_owned()),
                Link::Call(_) => return None,
            }
        }
        Some(path)
    }

    /// The path of what the first name of a chain stands for.
    pub(super) fn root(&self, chain: &Chain<'_>) -> Option<&[String]> {
        match self.bound.get(chain.root)? {
            Bound::Given(path) => Some(path),
            _ => None,
        }
    }

    /// Whether the script has a function of its own by this name.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Whether the script changes this, a part of it, or what it is a part of.
    pub(super) fn is_changed(&self, path: &[String]) -> bool {
        self.changed.iter().any(|it| related(it, path))
    }

    /// What this value stands for.
    pub(super) fn bound(&self, value: &Expr) -> Option<Bound> {
        let bound = match value {
            Expr::Variable(it, ..) => self.bound.get(it.1.as_str()).cloned(),
            written => self.value(written),
        };
        bound.filter(|it| !matches!(it, Bound::Given(path) if self.is_changed(path)))
    }

    /// What kind of value this is, where it is certain.
    pub(super) fn kind(&self, value: &Expr) -> Option<Kind> {
        match value {
            Expr::StringConstant(..) | Expr::InterpolatedString(..) => return Some(Kind::Text),
            Expr::IntegerConstant(..) | Expr::FloatConstant(..) => return Some(Kind::Number),
            Expr::BoolConstant(..) => return Some(Kind::Flag),
            Expr::FnCall(call, _) if call.op_token.is_none() => return self.answer(call),
            _ => {}
        }
        if let Some(call) = last_call(value) {
            return self.answer(call);
        }
        let chain = Chain::of(value)?;
        match self.bound.get(chain.root)? {
            Bound::Given(_) => {
                let path = self.path(&chain)?;
                match seen(&path).filter(|_| !self.is_changed(&path))? {
                    Seen::Plain(kind) => Some(kind),
                    _ => None,
                }
            }
            Bound::Text(..) => chain.links.is_empty().then_some(Kind::Text),
            Bound::Texts(_) => None,
            Bound::Plain(kind) => chain.links.is_empty().then_some(*kind),
        }
    }

    /// What a function of the language answers.
    fn answer(&self, call: &FnCallExpr) -> Option<Kind> {
        if self.functions.contains(call.name.as_str()) {
            return None;
        }
        library::answer(&call.name)
    }

    /// What a name stands for that is given this value.
    fn value(&self, value: &Expr) -> Option<Bound> {
        match value {
            Expr::StringConstant(it, at) => return Some(Bound::Text(it.to_string(), *at)),
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

    /// Parts of what the script is given that it changes, and the names whose whole value it changes, or a part of
    /// what they stand for.
    fn changes(&self, script: &AST) -> (Vec<Vec<String>>, HashSet<String>) {
        let (mut parts, mut wholes) = (Vec::new(), HashSet::new());
        let mut note = |value: &Expr, own: &dyn Fn(&Names, &Chain<'_>) -> Option<usize>| {
            let Some(chain) = Chain::of(value) else {
                return;
            };
            let Some(length) = own(self, &chain) else {
                return;
            };
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
        script.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Assignment(it))) => {
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
        (parts, wholes)
    }

    /// Whether a function may change the first value that it is given: one of the script's own sees a copy, unless it
    /// stands behind the value.
    fn may_change(&self, call: &FnCallExpr, method: bool) -> bool {
        let name = call.name.as_str();
        let own = self.functions.contains(name);
        if method && own {
            return true;
        }
        call.op_token.is_none() && !own && !library::reads(name)
    }
}

/// Whether one is the other, or a part of it.
pub(super) fn related(one: &[String], other: &[String]) -> bool {
    one.iter()
        .zip(other)
        .all(|(a, b)| a == b || a == "*" || b == "*")
}

/// Names that stand for one value alone wherever they are read.
fn declared_once(script: &AST) -> HashSet<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let mut note = |name: &str| *times.entry(name.to_owned()).or_default() += 1;
    for name in script.iter_functions().flat_map(|it| it.params) {
        note(name);
    }
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(it, ..))) => note(it.0.as_str()),
            Some(ASTNode::Stmt(Stmt::For(it, _))) => {
                note(it.0.as_str());
                if let Some(counter) = &it.1 {
                    note(counter.as_str());
                }
            }
            Some(ASTNode::Stmt(Stmt::TryCatch(it, _))) => {
                if let Expr::Variable(it, ..) = &it.expr {
                    note(it.1.as_str());
                }
            }
            _ => {}
        }
        true
    });
    times
        .into_iter()
        .filter(|(_, times)| *times == 1)
        .map(|(name, _)| name)
        .collect()
}
