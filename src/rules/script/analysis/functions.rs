//! Which function of a script a line of it belongs to: a closure is a function of its own.

use rhai::{AST, ASTFlags, ASTNode, Expr, Position, Stmt, StmtBlock};

/// The functions of a script, by where their bodies stand.
pub(in crate::rules::script) struct Functions {
    spans: Vec<(Position, Position)>,
    /// The one that the daemon calls.
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

    /// Whether this stands in the body of the function that the daemon calls, and in none within it. `path` leads there
    /// from a statement of a body.
    pub(in crate::rules::script) fn in_entry(&self, path: &[ASTNode]) -> bool {
        match path.first() {
            Some(ASTNode::Stmt(first)) => self.entry.is_some() && self.owner(first) == self.entry,
            _ => false,
        }
    }

    /// The function whose body this is a statement of.
    fn owner(&self, statement: &Stmt) -> Option<usize> {
        let at = statement.position();
        let spans = || self.spans.iter().enumerate();
        // The body of a closure may be a value without braces: it ends nowhere.
        let alone = spans().find(|(_, (start, end))| *start == at && end.is_none());
        let around = spans()
            .filter(|(_, (start, end))| *start <= at && at <= *end)
            .max_by_key(|(_, (start, _))| *start);
        alone.or(around).map(|(number, _)| number)
    }
}

/// Every value that the function that the daemon calls returns or ends with, as it is written, and where; none for a
/// `return` without one.
pub(in crate::rules::script) fn results(
    script: &AST,
    functions: &Functions,
    on_result: &mut dyn FnMut(Option<&Expr>, Position),
) {
    // The last statement of the body: the others are passed over on the way there.
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

/// What a block is worth, which is what its last statement is.
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
        // Where a choice of several ends so, it may be one that is never taken.
        Expr::Unit(_) => {}
        value => on_result(Some(value), value.start_position()),
    }
}
