//! Message keys that only the template could read, but that an author may take for parts of the e-mail.

use rhai::{AST, ASTNode, Expr};

use crate::rules::place::Located;
use crate::rules::script::{MODELE, position};

/// Keys mistaken for parts of an e-mail, with what they do not do and the remedy.
const NO_PARTS: [(&[&str], &str); 4] = [
    (
        &[
            "cc",
            "cci",
            "bcc",
            "copie",
            "copies",
            "copie_a",
            "copie_cachee",
            "en_copie",
        ],
        "personne ne reçoit de copie ; ajoutez à la liste un message #{a: …, modele: …} de plus par destinataire",
    ),
    (
        &[
            "piece_jointe",
            "pieces_jointes",
            "pj",
            "jointe",
            "fichier",
            "fichiers",
            "joindre",
        ],
        "rien n'est joint à un e-mail ; le modèle peut donner un lien",
    ),
    (
        &["objet", "sujet", "subject"],
        "l'objet est la première ligne du modèle, « Objet: … »",
    ),
    (
        &["de", "from", "expediteur", "repondre_a", "reply_to"],
        "l'expéditeur est réglé une fois pour tous les e-mails",
    ),
];

/// A message key that only the template could read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// The key and its position.
    pub key: Located,
    /// The template, if the message names it as a literal.
    pub modele: Option<String>,
    /// What to report if the template does not read the key.
    pub message: String,
}

/// Message keys that an author may take for parts of the e-mail.
pub(in crate::rules::script) fn of(script: &AST) -> Vec<OwnKey> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() else {
            return true;
        };
        let Some((_, modele)) = entries.0.iter().find(|(key, _)| key.name == MODELE) else {
            return true;
        };
        for (key, _) in &entries.0 {
            let name = key.name.as_str();
            let part = NO_PARTS.iter().find(|(names, _)| names.contains(&name));
            if let Some((_, instead)) = part {
                let (line, column) = position(key.pos);
                found.push(OwnKey {
                    key: Located {
                        text: name.to_owned(),
                        line,
                        column,
                    },
                    modele: match modele {
                        Expr::StringConstant(it, _) => Some(it.to_string()),
                        _ => None,
                    },
                    message: format!("rien ne lit « {name} » : {instead}"),
                });
            }
        }
        true
    });
    found
}
