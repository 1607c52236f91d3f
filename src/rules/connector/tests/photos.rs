//! What a file needs of the photos, and texts that only resemble a use of them.

use super::*;

/// A file whose creation has this path and body, preceded by these calls, and which uploads a photo first.
fn with(path: &str, body: &str, before: &str) -> (Connector, Vec<Diagnostic>) {
    let text = format!(
        "doublons: possibles\noperations:\n  televerser:\n    chemin: /envois\n    corps: {{fichier: {{contenu: \"{{{{ fichier }}}}\"}}}}\n    lire: {{jeton: /jeton}}\n  creer:\n    prealables: [{before}]\n    chemin: \"{path}\"\n    corps: {body}\n    uid: /id\n"
    );
    let (connector, faults) = compile(&text);
    (connector.unwrap_or_else(|| panic!("{faults:?}")), faults)
}

fn remarks(faults: &[Diagnostic]) -> bool {
    let mut messages = faults.iter().map(|it| it.message.as_str());
    messages.any(|it| it.starts_with("les photos ne partent pas"))
}

#[rstest]
#[case("/dossiers/fichiers/demandes", "{json: {a: 1}}")]
#[case("/d", "{json: {origine: fichier client, envoi: base64}}")]
#[case("/d", "{json: {fichiers: \"{{ demande.bien }} fichiers\"}}")]
#[case("/d", "{json: {nombre: \"{{ fichiers|length }}\"}}")]
#[case("/d", "{multipart: {nombre: \"{{ fichiers | count }}\"}}")]
#[case(
    "/d",
    "{multipart: {nombre: \"{{ fichiers|length }} fichiers\", rien: fichier}}"
)]
#[case(
    "/d",
    "{json: {si: fichiers, alors: {photos: oui}, sinon: {photos: non}}}"
)]
#[case(
    "/d",
    "{json: {pour: photo, dans: \"{{ fichiers }}\", faire: \"{{ photo.nom }}\"}}"
)]
#[case(
    "/d",
    "{json: {a: \"{{ (secrets.moi ~ ':' ~ demande.bien)|base64 }}\"}}"
)]
#[case(
    "/d",
    "{multipart: {titre: x, noms: \"{{ fichiers|map(attribute='nom')|join(', ') }}\"}}"
)]
#[case(
    "/d",
    "{multipart: {noms: {pour: photo, dans: fichiers, faire: \"{{ photo.nom }}\"}}}"
)]
#[case(
    "/d",
    "{multipart: {photos: {si: fichiers, alors: {texte: oui}, sinon: non}}}"
)]
#[case(
    "/d",
    "{multipart: {fichier: \"{{ fichiers|length }}\", liste: {json: {fichier: \"{{ fichiers[0].nom }}\"}}}}"
)]
fn a_file_with_only_the_words_sends_no_photo(#[case] path: &str, #[case] body: &str) {
    let before = "{nom: lu, chemin: /envoi/fichier, lire: {base64: /a}}";
    let (connector, faults) = with(path, body, before);
    assert!(!connector.creates_with_photos());
    assert!(!connector.needs_bytes(Operation::Creer));
    assert!(!connector.uploads_for(Operation::Creer));
    assert!(remarks(&faults), "{faults:?}");
}

#[rstest]
#[case("{fichier: {contenu: \"{{ fichiers|first }}\"}}")]
#[case("{multipart: {photo: {fichier: \"{{ fichiers[0] }}\"}}}")]
#[case("{multipart: {photos: {pour: photo, dans: fichiers, faire: {fichier: \"{{ photo }}\"}}}}")]
#[case(
    "{multipart: {a: {pour: photo, dans: \"fichiers if fichiers|length > 1 else []\", faire: {fichier: \"{{ photo }}\"}}}}"
)]
#[case(
    "{multipart: {a: [{texte: x}, {si: fichiers, alors: {fichier: \"{{ fichiers[0] }}\", nom: y}}]}}"
)]
#[case(
    "{multipart: {a: {pour: p, dans: fichiers, faire: \"{{ {'fichier': p, 'nom': p.nom} }}\"}}}"
)]
#[case("{json: {pour: photo, dans: fichiers, faire: \"{{ photo.base64 }}\"}}")]
#[case("{json: {pour: photo, dans: fichiers, faire: \"{{ photo['base64'] }}\"}}")]
#[case("{json: {a: \"{{ fichiers|map(attribute='base64')|list }}\"}}")]
#[case("{json: {a: \"{{ fichiers[0].base64 }}\"}}")]
#[case(
    "{texte: {contenu: \"{% for it in fichiers %}{{ it.base64 }}{% endfor %}\", type: text/plain}}"
)]
#[case("{json: {pour: photo, dans: fichiers, faire: \"{{ photo.envoi.jeton }}\"}}")]
#[case("{json: {a: \"{{ fichiers|map(attribute='envoi.jeton')|list }}\"}}")]
fn a_file_that_sends_the_photos_is_recognized(#[case] body: &str) {
    let (connector, faults) = with("/d", body, "");
    assert!(connector.creates_with_photos());
    let [needs_bytes, uploads] = ["base64", "envoi"].map(|it| body.contains(it));
    assert_eq!(connector.needs_bytes(Operation::Creer), needs_bytes);
    assert_eq!(connector.uploads_for(Operation::Creer), uploads);
    assert!(!remarks(&faults), "{faults:?}");
}

#[rstest]
#[case("{fichier: {contenu: \"{{ fichiers|first }}\"}}")]
#[case("{multipart: {photo: {fichier: \"{{ fichiers|first }}\"}}}")]
fn photos_sent_by_a_call_before_the_creation_count(#[case] body: &str) {
    let before = format!("{{nom: piece, chemin: /uploads, corps: {body}, lire: {{jeton: /t}}}}");
    let (connector, faults) = with("/d", "{json: {piece: \"{{ piece.jeton }}\"}}", &before);
    assert!(connector.creates_with_photos());
    assert!(!remarks(&faults), "{faults:?}");
}

#[test]
fn a_constant_resembling_our_reference_is_not_a_use_of_it() {
    let text = "operations:\n  chercher: {chemin: /reference, parametres: {q: lien_sowell}, uid: /id}\n  creer: {chemin: /reference, corps: {json: {a: lien_sowell, p: \"{{ fichiers|map(attribute='base64')|list }}\"}}, uid: /id}\n";
    let (_, faults) = compile(text);
    assert_eq!(faults.len(), 2, "{faults:?}");
    let known = text
        .replace("q: lien_sowell", "q: '{{ demande.lien_sowell }}'")
        .replace("a: lien_sowell", "a: '{{ demande|tojson }}'");
    assert_eq!(compile(&known).1, []);
}
