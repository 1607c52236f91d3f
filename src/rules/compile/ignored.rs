//! Statuses to ignore that are written in a form that the CRM does not send.

use std::collections::BTreeMap;

use super::generation::{Correspondance, STATUTS};
use crate::rules::diagnostic::{Diagnostic, code};

/// The table of statuses, by the CRM's words.
type Table = BTreeMap<String, Correspondance>;

/// Reports a status to ignore that differs from one of the table by a plural: the table's is not ignored.
pub(super) fn note_ignored_plurals(
    ignored: &BTreeMap<String, u32>,
    table: &Table,
    faults: &mut Vec<Diagnostic>,
) {
    for (statut, line) in ignored {
        let singular = statut.strip_suffix('s').unwrap_or(statut);
        let plural = format!("{statut}s");
        let own = [singular, &plural].into_iter().find_map(|it| {
            let (own, found) = table.get_key_value(it)?;
            Some((own, found.line))
        });
        if let Some((own, at)) = own {
            let message = format!(
                "« {statut} » n'est pas « {own} » (ligne {at}), que SoWell reçoit toujours : pour ignorer « {own} », écrivez ici « {own} » et retirez sa ligne"
            );
            faults.push(Diagnostic::at(code::RULE, STATUTS, *line, 0, message).as_warning());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::case::FOLDER;
    use crate::rules::case::tests::shipped;
    use crate::rules::compile::{Known, STATUTS, compile};
    use rstest::rstest;

    /// The remarks about this table, without its first line, and about this list of ignored statuses.
    fn told(table: &str, ignored: &str) -> Vec<String> {
        let (mut rules, exports) = shipped();
        rules.retain(|name, _| !name.starts_with(FOLDER));
        let text = format!(
            "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n{table}ignorer: {ignored}\n"
        );
        rules.insert(STATUTS.into(), text.into_bytes());
        let (generation, told) = compile(&rules, &exports, Known::default());
        assert!(generation.is_some(), "{told:?}");
        let told = told.into_iter().filter(|it| it.file == STATUTS);
        told.map(|it| format!("{} {}", it.line, it.message))
            .collect()
    }

    #[rstest]
    #[case(
        "",
        "[Ouvertes]",
        "5 « Ouvertes » n'est pas « Ouverte » (ligne 4)",
        "",
        "[]"
    )]
    #[case(
        "  Fermées: Traité\n",
        "[Fermée]",
        "6 « Fermée » n'est pas « Fermées » (ligne 5)",
        "",
        "[Fermées]"
    )]
    #[case(
        "",
        "[En relecture et Archivée]",
        "5 « En relecture et Archivée » compte pour un seul",
        "",
        "[En relecture, Archivée]"
    )]
    #[case(
        "",
        "\n  - Relue et Archivée",
        "6 « Relue et Archivée » compte pour un seul",
        "",
        "\n  - Relue\n  - Archivée"
    )]
    #[case(
        "",
        "[En relecture et Archivée]",
        "5 « En relecture et Archivée » compte pour un seul",
        "",
        "[\"En relecture et Archivée\"]"
    )]
    #[case(
        "  Nouvelle et Reçue: En attente\n",
        "[]",
        "5 « Nouvelle et Reçue » compte pour un seul",
        "  Nouvelle: En attente\n  Reçue: En attente\n",
        "[]"
    )]
    #[case(
        "  Fermée: Traité#nouveau\n",
        "[]",
        "5 « Traité#nouveau » : ce « # »",
        "  Fermée: Traité #nouveau\n",
        "[]"
    )]
    fn a_status_in_the_wrong_place_is_reported_until_the_remedy(
        #[case] table: &str,
        #[case] ignored: &str,
        #[case] words: &str,
        #[case] mended: &str,
        #[case] mended_ignored: &str,
    ) {
        let told_of = told(table, ignored);
        assert_eq!(told_of.len(), 1, "{told_of:?}");
        assert!(told_of[0].starts_with(words), "{told_of:?}");
        let after = told(mended, mended_ignored);
        let message = &words[2..];
        let is_left = |it: &String| it[2..].starts_with(message);
        assert!(!after.iter().any(is_left), "{after:?}");
    }

    #[rstest]
    // SoWell's words may be the CRM's.
    #[case("  Fermée: Fermée\n", "[]")]
    #[case("  Reçue: Ouverte\n", "[]")]
    #[case("  Reçue: Ouverte\n  Vue: Ouverte\n", "[]")]
    #[case(
        "  Fermée: {selon: resultat, valeurs: {Traité: Ouverte, Rejeté: Ouverte}}\n",
        "[]"
    )]
    #[case("  Fermée: Traité\n", "[Réouverte, Ouvert]")]
    #[case(
        "  CRC et Vivest en cours: En cours\n  Transmis à Metz et Nancy: En cours\n",
        "[]"
    )]
    #[case("  Vue et corrigée: En cours\n", "[Relue et validée]")]
    #[case("  Fermée: 'Traité#nouveau'\n  Vue: N#1\n  Lue: C# 7\n", "[]")]
    #[case("  Refusée, sans suite: Rejeté\n", "[]")]
    fn other_statuses_are_left_alone(#[case] table: &str, #[case] ignored: &str) {
        assert_eq!(told(table, ignored), [""; 0]);
    }
}
