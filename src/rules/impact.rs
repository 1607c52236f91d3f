//! What an edit of the rules would change, measured on past inputs: each is decided with the old and the new rules, and
//! every difference is counted.

mod mails;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use strum::IntoStaticStr;

use crate::domain::demande::NewDemande;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::coverage::generalise;
use crate::rules::decide::{self, Decision, Occasion, StatutDecision, Undecided};
use crate::rules::foresee::{self, Asked};
use crate::rules::trace::Trace;

use mails::Mails;

/// How many of the changed inputs are named for each difference.
const EXAMPLES: usize = 3;
/// How many inputs a core processes at a time.
const CHUNK: usize = 100;

/// An aspect in which decisions can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Aspect {
    /// Whether it becomes a demande.
    #[strum(serialize = "transmis")]
    Sort,
    /// *Gestionnaire concerné*.
    GestionnaireConcerne,
    /// *Acteur en charge*.
    ActeurEnCharge,
    /// The CRM's procedure.
    Workflow,
    /// The CRM's word for the priority.
    Priorite,
    /// The demande's first status.
    #[strum(serialize = "statut")]
    StatutInitial,
    /// The demande's channel.
    Canal,
    /// The demande's *contexte*.
    Contexte,
    /// SoWell's status.
    StatutSowell,
    /// Which e-mails are sent.
    Accuses,
    /// An e-mail that could be written before but no longer can.
    CourrielPerdu,
    /// An e-mail that could not be written before but now can.
    CourrielRetrouve,
    /// The addressee of an e-mail.
    Destinataire,
    /// The text of an e-mail.
    Courriel,
}

impl Aspect {
    /// The name in output for programs; the same as in `attendu` of a case, if it exists there.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The predicate after "12 sur 540", in French.
    #[must_use]
    pub fn verb(self, count: u64) -> &'static str {
        let (one, several) = match self {
            Self::Sort => ("aurait un autre sort", "auraient un autre sort"),
            Self::GestionnaireConcerne => (
                "irait à un autre gestionnaire",
                "iraient à un autre gestionnaire",
            ),
            Self::ActeurEnCharge => (
                "aurait un autre acteur en charge",
                "auraient un autre acteur en charge",
            ),
            Self::Workflow => ("aurait un autre workflow", "auraient un autre workflow"),
            Self::Priorite => ("aurait une autre priorité", "auraient une autre priorité"),
            Self::StatutInitial => (
                "aurait un autre statut initial",
                "auraient un autre statut initial",
            ),
            Self::Canal => ("aurait un autre canal", "auraient un autre canal"),
            Self::Contexte => (
                "aurait un contexte écrit autrement",
                "auraient un contexte écrit autrement",
            ),
            Self::StatutSowell => (
                "serait transmis autrement à SoWell",
                "seraient transmis autrement à SoWell",
            ),
            Self::Accuses => (
                "ferait partir d'autres e-mails",
                "feraient partir d'autres e-mails",
            ),
            Self::CourrielPerdu => (
                "aurait un e-mail qui ne pourrait plus être écrit",
                "auraient un e-mail qui ne pourrait plus être écrit",
            ),
            Self::CourrielRetrouve => (
                "aurait un e-mail qui ne peut pas être écrit aujourd'hui, et pourrait l'être",
                "auraient un e-mail qui ne peut pas être écrit aujourd'hui, et pourrait l'être",
            ),
            Self::Destinataire => (
                "ferait partir un e-mail à une autre adresse",
                "feraient partir un e-mail à une autre adresse",
            ),
            Self::Courriel => (
                "ferait partir un e-mail écrit autrement",
                "feraient partir un e-mail écrit autrement",
            ),
        };
        if count < 2 { one } else { several }
    }
}

/// One difference between two decisions about the same input. Long or personal texts, such as e-mails, are not
/// repeated: `from` and `to` are then empty. If an e-mail cannot be written, one of them is the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The aspect in which they differ.
    pub aspect: Aspect,
    /// The value with the old rules.
    pub from: String,
    /// The value with the new rules.
    pub to: String,
}

/// All changes among inputs of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// How many inputs were decided with both.
    pub examined: u64,
    /// How many of them change.
    pub changed: u64,
    /// By aspect: how many inputs change, and the differences with their counts and examples.
    pub aspects: BTreeMap<Aspect, AspectImpact>,
}

/// The changes in one aspect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AspectImpact {
    /// How many inputs change.
    pub count: u64,
    /// How many inputs share each difference.
    pub changes: BTreeMap<Difference, Count>,
}

/// How many inputs share a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// The number of inputs.
    pub count: u64,
    /// The first few of them, by UID or identity.
    pub examples: Vec<String>,
}

impl Impact {
    /// Counts one input and its changes.
    pub fn add(&mut self, name: &str, changes: Vec<Difference>) {
        self.examined += 1;
        self.changed += u64::from(!changes.is_empty());
        let aspects: BTreeSet<Aspect> = changes.iter().map(|it| it.aspect).collect();
        for aspect in aspects {
            self.aspects.entry(aspect).or_default().count += 1;
        }
        for change in changes {
            let aspect = self.aspects.entry(change.aspect).or_default();
            let counted = aspect.changes.entry(change).or_default();
            counted.count += 1;
            if counted.examples.len() < EXAMPLES {
                counted.examples.push(name.to_owned());
            }
        }
    }

    /// Adds the result of later inputs.
    #[must_use]
    pub fn join(mut self, later: Self) -> Self {
        self.examined += later.examined;
        self.changed += later.changed;
        for (aspect, theirs) in later.aspects {
            let mine = self.aspects.entry(aspect).or_default();
            mine.count += theirs.count;
            for (change, counted) in theirs.changes {
                let mine = mine.changes.entry(change).or_default();
                mine.count += counted.count;
                let missing = EXAMPLES.saturating_sub(mine.examples.len());
                mine.examples
                    .extend(counted.examples.into_iter().take(missing));
            }
        }
        self
    }
}

/// Computes the changes of every input, on all cores; an input for which `ask` returns `None` is left out.
#[must_use]
pub fn tally<T: Sync>(
    inputs: &[T],
    ask: impl Fn(&T) -> Option<(&str, Vec<Difference>)> + Sync,
) -> Impact {
    let count = |mut impact: Impact, input| {
        if let Some((name, changes)) = ask(input) {
            impact.add(name, changes);
        }
        impact
    };
    let parts = inputs.par_chunks(CHUNK);
    parts
        .map(|some| some.iter().fold(Impact::default(), count))
        .reduce(Impact::default, Impact::join)
}

/// The rules before and after an edit.
#[derive(Clone)]
pub struct Edit {
    before: Arc<Generation>,
    after: Arc<Generation>,
    same_templates: bool,
}

impl Edit {
    /// An edit from one generation to the next.
    #[must_use]
    pub fn new(before: Arc<Generation>, after: Arc<Generation>) -> Self {
        let [one, other] = [&before, &after].map(|it| &it.rules.templates);
        Self {
            same_templates: one.are_those_of(other),
            before,
            after,
        }
    }

    /// The changes of a signalement.
    #[must_use]
    pub fn signalement(&self, signalement: &Signalement) -> Vec<Difference> {
        let asked = self.both(|rules| foresee::ask(rules, signalement, &mut Trace::unread()));
        let mut changes = Vec::new();
        match asked.each_ref().map(|asked| &asked.decision) {
            [
                Ok(Decision::Transmettre(one)),
                Ok(Decision::Transmettre(other)),
            ] => {
                changes = changes_of_demande(one, other);
            }
            decisions => {
                let [from, to] = decisions.map(|decision| match decision {
                    Ok(Decision::Transmettre(_)) => "transmis".to_owned(),
                    Ok(Decision::Ecarter { .. }) => "non transmis".to_owned(),
                    Err(Undecided::UnknownCodes(_)) => "refusé (code inconnu)".to_owned(),
                    Err(error) => {
                        let reason = generalise(error.to_string(), signalement);
                        format!("échec : {reason}")
                    }
                });
                push_if_different(&mut changes, Aspect::Sort, from, to);
            }
        }
        let uid = foresee::uid();
        let occasion = |decision| Occasion::of_signalement(decision, &uid);
        changes.extend(self.mails(signalement, &asked, occasion));
        changes
    }

    /// The changes of a status event of this demande.
    #[must_use]
    pub fn statut(
        &self,
        event: &StatutEvent,
        signalement: &Signalement,
        demande: &NewDemande,
    ) -> Vec<Difference> {
        let then = decide::after(event, demande);
        let asked =
            self.both(|rules| foresee::ask_of_statut(rules, event, signalement, demande, &then));
        let mut changes = Vec::new();
        let [from, to] = asked.each_ref().map(|asked| match &asked.decision {
            StatutDecision::Translate { statut_sowell } => statut_sowell.clone(),
            StatutDecision::Ignore { .. } => "rien (ignoré)".to_owned(),
            StatutDecision::Unknown(_) => "rien (inconnu des règles)".to_owned(),
        });
        push_if_different(&mut changes, Aspect::StatutSowell, from, to);
        let occasion = |decision| Occasion::of_statut(event, decision, &then);
        changes.extend(self.mails(signalement, &asked, occasion));
        changes
    }

    /// The changes of the e-mails of one event.
    fn mails<'a, D>(
        &'a self,
        about: &'a Signalement,
        [before, after]: &'a [Asked<D>; 2],
        occasion: impl Fn(&'a D) -> Option<Occasion<'a>>,
    ) -> BTreeSet<Difference> {
        let [before, after] = [(&self.before, before), (&self.after, after)]
            .map(|(rules, asked)| Mails::new(rules, about, occasion(&asked.decision), asked));
        mails::changes(&before, &after, about, self.same_templates)
    }

    fn both<T>(&self, ask: impl Fn(&Generation) -> T) -> [T; 2] {
        [ask(&self.before), ask(&self.after)]
    }
}

fn push_if_different(
    changes: &mut Vec<Difference>,
    aspect: Aspect,
    from: impl Into<String>,
    to: impl Into<String>,
) {
    let (from, to) = (from.into(), to.into());
    if from != to {
        changes.push(Difference { aspect, from, to });
    }
}

fn changes_of_demande(before: &NewDemande, after: &NewDemande) -> Vec<Difference> {
    let mut changes = Vec::new();
    let mut compare = |aspect, of: fn(&NewDemande) -> &str| {
        push_if_different(&mut changes, aspect, of(before), of(after));
    };
    compare(Aspect::GestionnaireConcerne, |it| {
        &it.gestionnaire_concerne.identifiant
    });
    compare(Aspect::ActeurEnCharge, |it| {
        &it.acteur_en_charge.identifiant
    });
    compare(Aspect::Workflow, |it| &it.workflow);
    compare(Aspect::Priorite, |it| &it.priorite);
    compare(Aspect::StatutInitial, |it| &it.statut);
    compare(Aspect::Canal, |it| &it.canal);
    compare(Aspect::StatutSowell, |it| {
        it.statut_sowell.as_deref().unwrap_or("rien")
    });
    if before.contexte != after.contexte {
        changes.push(without_values(Aspect::Contexte));
    }
    changes
}

/// A difference whose values are long or personal, or are not known.
fn without_values(aspect: Aspect) -> Difference {
    Difference {
        aspect,
        from: String::new(),
        to: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_examples_do_not_depend_on_which_core_was_first() {
        let inputs: Vec<String> = (0..10 * CHUNK + 7).map(|it| format!("S-{it}")).collect();
        let change = |to: &str| Difference {
            aspect: Aspect::Workflow,
            from: "W".into(),
            to: to.into(),
        };
        // One in five cannot be read; of the others, every third goes to A and every second to B.
        let ask = |name: &String| {
            let number: usize = name[2..].parse().ok()?;
            let changes = match number {
                it if it % 5 == 0 => return None,
                it if it % 3 == 0 => vec![change("A")],
                it if it % 2 == 0 => vec![change("B")],
                _ => Vec::new(),
            };
            Some((name.clone(), changes))
        };
        let asked: Vec<(String, Vec<Difference>)> = inputs.iter().filter_map(ask).collect();
        let mut expected = Impact::default();
        for (name, changes) in &asked {
            expected.add(name, changes.clone());
        }
        for _ in 0..20 {
            let found = tally(&asked, |(name, changes)| Some((name, changes.clone())));
            assert_eq!(found, expected);
        }
        let found = &expected.aspects[&Aspect::Workflow].changes;
        assert_eq!(found[&change("A")].examples, ["S-3", "S-6", "S-9"]);
        assert_eq!(found[&change("B")].examples, ["S-2", "S-4", "S-8"]);
        assert_eq!(expected.examined, 805);
    }
}
