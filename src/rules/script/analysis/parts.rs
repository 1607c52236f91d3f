//! The functions of a script, each by itself: a name of one is not seen in another.

use std::collections::HashMap;

use rhai::{AST, ASTNode, Expr, Stmt, StmtBlock};

/// How the engine names a function that has no name.
const CLOSURE: &str = "anon$";

/// One function, or what stands beside all of them.
pub(in crate::rules::script) struct Part {
    /// Empty for what stands beside the functions.
    pub(in crate::rules::script) name: String,
    /// What it is called with; a closure is first given what it takes in from around it.
    pub(in crate::rules::script) parameters: Vec<String>,
    /// It alone.
    pub(in crate::rules::script) script: AST,
}

impl Part {
    /// Whether this is a function without a name, which sees what is around it.
    pub(in crate::rules::script) fn is_closure(&self) -> bool {
        self.name.starts_with(CLOSURE)
    }

    /// The names that it declares, and how many times.
    pub(in crate::rules::script) fn declared(&self) -> HashMap<String, usize> {
        let mut times: HashMap<String, usize> = HashMap::new();
        let mut note = |name: &str| *times.entry(name.to_owned()).or_default() += 1;
        for name in &self.parameters {
            note(name);
        }
        self.script.walk(&mut |path| {
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
    }
}

/// What stands beside the functions, and then each of these; none of those that differ by the kind of `this` alone.
pub(in crate::rules::script) fn of(script: &AST) -> Vec<Part> {
    let mut alike: HashMap<(&str, usize), usize> = HashMap::new();
    for it in script.iter_functions() {
        *alike.entry((it.name, it.params.len())).or_default() += 1;
    }
    let beside = Part {
        name: String::new(),
        parameters: Vec::new(),
        script: script.clone_statements_only(),
    };
    let mut all = script.clone();
    all.clear_statements();
    let functions = script.iter_functions();
    let functions = functions.filter(|it| alike.get(&(it.name, it.params.len())) == Some(&1));
    let functions = functions.map(|it| {
        // This shares their bodies: what is copied of each is how it is called.
        let mut alone = all.clone();
        alone.retain_functions(|_, _, name, count| (name, count) == (it.name, it.params.len()));
        Part {
            name: it.name.to_owned(),
            parameters: it.params.iter().map(|it| (*it).to_owned()).collect(),
            script: alone,
        }
    });
    std::iter::once(beside).chain(functions).collect()
}

/// The blocks that stand directly in a statement or a value.
pub(in crate::rules::script) fn blocks<'a>(node: &ASTNode<'a>) -> Vec<&'a StmtBlock> {
    match node {
        ASTNode::Stmt(Stmt::If(it, _) | Stmt::TryCatch(it, _)) => vec![&it.body, &it.branch],
        ASTNode::Stmt(Stmt::While(it, _) | Stmt::Do(it, ..)) => vec![&it.body],
        ASTNode::Stmt(Stmt::For(it, _)) => vec![&it.2.body],
        ASTNode::Stmt(Stmt::Block(it)) | ASTNode::Expr(Expr::Stmt(it)) => vec![it],
        _ => Vec::new(),
    }
}
