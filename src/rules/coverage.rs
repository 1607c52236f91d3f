//! Every combination that can come, decided: where the rules fail, before a tenant meets it.
//!
//! Signalements: every qualification × residence × priority × forwarding flag, without a bien and
//! with one. Statuses: every CRM status × known value of `selon`. What fails is a *hole*; what
//! works by a fallback, or never reaches the CRM, is a *remark*. Both are grouped as a person would
//! mend them: one entry for one cause, with the codes that it touches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::domain::demande::NewDemande;
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{Generation, QUALIFICATIONS, STATUTS, TRANSMISSION, Target};
use crate::rules::decide::{Decision, StatutDecision, Undecided};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee;
use crate::rules::referentiel::GESTIONNAIRES;
use crate::rules::trace::{Place, Trace};

/// How many codes of a group are named in a sentence.
const NAMED: usize = 20;
/// The two forwarding flags, `(transmettre_auteur, transmettre_manager)`. All at once first: what
/// is forwarded at all, is forwarded then.
const FLAGS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many decisions were made.
    pub decisions: u64,
    /// What fails for some combination.
    pub holes: Vec<Gap>,
    /// What works, and is worth a look.
    pub remarks: Vec<Gap>,
}

/// One cause and everything that it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where to mend it.
    pub place: Place,
    /// The cause, with `…` in place of the codes that change from one combination to the next.
    pub cause: String,
    /// How many combinations it touches.
    pub combinations: u64,
    /// Codes, each list sorted; empty where the dimension has no part in it.
    pub residences: Vec<String>,
    /// Codes of qualifications.
    pub qualifications: Vec<String>,
    /// CRM statuses.
    pub statuts: Vec<String>,
    /// What must hold besides, in French, such as `priorité high`; empty where nothing must.
    pub conditions: Vec<String>,
    /// How many residences and qualifications there are in all.
    totals: (usize, usize),
}

impl Gap {
    /// The cause and its reach, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (residences, qualifications) = self.totals;
        let some_residences = (1..residences).contains(&self.residences.len());
        let some_qualifications = (1..qualifications).contains(&self.qualifications.len());
        let (reach, codes) = if !self.statuts.is_empty() {
            (counted(self.statuts.len(), "statut"), &self.statuts)
        } else if some_residences {
            let some = counted(self.residences.len(), "résidence");
            (format!("{some} sur {residences}"), &self.residences)
        } else if some_qualifications {
            let some = counted(self.qualifications.len(), "qualification");
            (format!("{some} sur {qualifications}"), &self.qualifications)
        } else {
            ("partout".to_owned(), &Vec::new())
        };
        let mut sentence = format!("{reach} : {}", self.cause);
        if !codes.is_empty() {
            sentence.push_str(" : ");
            sentence.push_str(&names(codes));
        }
        if some_residences && some_qualifications {
            sentence.push_str(" ; qualifications ");
            sentence.push_str(&names(&self.qualifications));
        }
        if !self.conditions.is_empty() {
            sentence.push_str(" (seulement ");
            sentence.push_str(&self.conditions.join(", "));
            sentence.push(')');
        }
        sentence
    }

    /// The same as a remark on the rule file, for the outcome of a reload.
    #[must_use]
    pub fn as_warning(&self) -> Diagnostic {
        let Place { file, line } = &self.place;
        Diagnostic::at(code::HOLE, file.as_ref(), *line, 0, self.sentence()).as_warning()
    }

    /// Whether it is an earlier gap again, touching nothing that the earlier one did not.
    fn is_within(&self, other: &Self) -> bool {
        let all = |some: &[String], of: &[String]| some.iter().all(|it| of.contains(it));
        self.place.file == other.place.file
            && self.cause == other.cause
            && all(&self.residences, &other.residences)
            && all(&self.qualifications, &other.qualifications)
            && all(&self.statuts, &other.statuts)
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count > 1 { "s" } else { "" };
    format!("{count} {noun}{plural}")
}

fn names(codes: &[String]) -> String {
    let shown = codes.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match codes.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        1 => format!("{} et 1 autre", shown.join(", ")),
        more => format!("{} et {more} autres", shown.join(", ")),
    }
}

impl Coverage {
    /// The holes that an earlier coverage did not have.
    #[must_use]
    pub fn added_since(&self, earlier: &Self) -> Vec<&Gap> {
        let known = |hole: &Gap| earlier.holes.iter().any(|it| hole.is_within(it));
        self.holes.iter().filter(|hole| !known(hole)).collect()
    }
}

/// How many of the combinations are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    All,
    /// Every residence with one qualification of each kind, every qualification with one residence of
    /// each kind, and the rest for one residence: what a large landlord can afford at each edit.
    Kinds,
}

/// What rules can tell residences apart by, but for their names: the types of which they have a
/// manager, and what is left blank.
type Kind<'g> = (Vec<(&'g str, [bool; 3])>, [bool; 2]);

fn kind(it: &Residence) -> Kind<'_> {
    let managers = it.gestionnaires.iter().map(|(kind, who)| {
        let blank = [&who.identifiant, &who.nom, &who.email].map(String::is_empty);
        (kind, blank)
    });
    let blank = [&it.nom, &it.adresse].map(String::is_empty);
    (managers.collect(), blank)
}

/// Every combination of one generation.
pub struct Combinations<'g> {
    generation: &'g Generation,
    residences: Vec<&'g Residence>,
    qualifications: Vec<&'g str>,
    /// The first qualification that asks for each type of manager.
    one_of_each_kind: Vec<&'g str>,
    priorites: Vec<&'g str>,
    /// The first bien of each residence that has one.
    biens: HashMap<&'g str, &'g str>,
}

impl<'g> Combinations<'g> {
    /// Lists what there is.
    #[must_use]
    pub fn of(generation: &'g Generation) -> Self {
        let rules = &generation.rules;
        let mut residences: Vec<&Residence> = generation.referentiel.residences().collect();
        residences.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        let mut qualifications: Vec<&str> =
            rules.qualifications.keys().map(String::as_str).collect();
        qualifications.sort_unstable();
        let mut types = HashSet::new();
        let asks = |code: &&&str| types.insert(&rules.qualifications[**code].type_gestionnaire);
        let one_of_each_kind = qualifications.iter().filter(asks).copied().collect();
        let mut biens: HashMap<&str, &str> = HashMap::new();
        for bien in generation.referentiel.biens() {
            let first = biens.entry(bien.residence).or_insert(bien.code);
            *first = (*first).min(bien.code);
        }
        Self {
            generation,
            residences,
            qualifications,
            one_of_each_kind,
            priorites: rules.priorites.keys().map(String::as_str).collect(),
            biens,
        }
    }

    /// How many decisions about signalements there are to make.
    #[must_use]
    pub fn count(&self) -> u64 {
        let with_bien = |it: &&&Residence| self.biens.contains_key(it.code.as_str());
        let places = self.residences.len() + self.residences.iter().filter(with_bien).count();
        let each = self.qualifications.len() * self.priorites.len() * FLAGS.len();
        (places * each) as u64
    }

    /// Decides them all, on every core; `tick` is told of each handful of decisions.
    pub fn decide(&self, tick: &(dyn Fn(u64) + Sync)) -> Coverage {
        let found = self
            .residences
            .par_iter()
            .map(|residence| {
                let found = self.residence(residence, &self.qualifications, Reach::All);
                tick(found.decisions);
                found
            })
            .reduce(Found::default, Found::join);
        self.report(found)
    }

    /// Decides them on this thread alone, beside a daemon's traffic, for as long as `go_on` says;
    /// `None` when it ended that.
    pub fn decide_aside(&self, reach: Reach, go_on: impl Fn() -> bool) -> Option<Coverage> {
        let mut found = Found::default();
        let mut first = true;
        let mut kinds = HashSet::new();
        for residence in &self.residences {
            if !go_on() {
                return None;
            }
            found = found.join(if first || reach == Reach::All {
                self.residence(residence, &self.qualifications, Reach::All)
            } else if kinds.insert(kind(residence)) {
                self.residence(residence, &self.qualifications, reach)
            } else {
                self.residence(residence, &self.one_of_each_kind, reach)
            });
            first = false;
        }
        Some(self.report(found))
    }

    fn residence(&self, residence: &Residence, qualifications: &[&str], reach: Reach) -> Found {
        let mut found = Found::default();
        let mut signalement = Signalement {
            residence: residence.code.clone(),
            ..foresee::harmless(self.generation)
        };
        let own = self.biens.get(residence.code.as_str());
        let whole = reach == Reach::All;
        let few = |all: usize| if whole { all } else { 1 };
        for qualification in qualifications {
            (*qualification).clone_into(&mut signalement.qualification);
            for bien in [None].into_iter().chain(own.filter(|_| whole).map(Some)) {
                signalement.bien = bien.map(|code| (*code).to_owned());
                for (flags, (auteur, manager)) in (0..).zip(FLAGS).take(few(FLAGS.len())) {
                    signalement.transmettre_auteur = auteur;
                    signalement.transmettre_manager = manager;
                    let priorites = self.priorites.iter().take(few(self.priorites.len()));
                    for (priorite, word) in (0..).zip(priorites) {
                        (*word).clone_into(&mut signalement.priorite);
                        let at = whole.then_some((flags, priorite));
                        self.decide_one(&signalement, at, &mut found);
                    }
                }
            }
        }
        found
    }

    fn decide_one(&self, signalement: &Signalement, at: Option<(u8, u8)>, found: &mut Found) {
        let foreseen = foresee::signalement(self.generation, signalement, &mut Trace::unread());
        found.decisions += 1;
        let touched = |group: &mut Group| group.touch(signalement, at);
        match &foreseen.decision {
            Err(error) => touched(found.hole(error, signalement)),
            Ok(Decision::Ecarter { .. }) => {}
            Ok(Decision::Transmettre(demande)) => {
                found.forwarded.insert(signalement.qualification.clone());
                let rules = &self.generation.rules;
                let asked = &rules.qualifications[&signalement.qualification].type_gestionnaire;
                let got = &demande.gestionnaire_concerne.r#type;
                if got != asked {
                    let cause = format!("pas de gestionnaire « {asked} », « {got} » à la place");
                    touched(found.remark(GESTIONNAIRES, cause));
                }
                if found.example.is_none() {
                    let demande = NewDemande::clone(demande);
                    found.example = Some(Box::new((signalement.clone(), demande)));
                }
            }
        }
        for error in foreseen.unwritten() {
            touched(found.hole(&error, signalement));
        }
    }

    /// Statuses do not depend on the residence: one demande stands for all.
    fn statuts(&self, signalement: &Signalement, demande: &NewDemande, found: &mut Found) {
        for (statut, correspondance) in &self.generation.rules.statuts.table {
            let values: Vec<Option<(&str, &str)>> = match &correspondance.target {
                Target::Fixed(_) => vec![None],
                Target::Selon { field, values } => values
                    .keys()
                    .map(|value| Some((field.as_str(), value.as_str())))
                    .collect(),
            };
            for value in values {
                let of = |name: &str| {
                    let given = value.filter(|(field, _)| *field == name);
                    given.map(|(_, value)| value.to_owned())
                };
                let event = StatutEvent {
                    uid: foresee::uid(),
                    statut: statut.clone(),
                    date: None,
                    resultat: of("resultat"),
                    commentaire: of("commentaire"),
                    canal: of("canal"),
                    evenement: None,
                };
                let foreseen = foresee::statut(self.generation, &event, signalement, demande);
                found.decisions += 1;
                if let StatutDecision::Unknown(faults) = &foreseen.decision {
                    for fault in faults {
                        let key = (
                            STATUTS.to_owned(),
                            correspondance.line,
                            fault.detail.clone(),
                        );
                        found.holes.entry(key).or_default().touch_statut(statut);
                    }
                }
                for error in foreseen.unwritten() {
                    found.hole(&error, signalement).touch_statut(statut);
                }
            }
        }
    }

    fn report(&self, mut found: Found) -> Coverage {
        if let Some(example) = found.example.take() {
            let (signalement, demande) = *example;
            self.statuts(&signalement, &demande, &mut found);
        }
        let gaps = |groups: Groups| {
            let gaps = groups.into_iter().map(|(key, group)| self.gap(key, group));
            let mut gaps: Vec<Gap> = gaps.collect();
            gaps.sort_by_key(|gap| std::cmp::Reverse(gap.combinations));
            gaps
        };
        let mut remarks = gaps(found.remarks);
        let never: Vec<String> = self
            .qualifications
            .iter()
            .filter(|code| !found.forwarded.contains(**code))
            .map(|code| (*code).to_owned())
            .collect();
        // A qualification whose every decision fails is a hole already.
        let failing: BTreeSet<&String> = found
            .holes
            .values()
            .flat_map(|it| &it.qualifications)
            .collect();
        let never: Vec<String> = never
            .into_iter()
            .filter(|it| !failing.contains(it))
            .collect();
        if !never.is_empty() && !self.residences.is_empty() {
            remarks.push(Gap {
                place: Place::line(TRANSMISSION, 0),
                cause: "jamais transmises au CRM".into(),
                combinations: never.len() as u64,
                residences: Vec::new(),
                qualifications: never,
                statuts: Vec::new(),
                conditions: Vec::new(),
                totals: self.totals(),
            });
        }
        Coverage {
            decisions: found.decisions,
            holes: gaps(found.holes),
            remarks,
        }
    }

    fn totals(&self) -> (usize, usize) {
        (self.residences.len(), self.qualifications.len())
    }

    fn gap(&self, (file, line, cause): GroupKey, group: Group) -> Gap {
        let mut conditions = Vec::new();
        if !group.flags.is_empty() {
            let all = self.priorites.len();
            if group.priorites.len() < all {
                let words = group
                    .priorites
                    .iter()
                    .filter_map(|at| self.priorites.get(usize::from(*at)));
                let words: Vec<&str> = words.copied().collect();
                conditions.push(format!("priorité {}", words.join(" ou ")));
            }
            match (group.with_bien, group.without_bien) {
                (true, false) => conditions.push("avec un bien".into()),
                (false, true) if group.could_have_bien(&self.biens) => {
                    conditions.push("sans bien".into());
                }
                _ => {}
            }
            conditions.extend(flag_condition(&group.flags, "transmettre_auteur", |it| {
                it.0
            }));
            conditions.extend(flag_condition(&group.flags, "transmettre_manager", |it| {
                it.1
            }));
        }
        Gap {
            place: Place::line(file, line),
            cause,
            combinations: group.combinations,
            residences: group.residences.into_iter().collect(),
            qualifications: group.qualifications.into_iter().collect(),
            statuts: group.statuts.into_iter().collect(),
            conditions,
            totals: self.totals(),
        }
    }
}

/// `transmettre_auteur: true`, where every combination of the group has the same.
fn flag_condition(seen: &BTreeSet<u8>, name: &str, of: fn((bool, bool)) -> bool) -> Option<String> {
    let mut values = seen.iter().map(|at| of(FLAGS[usize::from(*at)]));
    let first = values.next()?;
    values
        .all(|it| it == first)
        .then(|| format!("{name} {first}"))
}

type GroupKey = (String, u32, String);
type Groups = BTreeMap<GroupKey, Group>;

/// What some of the combinations came to.
#[derive(Default)]
struct Found {
    decisions: u64,
    holes: Groups,
    remarks: Groups,
    forwarded: BTreeSet<String>,
    /// A signalement that was forwarded, and its demande.
    example: Option<Box<(Signalement, NewDemande)>>,
}

impl Found {
    fn hole(&mut self, error: &Undecided, signalement: &Signalement) -> &mut Group {
        let (file, line, message) = match error {
            Undecided::Script(it) => (it.file.to_owned(), it.line, it.message.clone()),
            Undecided::Template(it) => (it.file.clone(), it.line, it.message.clone()),
            Undecided::UnknownCodes(_) => (QUALIFICATIONS.to_owned(), None, error.to_string()),
        };
        let key = (file, line.unwrap_or(0), generalise(message, signalement));
        self.holes.entry(key).or_default()
    }

    fn remark(&mut self, file: &str, cause: String) -> &mut Group {
        self.remarks.entry((file.to_owned(), 0, cause)).or_default()
    }

    fn join(mut self, other: Self) -> Self {
        self.decisions += other.decisions;
        self.forwarded.extend(other.forwarded);
        // Of two examples the first in the alphabet, whichever core was faster.
        self.example = self.example.or(other.example);
        for (mine, theirs) in [
            (&mut self.holes, other.holes),
            (&mut self.remarks, other.remarks),
        ] {
            for (key, group) in theirs {
                mine.entry(key).or_default().join(group);
            }
        }
        self
    }
}

/// The combinations of one cause.
#[derive(Default)]
struct Group {
    combinations: u64,
    residences: BTreeSet<String>,
    qualifications: BTreeSet<String>,
    statuts: BTreeSet<String>,
    priorites: BTreeSet<u8>,
    flags: BTreeSet<u8>,
    with_bien: bool,
    without_bien: bool,
}

impl Group {
    /// `at` says which flags and which priority, where all of them are tried.
    fn touch(&mut self, signalement: &Signalement, at: Option<(u8, u8)>) {
        self.combinations += 1;
        if !self.residences.contains(&signalement.residence) {
            self.residences.insert(signalement.residence.clone());
        }
        if !self.qualifications.contains(&signalement.qualification) {
            self.qualifications
                .insert(signalement.qualification.clone());
        }
        if let Some((flags, priorite)) = at {
            self.flags.insert(flags);
            self.priorites.insert(priorite);
            self.with_bien |= signalement.bien.is_some();
            self.without_bien |= signalement.bien.is_none();
        }
    }

    fn touch_statut(&mut self, statut: &str) {
        self.combinations += 1;
        self.statuts.insert(statut.to_owned());
    }

    fn could_have_bien(&self, biens: &HashMap<&str, &str>) -> bool {
        self.residences
            .iter()
            .any(|it| biens.contains_key(it.as_str()))
    }

    fn join(&mut self, other: Self) {
        self.combinations += other.combinations;
        self.residences.extend(other.residences);
        self.qualifications.extend(other.qualifications);
        self.statuts.extend(other.statuts);
        self.priorites.extend(other.priorites);
        self.flags.extend(other.flags);
        self.with_bien |= other.with_bien;
        self.without_bien |= other.without_bien;
    }
}

/// Takes the codes of one combination out of a message, so that the same cause reads the same
/// whichever residence it meets.
pub(super) fn generalise(message: String, signalement: &Signalement) -> String {
    let codes = [
        signalement.bien.as_deref().unwrap_or_default(),
        &signalement.residence,
        &signalement.qualification,
    ];
    codes
        .into_iter()
        .fold(message, |message, code| without_word(&message, code))
}

fn without_word(text: &str, word: &str) -> String {
    if word.is_empty() || !text.contains(word) {
        return text.to_owned();
    }
    let mut general = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let end = at + word.len();
        let inside = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let part_of_another = inside(
            rest[..at]
                .chars()
                .next_back()
                .or(general.chars().next_back()),
        ) || inside(rest[end..].chars().next());
        general.push_str(&rest[..at]);
        general.push_str(if part_of_another { word } else { "…" });
        rest = &rest[end..];
    }
    general.push_str(rest);
    general
}
