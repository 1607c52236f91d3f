//! The functions of a script, separately: names of one are not visible in another.

use std::collections::HashMap;

use rhai::{AST, ASTNode, Expr, Stmt, StmtBlock};

/// Prefix of the names the engine gives to closures.
const CLOSURE: &str = "anon$";

/// One function, or the statements outside all functions.
pub(in crate::rules::script) struct Part {
    /// Empty for the statements outside functions.
    pub(in crate::rules::script) name: String,
    /// Its parameters; for a closure, the captured variables come first.
    pub(in crate::rules::script) parameters: Vec<String>,
    /// The script reduced to this part.
    pub(in crate::rules::script) script: AST,
}

impl Part {
    /// Whether this is a closure, which sees the variables around it.
    pub(in crate::rules::script) fn is_closure(&self) -> bool {
        self.name.starts_with(CLOSURE)
    }

    /// The names it declares, with the number of declarations.
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

/// The statements outside functions, followed by each function. Functions that differ only in the type of `this` are
/// left out.
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
        // The copy shares the function bodies; only their signatures are copied.
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

/// The blocks directly inside a statement or an expression.
pub(in crate::rules::script) fn blocks<'a>(node: &ASTNode<'a>) -> Vec<&'a StmtBlock> {
    match node {
        ASTNode::Stmt(Stmt::If(it, _) | Stmt::TryCatch(it, _)) => vec![&it.body, &it.branch],
        ASTNode::Stmt(Stmt::While(it, _) | Stmt::Do(it, ..)) => vec![&it.body],
        ASTNode::Stmt(Stmt::For(it, _)) => vec![&it.2.body],
        ASTNode::Stmt(Stmt::Block(it)) | ASTNode::Expr(Expr::Stmt(it)) => vec![it],
        _ => Vec::new(),
    }
}
