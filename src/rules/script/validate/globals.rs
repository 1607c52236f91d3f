//! Constants that functions name as `global::…` and that the script does not define.

use rhai::{AST, ASTFlags, ASTNode, Expr, Stmt};

use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::script::position;

/// Reports each as an error, since the engine would stop there.
pub(in crate::rules::script) fn unknown(script: &AST, file: &str, faults: &mut Vec<Diagnostic>) {
    let (mut constants, mut variables) = (Vec::new(), Vec::new());
    for statement in script.statements() {
        if let Stmt::Var(it, flags, _) = statement {
            let of_its_kind = if flags.contains(ASTFlags::CONSTANT) {
                &mut constants
            } else {
                &mut variables
            };
            of_its_kind.push(it.0.as_str());
        }
    }
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Variable(it, _, at))) = path.last() else {
            return true;
        };
        let name = it.1.as_str();
        let of_global = matches!(it.2.path.as_slice(), [one] if one.as_str() == "global");
        if !of_global || constants.contains(&name) {
            return true;
        }
        let hint = if variables.contains(&name) {
            format!("en haut du fichier, écrivez « const {name} = … », et non « let »")
        } else if let Some(near) = nearest(name, constants.iter().copied()) {
            format!("vouliez-vous dire « global::{near} » ?")
        } else {
            format!("il faut « const {name} = … ; » en haut du fichier")
        };
        let message = format!("« global::{name} » n'existe pas : {hint}");
        let (line, column) = position(*at);
        faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
        true
    });
}
