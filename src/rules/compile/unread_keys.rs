//! Message keys that an author may take for parts of the e-mail, and that no template reads.

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::finding::Finding;
use crate::rules::script::{self, Scripts};
use crate::rules::template::Templates;

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

/// Adds a remark for each of them.
pub(super) fn note(scripts: &Scripts, templates: &Templates, faults: &mut Vec<Diagnostic>) {
    for it in scripts.message_keys() {
        let key = &it.key;
        if let Some(message) = no_part(&key.text)
            && !templates.reads(it.modele.as_deref(), &key.text)
        {
            let found = Finding::new((key.line, key.column), message);
            faults.push(found.into_remark(code::SCRIPT, script::ACCUSES));
        }
    }
}

/// Why a key is no part of the e-mail, if it looks like one.
fn no_part(name: &str) -> Option<String> {
    let part = NO_PARTS.iter().find(|(names, _)| names.contains(&name));
    part.map(|(_, instead)| format!("rien ne lit « {name} » : {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_looks_like_a_part_of_an_email_gets_a_remedy() {
        let told = no_part("objet").unwrap();
        assert_eq!(
            told,
            "rien ne lit « objet » : l'objet est la première ligne du modèle, « Objet: … »"
        );
    }

    #[test]
    fn any_other_key_is_the_authors_own() {
        assert_eq!(
            ["nom", "residence", "modele"].map(no_part),
            [const { None }; 3]
        );
    }
}
