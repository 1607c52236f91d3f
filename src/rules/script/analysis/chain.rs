//! Access chains that start at a variable, such as `residence.gestionnaires.get("gardien").nom`.

use rhai::{AST, ASTFlags, ASTNode, Expr, FnCallExpr, Position};

/// A variable and the accesses that follow it, in source order.
pub(in crate::rules::script) struct Chain<'e> {
    /// The variable.
    pub(in crate::rules::script) root: &'e str,
    /// Each access and its position.
    pub(in crate::rules::script) links: Vec<(Link<'e>, Position)>,
}

/// One access into a value.
pub(in crate::rules::script) enum Link<'e> {
    /// `.nom`
    Field(&'e str),
    /// `["nom"]` or `.get("nom")`
    Key(&'e str),
    /// `[valeur]` or `.get(valeur)`
    Computed,
    /// A call of any other method.
    Call(&'e FnCallExpr),
}

impl<'e> Chain<'e> {
    /// A variable, alone or with accesses; `None` for any other expression.
    pub(in crate::rules::script) fn of(value: &'e Expr) -> Option<Self> {
        let mut links = Vec::new();
        let (variable, rest) = match value {
            Expr::Dot(pair, flags, _) => (&pair.lhs, Some((&pair.rhs, false, *flags))),
            Expr::Index(pair, flags, _) => (&pair.lhs, Some((&pair.rhs, true, *flags))),
            alone => (alone, None),
        };
        let Expr::Variable(it, ..) = variable else {
            return None;
        };
        if let Some((right, by_key, flags)) = rest {
            follow(right, by_key, flags, &mut links);
        }
        Some(Self {
            root: it.1.as_str(),
            links,
        })
    }

    /// The chain as a script would write it; `None` if part of it is computed.
    pub(in crate::rules::script) fn shown(&self) -> Option<String> {
        let is_call = |(link, _): &(Link<'_>, _)| matches!(link, Link::Call(_));
        if self.links.iter().any(is_call) {
            return None;
        }
        self.shown_with_calls()
    }

    /// Like [`Self::shown`], also with calls that take no value, such as `to_lower()`.
    pub(in crate::rules::script) fn shown_with_calls(&self) -> Option<String> {
        let mut shown = self.root.to_owned();
        for (link, _) in &self.links {
            match link {
                Link::Field(name) => shown = format!("{shown}.{name}"),
                Link::Key(name) => shown = format!("{shown}.get(\"{name}\")"),
                Link::Call(call) if call.args.is_empty() => {
                    shown = format!("{shown}.{}()", call.name);
                }
                Link::Computed | Link::Call(_) => return None,
            }
        }
        Some(shown)
    }
}

/// The first access of a dotted or indexed expression, whatever its root.
pub(in crate::rules::script) fn first_link(value: &Expr) -> Option<(Link<'_>, Position)> {
    let (pair, by_key, flags) = match value {
        Expr::Dot(pair, flags, _) => (pair, false, *flags),
        Expr::Index(pair, flags, _) => (pair, true, *flags),
        _ => return None,
    };
    let (head, _) = split(&pair.rhs, by_key, flags);
    Some(link(head, by_key))
}

/// Positions of computed keys, as in `table[qualification.code]`.
pub(in crate::rules::script) fn computed_keys(script: &AST) -> Vec<Position> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Index(pair, flags, _))) = path.last() {
            let (head, _) = split(&pair.rhs, true, *flags);
            if !matches!(head, Expr::StringConstant(..) | Expr::IntegerConstant(..)) {
                found.push(head.start_position());
            }
        }
        true
    });
    found
}

/// The method call at the end of an expression, as in `residence.code.to_upper()`.
pub(in crate::rules::script) fn last_call(value: &Expr) -> Option<&FnCallExpr> {
    let (Expr::Dot(pair, ..) | Expr::Index(pair, ..)) = value else {
        return None;
    };
    match &pair.rhs {
        Expr::MethodCall(call, _) => Some(call),
        further => last_call(further),
    }
}

fn follow<'e>(
    right: &'e Expr,
    by_key: bool,
    flags: ASTFlags,
    links: &mut Vec<(Link<'e>, Position)>,
) {
    let (head, rest) = split(right, by_key, flags);
    links.push(link(head, by_key));
    if let Some((right, by_key, flags)) = rest {
        follow(right, by_key, flags, links);
    }
}

/// The rest of a chain: the next expression, whether it is an index, and its flags.
type Rest<'e> = Option<(&'e Expr, bool, ASTFlags)>;

/// Splits the right-hand side of a dot or bracket into its first expression and the rest.
fn split(right: &Expr, by_key: bool, flags: ASTFlags) -> (&Expr, Rest<'_>) {
    // The expression between brackets may itself be a chain.
    let ends = by_key && flags.contains(ASTFlags::BREAK);
    match right {
        Expr::Dot(pair, flags, _) if !ends => (&pair.lhs, Some((&pair.rhs, false, *flags))),
        Expr::Index(pair, flags, _) if !ends => (&pair.lhs, Some((&pair.rhs, true, *flags))),
        alone => (alone, None),
    }
}

fn link(head: &Expr, by_key: bool) -> (Link<'_>, Position) {
    match head {
        Expr::StringConstant(it, at) if by_key => (Link::Key(it), *at),
        _ if by_key => (Link::Computed, head.position()),
        Expr::Property(it, at) => (Link::Field(it.2.as_str()), *at),
        Expr::MethodCall(call, at) if call.name == "get" => match call.args.as_slice() {
            [Expr::StringConstant(it, at)] => (Link::Key(it), *at),
            [_] => (Link::Computed, *at),
            _ => (Link::Call(call), *at),
        },
        Expr::MethodCall(call, at) => (Link::Call(call), *at),
        other => (Link::Computed, other.position()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rhai::{ASTNode, Engine};
    use rstest::rstest;

    #[rstest]
    #[case("a", "a")]
    #[case("a.b.c", "a .b .c")]
    #[case("a?.b", "a .b")]
    #[case("a[\"b\"].c", "a [b] .c")]
    #[case("a.b[\"c\"][x.y].d", "a .b [c] [] .d")]
    #[case("a[x.y]", "a []")]
    #[case("a.get(\"b\").c.f(1).d", "a [b] .c f() .d")]
    #[case("a.get(x.y)", "a []")]
    #[case("a[0]", "a []")]
    fn a_chain_is_read_in_order(#[case] value: &str, #[case] wanted: &str) {
        let script = Engine::new().compile(format!("{value};")).unwrap();
        let mut seen = None;
        script.walk(&mut |path| {
            if let (Some(ASTNode::Expr(value)), None) = (path.last(), &seen) {
                let chain = Chain::of(value).unwrap();
                let links = chain.links.iter().map(|(link, _)| match link {
                    Link::Field(it) => format!(".{it}"),
                    Link::Key(it) => format!("[{it}]"),
                    Link::Computed => "[]".to_owned(),
                    Link::Call(it) => format!("{}()", it.name),
                });
                let all: Vec<String> = std::iter::once(chain.root.to_owned())
                    .chain(links)
                    .collect();
                seen = Some(all.join(" "));
            }
            true
        });
        assert_eq!(seen.as_deref(), Some(wanted));
    }
}
