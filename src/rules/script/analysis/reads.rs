//! How much of its input a script reads, so that fields it never names need not be built.

use std::array;
use std::ptr;

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::extent::Extent;
use crate::rules::script::analysis::chain::{Chain, Link};

/// How much of each parameter a function reads. Errs towards too much: uses of the same name in other functions count
/// too.
pub(in crate::rules::script) fn of<const N: usize>(script: &AST, function: &str) -> [Extent; N] {
    let mut read = array::from_fn(|_| Extent::NOTHING);
    let entry = script
        .iter_functions()
        .find(|it| it.name == function && it.params.len() == N);
    let parameters = entry.map(|it| it.params).unwrap_or_default();
    script.walk(&mut |path| {
        match path {
            [
                ..,
                ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..) | Stmt::Share(_)),
            ] => {
                // The engine does not walk into the expressions of these statements.
                read = array::from_fn(|_| Extent::Whole);
            }
            [
                before @ ..,
                ASTNode::Expr(it @ Expr::Variable(variable, ..)),
            ] => {
                let name = variable.1.as_str();
                let parameter = parameters.iter().position(|it| *it == name);
                if let Some(at) = parameter {
                    read[at].add(&fields_of(it, before.last()));
                }
            }
            _ => {}
        }
        true
    });
    read
}

/// The path of fields read from a variable; empty if the variable itself is used.
fn fields_of<'a>(variable: &Expr, parent: Option<&ASTNode<'a>>) -> Vec<&'a str> {
    let chain = match parent {
        Some(ASTNode::Expr(whole @ Expr::Dot(pair, ..)))
            if ptr::eq(&raw const pair.lhs, variable) =>
        {
            Chain::of(whole)
        }
        _ => None,
    };
    let links = chain.map(|it| it.links).unwrap_or_default();
    let fields = links.into_iter().map_while(|(link, _)| match link {
        Link::Field(name) => Some(name),
        _ => None,
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read_of_a(body: &str) -> Extent {
        let text = format!("fn affecter(a, b) {{ {body} }} fn autre(x) {{ x }}");
        let script = rhai::Engine::new().compile(text).unwrap();
        let [a, _] = of(&script, "affecter");
        a
    }

    fn extent(paths: &[&[&str]]) -> Extent {
        let mut extent = Extent::NOTHING;
        for path in paths {
            extent.add(path);
        }
        extent
    }

    #[rstest]
    #[case("b.x", &[])]
    #[case("a.x", &[&["x"][..]])]
    #[case("a?.x", &[&["x"][..]])]
    #[case("if a.x.y == 1 { a.z }", &[&["x", "y"][..], &["z"]])]
    #[case("a.x.get(b.y)", &[&["x"][..]])]
    #[case("a.x[\"y\"].z", &[&["x"][..]])]
    #[case("b.get(a.x)", &[&["x"][..]])]
    #[case("`${a.x} et ${a.y}`", &[&["x"][..], &["y"]])]
    #[case("switch a.x { 1 if a.z => a.y, _ => a.t }", &[&["x"][..], &["y"], &["z"], &["t"]])]
    #[case("#{k: [a.x]}", &[&["x"][..]])]
    #[case("a.x = 1", &[&["x"][..]])]
    #[case("throw a.x", &[&["x"][..]])]
    fn a_named_field_is_read(#[case] body: &str, #[case] paths: &[&[&str]]) {
        assert_eq!(read_of_a(body), extent(paths), "{body}");
    }

    #[rstest]
    #[case("a")]
    #[case("let c = a; c.x")]
    #[case("\"x\" in a")]
    #[case("a[\"x\"]")]
    #[case("a[b.x]")]
    #[case("a.keys()")]
    #[case("a.autre()")]
    #[case("autre(a)")]
    #[case("for c in a { }")]
    #[case("loop { break a; }")]
    #[case("loop { break b; }")]
    #[case("let f = |y| a.x + y; f.call(1)")]
    #[case("[1].map(|y| a)")]
    #[case("call(Fn(\"autre\"), a)")]
    #[case("#{k: a}")]
    #[case("a = b; a.x")]
    fn using_the_whole_value_needs_the_whole_value(#[case] body: &str) {
        assert_eq!(read_of_a(body), Extent::Whole, "{body}");
    }
}
