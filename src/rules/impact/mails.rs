//! What an edit changes about the e-mails of one event: which are sent, to whom, and their text.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Aspect, Difference, push_if_different, without_values};
use crate::domain::signalement::Signalement;
use crate::rules::compile::Generation;
use crate::rules::coverage::generalise;
use crate::rules::decide::{MailContext, Occasion, Undecided};
use crate::rules::foresee::{self, Asked};
use crate::rules::script::{AccuseMessage, ScriptError};
use crate::rules::template::Rendered;

/// Replaces the address of the person who reported the problem: it is personal, and different each time.
const AUTHOR: &str = "l'auteur du signalement";

/// The e-mails of an event that one version of the rules asks for.
pub(super) struct Mails<'a> {
    generation: &'a Generation,
    context: Option<MailContext<'a>>,
    messages: &'a [AccuseMessage],
    unasked: Option<&'a ScriptError>,
}

impl<'a> Mails<'a> {
    pub(super) fn new<D>(
        generation: &'a Generation,
        about: &'a Signalement,
        occasion: Option<Occasion<'a>>,
        asked: &'a Asked<D>,
    ) -> Self {
        Self {
            generation,
            context: occasion.map(|it| MailContext::new(generation, about, it)),
            messages: &asked.messages,
            unasked: asked.unasked.as_ref(),
        }
    }

    /// Renders an e-mail; `None` if there is no occasion for e-mails.
    fn write(&self, message: &AccuseMessage) -> Option<Result<Rendered, Undecided>> {
        let context = self.context.as_ref()?;
        Some(foresee::write(self.generation, context, message))
    }

    fn fault(&self, message: &AccuseMessage) -> Option<Undecided> {
        self.write(message)?.err()
    }

    /// Whether every template would see the same values in both contexts.
    fn shows_the_same_as(&self, other: &Self) -> bool {
        let contexts = self.context.as_ref().zip(other.context.as_ref());
        contexts.is_some_and(|(one, other)| one.shows_the_same_as(other))
    }
}

/// The e-mails of two versions: those that both ask for, and those of only one.
struct Paired<'m> {
    both: Vec<[&'m AccuseMessage; 2]>,
    alone: [Vec<&'m AccuseMessage>; 2],
}

impl<'m> Paired<'m> {
    /// Pairs them by template; if several have the same one, identical e-mails first, then those to the same address.
    fn new(before: &'m [AccuseMessage], after: &'m [AccuseMessage]) -> Self {
        let mut ours: Vec<_> = before.iter().collect();
        let mut theirs: Vec<_> = after.iter().collect();
        let mut both = Vec::new();
        let alike: [fn(&AccuseMessage, &AccuseMessage) -> bool; 3] = [
            |one, other| one == other,
            |one, other| one.modele == other.modele && one.a == other.a,
            |one, other| one.modele == other.modele,
        ];
        for alike in alike {
            ours.retain(|one| {
                let is_same = |it: &&AccuseMessage| alike(one, it);
                let found = theirs.iter().position(is_same);
                both.extend(found.map(|at| [*one, theirs.remove(at)]));
                found.is_none()
            });
        }
        let alone = [ours, theirs];
        Self { both, alone }
    }
}

/// The changes of the e-mails, each difference once. Identical templates with identical values produce identical
/// e-mails, so most need not be rendered.
pub(super) fn changes(
    before: &Mails<'_>,
    after: &Mails<'_>,
    about: &Signalement,
    same_templates: bool,
) -> BTreeSet<Difference> {
    let mut changes = Vec::new();
    let pairs = Paired::new(before.messages, after.messages);
    compare_templates(before, after, &pairs, about, &mut changes);
    match (before.unasked, after.unasked) {
        (None, Some(error)) if !before.messages.is_empty() => changes.push(lost(error, about)),
        (Some(error), None) if !after.messages.is_empty() => changes.push(regained(error, about)),
        _ => {}
    }
    let same_values = same_templates && before.shows_the_same_as(after);
    for [one, other] in pairs.both {
        if !(same_values && one == other) {
            let rendered = [before.write(one), after.write(other)];
            compare_pair([one, other], rendered, about, &mut changes);
        }
    }
    changes.into_iter().collect()
}

/// Compares which templates are sent. An e-mail that cannot be written is not sent, so it does not count.
fn compare_templates(
    before: &Mails<'_>,
    after: &Mails<'_>,
    pairs: &Paired<'_>,
    about: &Signalement,
    changes: &mut Vec<Difference>,
) {
    let [ours, theirs] = &pairs.alone;
    let ours = ours.iter().filter(|mail| before.fault(mail).is_none());
    let from: Vec<&str> = ours.map(|mail| mail.modele.as_str()).collect();
    let mut to: Vec<&str> = Vec::new();
    for mail in theirs {
        match after.fault(mail) {
            Some(error) => changes.push(lost(&error, about)),
            None => to.push(&mail.modele),
        }
    }
    if from.is_empty() && to.is_empty() {
        return;
    }
    let common = pairs.both.iter().map(|[mail, _]| mail.modele.as_str());
    let [from, to] = [from, to].map(|own| {
        let mut names: Vec<&str> = common.clone().chain(own).collect();
        names.sort_unstable();
        match names.as_slice() {
            [] => "aucun".to_owned(),
            names => names.join(", "),
        }
    });
    push_if_different(changes, Aspect::Accuses, from, to);
}

/// Compares an e-mail that both versions ask for.
fn compare_pair(
    mails: [&AccuseMessage; 2],
    rendered: [Option<Result<Rendered, Undecided>>; 2],
    about: &Signalement,
    changes: &mut Vec<Difference>,
) {
    match rendered {
        [Some(Ok(ours)), Some(Ok(theirs))] => {
            let addressee = |mail: &AccuseMessage| {
                if mail
                    .a
                    .trim()
                    .eq_ignore_ascii_case(about.email_auteur.trim())
                {
                    AUTHOR.to_owned()
                } else {
                    mail.a.clone()
                }
            };
            let [from, to] = mails.map(addressee);
            push_if_different(changes, Aspect::Destinataire, from, to);
            if ours != theirs {
                changes.push(without_values(Aspect::Courriel));
            }
        }
        [Some(Ok(_)), Some(Err(error))] => changes.push(lost(&error, about)),
        [Some(Err(error)), Some(Ok(_))] => changes.push(regained(&error, about)),
        _ => {}
    }
}

/// An e-mail that is no longer sent, because of an error.
fn lost(error: &dyn Display, about: &Signalement) -> Difference {
    Difference {
        to: generalise(error.to_string(), about),
        ..without_values(Aspect::CourrielPerdu)
    }
}

/// An e-mail that is sent again, since an error is gone.
fn regained(error: &dyn Display, about: &Signalement) -> Difference {
    Difference {
        from: generalise(error.to_string(), about),
        ..without_values(Aspect::CourrielRetrouve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn message(modele: &str, a: &str) -> AccuseMessage {
        AccuseMessage {
            a: a.into(),
            modele: modele.into(),
            values: Map::new(),
        }
    }

    #[test]
    fn common_emails_are_separated_from_new_ones() {
        let before = [message("m", "a"), message("m", "b"), message("n", "a")];
        let after = [message("o", "a"), message("m", "c"), message("m", "a")];
        let Paired { both, alone } = Paired::new(&before, &after);
        assert_eq!(both, [[&before[0], &after[2]], [&before[1], &after[1]]]);
        assert_eq!(alone, [vec![&before[2]], vec![&after[0]]]);
    }

    #[test]
    fn an_email_with_a_new_address_does_not_take_the_place_of_a_different_one() {
        let of_role = |a: &str, role: &str| AccuseMessage {
            values: Map::from_iter([("role".into(), role.into())]),
            ..message("m", a)
        };
        let before = [of_role("a", "gestionnaire"), of_role("a", "acteur")];
        let after = [of_role("b", "gestionnaire"), of_role("a", "acteur")];
        let Paired { both, .. } = Paired::new(&before, &after);
        assert_eq!(both, [[&before[1], &after[1]], [&before[0], &after[0]]]);
    }
}
