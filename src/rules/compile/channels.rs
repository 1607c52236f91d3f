//! Statuses that depend on the channel, although only one channel is followed.

use super::generation::{STATUTS, Statuts, Target};
use crate::rules::diagnostic::{Diagnostic, code};

/// Reports each status whose `selon: canal` lacks the channel that is followed: none of its values ever occurs.
pub(super) fn note_unknown_channels(statuts: &Statuts, faults: &mut Vec<Diagnostic>) {
    let canal = &statuts.canal;
    for (statut, correspondance) in &statuts.table {
        let Target::Selon { field, values } = &correspondance.target else {
            continue;
        };
        if field != "canal" || values.contains_key(canal) {
            continue;
        }
        let message = format!(
            "« selon: canal » n'a ici aucune valeur qui puisse arriver : seules les demandes du canal « {canal} » sont suivies, et leur statut « {statut} » sera refusé ; mettez « {canal} » parmi les valeurs, ou écrivez le statut de SoWell directement après « {statut}: »"
        );
        let remark = Diagnostic::at(code::RULE, STATUTS, correspondance.line, 0, message);
        faults.push(remark.as_warning());
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::ports::FileSet;
    use crate::rules::case::FOLDER;
    use crate::rules::case::tests::shipped;
    use crate::rules::compile::{Known, STATUTS, compile};
    use rstest::rstest;

    /// The remarks about a table with this line for « Close ».
    fn told(close: &str) -> Vec<String> {
        let (_, exports) = shipped();
        let (accepted, told) = told_with(&exports, close);
        assert!(accepted, "{told:?}");
        told
    }

    /// The same with these exports, and whether they were accepted.
    fn told_with(exports: &FileSet, close: &str) -> (bool, Vec<String>) {
        let (mut rules, _) = shipped();
        rules.retain(|name, _| !name.starts_with(FOLDER));
        let text = format!(
            "initial: A\ncanal: SoWell\ncorrespondances:\n  A: En attente\n  Close: {close}\n"
        );
        rules.insert(STATUTS.into(), text.into_bytes());
        let (generation, told) = compile(&rules, exports, Known::default());
        let told = told.into_iter().filter(|it| it.file == STATUTS);
        let told = told.map(|it| format!("{} {}", it.line, it.message));
        (generation.is_some(), told.collect())
    }

    #[test]
    fn it_is_reported_even_if_an_export_is_refused() {
        let (_, mut exports) = shipped();
        exports.insert("residences.csv".into(), b"x\n".to_vec());
        let close = "{selon: canal, valeurs: {sowell: Traité}}";
        let (accepted, remarks) = told_with(&exports, close);
        assert!(!accepted);
        assert_eq!(remarks, told(close));
        assert_eq!(remarks.len(), 1);
    }

    #[test]
    fn a_status_that_depends_on_channels_that_never_occur_is_reported() {
        let told = told("{selon: canal, valeurs: {Téléphone: Traité, sowell: Traité}}");
        let [remark] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert!(remark.starts_with("5 « selon: canal »"), "{remark}");
        assert!(
            remark.contains("mettez « SoWell » parmi les valeurs"),
            "{remark}"
        );
    }

    #[rstest]
    // Each of the two remedies.
    #[case("{selon: canal, valeurs: {Téléphone: Traité, SoWell: Traité}}")]
    #[case("Traité")]
    #[case("{selon: canal, valeurs: {SoWell: Traité}}")]
    #[case("{selon: resultat, valeurs: {Téléphone: Traité}}")]
    #[case("{selon: commentaire, valeurs: {Téléphone: Traité}}")]
    fn statuses_that_can_be_translated_are_not_reported(#[case] close: &str) {
        assert_eq!(told(close), [] as [String; 0]);
    }
}
