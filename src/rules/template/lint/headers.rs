//! Lines of an e-mail's body that were meant as headers: only the first line is one.

use crate::rules::finding::Finding;
use crate::rules::template::FOLDER;

/// Headers for a copy.
const COPIES: [&str; 6] = ["cc", "cci", "bcc", "copie", "copie à", "copie cachée"];
/// Those for a copy that the reader is not told about.
const HIDDEN_COPIES: [&str; 3] = ["cci", "bcc", "copie cachée"];
/// Headers for the addressee.
const ADDRESSEES: [&str; 5] = ["à", "a", "to", "destinataire", "destinataires"];
/// Headers for the sender.
const SENDERS: [&str; 4] = ["de", "from", "expéditeur", "reply-to"];
/// The subject header, allowed only on the first line, in French and English.
const SUBJECTS: [&str; 2] = ["objet", "subject"];

/// Every such line in the text of a file. A letter may repeat its subject or name its readers, so only lines at the
/// beginning of the body count.
pub(super) fn headers(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut below_blank = false;
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        if line.trim().is_empty() {
            below_blank = true;
            continue;
        }
        let Some((header, value)) = header(line) else {
            break;
        };
        let message = meant(path, &header, value, below_blank);
        found.extend(message.map(|it| Finding::new((number, 1), it)));
    }
    found.extend(pasted_twice(text));
    found
}

/// The name of a header in small letters, and what follows it.
fn header(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim().to_lowercase();
    let known = [&COPIES[..], &ADDRESSEES[..], &SENDERS[..], &SUBJECTS[..]];
    let is_known = known.iter().any(|all| all.contains(&name.as_str()));
    is_known.then_some((name, value.trim()))
}

/// What is wrong with a header in the body; `None` if the line may be part of the text.
fn meant(path: &str, header: &str, value: &str, below_blank: bool) -> Option<String> {
    let name = path.strip_prefix(FOLDER).unwrap_or(path);
    let modele = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let address = address(value);
    let shown = address.filter(|it| !it.contains('{'));
    let shown = shown.map_or_else(|| "…".to_owned(), |it| format!("\"{it}\""));
    let is = |known: &[&str]| known.contains(&header);
    // A letter may say who else receives it.
    if below_blank && !is(&HIDDEN_COPIES) {
        return None;
    }
    if is(&COPIES) && address.is_some() {
        return Some(format!(
            "cette ligne part dans le texte, et personne ne reçoit de copie : effacez-la, et ajoutez à la liste de accuses.rhai un message #{{ a: {shown}, modele: \"{modele}\" }} de plus"
        ));
    }
    if is(&ADDRESSEES) && address.is_some() {
        return Some(format!(
            "cette ligne part dans le texte, et ne choisit pas le destinataire : effacez-la, et écrivez l'adresse dans accuses.rhai, #{{ a: {shown}, modele: \"{modele}\" }}"
        ));
    }
    if is(&SENDERS) && address.is_some_and(|it| !it.contains('{')) {
        return Some(
            "cette ligne part dans le texte, et ne choisit pas l'expéditeur, réglé une fois pour tous les e-mails : effacez-la"
                .to_owned(),
        );
    }
    is(&SUBJECTS).then(|| {
        "cette ligne part dans le texte : l'objet est la première ligne du modèle, et il n'y en a qu'un ; gardez une seule des deux"
            .to_owned()
    })
}

/// The address, if the value is one or begins with one, or the value of a name that holds one.
fn address(value: &str) -> Option<&str> {
    if let Some(inside) = value.strip_prefix("{{") {
        let (name, rest) = inside.split_once("}}")?;
        return (name.contains("email") && rest.trim().is_empty()).then_some(value);
    }
    let mut words = value.split([' ', ',', ';', '<', '>']);
    words.find(|it| it.contains('@') && !it.contains(['/', '{']))
}

/// The second subject of a template that was pasted twice. A letter may repeat its subject, but then not its beginning.
fn pasted_twice(text: &str) -> Option<Finding> {
    let is_subject = |line: &str| header(line).is_some_and(|(it, _)| it == SUBJECTS[0]);
    let mut lines = (1..).zip(text.lines().map(str::trim)).skip(1);
    let mut filled = lines.by_ref().filter(|(_, it)| !it.is_empty());
    let (_, begins) = filled.next().filter(|(_, it)| !is_subject(it))?;
    let (number, _) = filled.find(|(_, it)| is_subject(it))?;
    let (_, again) = filled.next()?;
    (again == begins).then(|| {
        Finding::new(
            (number, 1),
            "ce modèle semble collé deux fois : cette ligne part dans le texte, avec ce qui la suit ; gardez un seul exemplaire",
        )
    })
}
