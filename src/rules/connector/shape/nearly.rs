//! Remarks on mappings that resemble a choice or a repetition but are sent literally.

use crate::rules::diagnostic::{code, nearest};
use crate::rules::source::Reader;
use crate::rules::yaml::{Key, Node};

use super::{CHOICE, REPETITION};

/// Reports such a mapping, and what is missing or too much in it.
pub(super) fn note(reader: &mut Reader<'_>, entries: &[(Key, Node)]) {
    let has = |name: &str| entries.iter().any(|(key, _)| key.name == name);
    let missing = |words: [&'static str; 3]| words.into_iter().filter(|it| !has(it));
    let near = |words: [&'static str; 3]| {
        let mut keys = entries.iter().map(|(key, _)| key);
        keys.find_map(|key| {
            let other = !words.contains(&key.name.as_str());
            Some((key, nearest(&key.name, missing(words)).filter(|_| other)?))
        })
    };
    let nearly = [CHOICE, REPETITION].into_iter().find(|words| {
        let known = words.iter().filter(|it| has(it)).count();
        // The partner may have a field with the same name as one of these keys.
        let alone = known == 1 && (near(*words).is_some() || entries.len() == 1);
        known > 1 || *words == CHOICE && has("si") && alone
    });
    let (Some(words), Some((first, _))) = (nearly, entries.first()) else {
        return;
    };
    let mut others = entries.iter().map(|(key, _)| key);
    let other = others.find(|it| !words.contains(&it.name.as_str()));
    let (at, why) = match (near(words), other) {
        (Some((key, near)), _) => {
            let why = format!("« {} » : vouliez-vous dire « {near} » ?", key.name);
            (key, why)
        }
        (None, Some(other)) => (other, format!("« {} » ne va pas avec elles", other.name)),
        (None, None) => {
            let missing: Vec<&str> = missing(words).filter(|it| *it != "sinon").collect();
            (first, format!("il manque « {} »", missing.join(" » et « ")))
        }
    };
    let message = format!(
        "ces clés partent telles quelles, et non comme {{{}: …}} : {why}",
        words.join(": …, ")
    );
    reader.remark(code::SHAPE, at.line, at.column, message);
}

#[cfg(test)]
mod tests {
    use crate::rules::connector::{Connector, Partner};
    use rstest::rstest;

    #[rstest]
    #[case("{si: x, allors: 1}", (8, 32), "« allors » : vouliez-vous dire « alors » ?")]
    #[case("{si: x}", (8, 25), "il manque « alors »")]
    #[case("{si: x, autre: 1, allors: 2}", (8, 42), "vouliez-vous dire « alors » ?")]
    #[case("{si: x, sinon: 1}", (8, 25), "il manque « alors »")]
    #[case("{alors: x, sinon: 1}", (8, 25), "il manque « si »")]
    #[case("{si: x, alors: 1, autre: 2}", (8, 42), "« autre » ne va pas avec elles")]
    #[case("{pour: x, dans: fichiers, fairre: 1}", (8, 50), "« fairre » : vouliez-vous dire « faire » ?")]
    #[case("\"{ demande.contexte }\"", (8, 24), "une valeur s'écrit « {{ demande.contexte }} »")]
    #[case("demande.contexte", (8, 24), "une valeur s'écrit \"{{ demande.contexte }}\"")]
    #[case("demande.priorite|upper", (8, 24), "une valeur s'écrit \"{{ demande.priorite|upper }}\"")]
    #[case("{pour: photo, dans: fichiers, faire: {nom: photo.nom}}", (8, 67), "une valeur s'écrit \"{{ photo.nom }}\"")]
    #[case("secrets.jeton", (8, 24), "une valeur s'écrit \"{{ secrets.jeton }}\"")]
    fn a_mapping_sent_literally_is_a_remark(
        #[case] value: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
    ) {
        let text = format!(
            "doublons: upsert\noperations:\n  creer:\n    chemin: /demandes\n    uid: /id\n    corps:\n      json:\n        valeur:        {value}\n        reference: \"{{{{ reference }}}}\"\n        photos: \"{{{{ fichiers|map(attribute='base64')|list }}}}\"\n"
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Crm, &text, &mut faults);
        assert!(connector.is_some(), "{faults:?}");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!((faults[0].line, faults[0].column), at, "{faults:?}");
        assert!(faults[0].message.contains(words), "{faults:?}");
    }

    #[test]
    fn a_field_called_si_may_belong_to_the_partner() {
        let text = "doublons: upsert\noperations:\n  creer:\n    chemin: /demandes\n    uid: /id\n    corps:\n      json: {si: x, reference: \"{{ reference }}\", photos: \"{{ fichiers|map(attribute='base64')|list }}\"}\n";
        let mut faults = Vec::new();
        assert!(Connector::compile(Partner::Crm, text, &mut faults).is_some());
        assert_eq!(faults, []);
    }
}
