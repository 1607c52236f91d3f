//! Which function a line of a script belongs to. A closure counts as a separate function.

use rhai::{AST, ASTFlags, ASTNode, Expr, Position, Stmt, StmtBlock};

/// The functions of a script, by the positions of their bodies.
pub(in crate::rules::script) struct Functions {
    spans: Vec<(Position, Position)>,
    /// Index of the one the daemon calls.
    entry: Option<usize>,
}

impl Functions {
    pub(in crate::rules::script) fn of(script: &AST, function: &str, parameters: usize) -> Self {
        let (mut spans, mut entry) = (Vec::new(), None);
        for (.., definition) in script.shared_lib().iter_script_fn_info() {
            if definition.name == function && definition.params.len() == parameters {
                entry = Some(spans.len());
            }
            let body = &definition.body;
            spans.push((body.start_position(), body.end_position()));
        }
        Self { spans, entry }
    }

    /// Whether the node at the end of `path` is in the body of the function the daemon calls, and not in a closure
    /// within it. `path` begins at a statement of a body.
    pub(in crate::rules::script) fn in_entry(&self, path: &[ASTNode]) -> bool {
        match path.first() {
            Some(ASTNode::Stmt(first)) => self.entry.is_some() && self.owner(first) == self.entry,
            _ => false,
        }
    }

    /// The function whose body contains this statement.
    fn owner(&self, statement: &Stmt) -> Option<usize> {
        let at = statement.position();
        let spans = || self.spans.iter().enumerate();
        // A closure's body may be an expression without braces, which has no end position.
        let alone = spans().find(|(_, (start, end))| *start == at && end.is_none());
        let around = spans()
            .filter(|(_, (start, end))| *start <= at && at <= *end)
            .max_by_key(|(_, (start, _))| *start);
        alone.or(around).map(|(number, _)| number)
    }
}

/// Calls `on_result` with each expression that the function called by the daemon returns or ends with, and its
/// position; `None` for a `return` without a value.
pub(in crate::rules::script) fn results(
    script: &AST,
    functions: &Functions,
    on_result: &mut dyn FnMut(Option<&Expr>, Position),
) {
    // Position of the body's last statement, which is the last one the walk meets.
    let mut last = Position::NONE;
    script.walk(&mut |path| {
        if let [ASTNode::Stmt(it)] = path
            && functions.in_entry(path)
        {
            last = last.max(it.position());
        }
        true
    });
    script.walk(&mut |path| {
        if !functions.in_entry(path) {
            return true;
        }
        match path {
            [.., ASTNode::Stmt(Stmt::Return(value, flags, at))]
                if !flags.contains(ASTFlags::BREAK) =>
            {
                match value.as_deref() {
                    None | Some(Expr::Unit(_)) => on_result(None, *at),
                    Some(value) => of_value(value, on_result),
                }
            }
            [ASTNode::Stmt(it)] if it.position() == last => of_statement(it, on_result),
            _ => {}
        }
        true
    });
}

/// The results of a block, which are those of its last statement.
fn of_block(block: &StmtBlock, on_result: &mut dyn FnMut(Option<&Expr>, Position)) {
    if let Some(last) = block.statements().last() {
        of_statement(last, on_result);
    }
}

fn of_statement(statement: &Stmt, on_result: &mut dyn FnMut(Option<&Expr>, Position)) {
    match statement {
        Stmt::Expr(value) => of_value(value, on_result),
        Stmt::If(it, _) => {
            of_block(&it.body, on_result);
            of_block(&it.branch, on_result);
        }
        Stmt::Switch(it, _) => {
            for case in &it.1.expressions {
                of_value(&case.rhs, on_result);
            }
        }
        Stmt::Block(it) => of_block(it, on_result),
        _ => {}
    }
}

fn of_value(value: &Expr, on_result: &mut dyn FnMut(Option<&Expr>, Position)) {
    match value {
        Expr::Stmt(block) => of_block(block, on_result),
        // A branch that ends like this may be one that is never taken.
        Expr::Unit(_) => {}
        value => on_result(Some(value), value.start_position()),
    }
}
