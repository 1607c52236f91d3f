//! What admins write in `modeles/`: the demande's context and the e-mails, in minijinja.
//!
//! An e-mail's first line is its subject, `Objet: …`. Subject and body are rendered apart, so
//! that no value can break out of the subject into the body or the headers. A file whose name
//! begins with `_` is a part that others include.

mod bounds;
mod expression;
mod filters;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::error::Error as _;
use std::sync::Arc;

use minijinja::value::Rest;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use crate::domain::ports::FileSet;
use crate::rules::compile;
use crate::rules::diagnostic::{Diagnostic, code, suggestion};
use crate::rules::extent::Extent;
use crate::rules::layout;
use crate::rules::view::{OF_DEMANDE, OF_MAIL, Shown, sample_context};

pub use self::expression::{Scope, Text};

/// The folder of the templates in the folder of rules.
pub const FOLDER: &str = "modeles/";
/// The template of the demande's *contexte*.
pub const CONTEXTE: &str = "modeles/contexte.txt";

/// Instructions of one rendering; a page of text takes a few hundred.
const FUEL: u64 = 50_000;
/// What the template of an e-mail calls the event that causes it.
const EVENEMENT: &str = "evenement";
/// Marks the subject of an e-mail among the templates' names.
const SUBJECT: &str = "#objet";

/// The compiled templates of one version.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// The names that each template reads and how much of each, so that nothing else is made for it.
    read: HashMap<String, Names>,
}

type Names = BTreeMap<Arc<str>, Extent>;

/// Gives the value under a name, at least as far as it is read; `None` for one that is not there.
pub type Values<'a> = dyn Fn(&str, &Extent) -> Option<Shown<'a>> + 'a;

/// The values of an e-mail's context. Its `evenement` holds what stands beside it, too.
pub fn values_of<'c>(context: &'c Value) -> impl Fn(&str, &Extent) -> Option<Shown<'c>> {
    |name, _| {
        let value = context.get(name)?;
        let (EVENEMENT, Value::Object(alone)) = (name, value) else {
            return Some(Shown::Json(value));
        };
        let alone = alone
            .iter()
            .map(|(name, it)| (name.as_str(), Shown::Json(it)));
        let beside = ["signalement", "demande"].map(|name| {
            let found = context.get(name);
            (name, found.map_or(Shown::Nothing, Shown::Json))
        });
        // What stands in it itself comes last, and counts.
        Some(Shown::Entries(beside.into_iter().chain(alone).collect()))
    }
}

/// A value as templates see it.
fn value(shown: Shown<'_>) -> minijinja::Value {
    match shown {
        Shown::Nothing => minijinja::Value::from(()),
        Shown::Text(it) => minijinja::Value::from(it),
        Shown::Flag(it) => minijinja::Value::from(it),
        Shown::Count(it) => minijinja::Value::from(it),
        Shown::Json(it) => minijinja::Value::from(minijinja::value::Serde(it)),
        Shown::Fields(all) => {
            let all = all.into_iter().map(|(name, it)| (name, value(it)));
            let all: BTreeMap<&'static str, minijinja::Value> = all.collect();
            minijinja::Value::from_object(all)
        }
        Shown::Entries(all) => {
            let all = all.into_iter().map(|(name, it)| (name, value(it)));
            minijinja::Value::from(all.collect::<BTreeMap<_, _>>())
        }
    }
}

/// A rendered e-mail, without its addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// On one line.
    pub subject: String,
    /// From the `.txt` file.
    pub text: Option<String>,
    /// From the `.html` file.
    pub html: Option<String>,
}

/// A template failed on this input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{} : {message}", .line.map(|line| format!(", ligne {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// The file in `modeles/`.
    pub file: String,
    /// The line, where it is known.
    pub line: Option<u32>,
    /// The column, from 1, where it is known.
    pub column: Option<u32>,
    /// What went wrong, in French.
    pub message: String,
}

impl TemplateError {
    /// The same as something to mend in the rule files.
    #[must_use]
    pub fn as_diagnostic(&self) -> Diagnostic {
        let (line, column) = (self.line.unwrap_or(0), self.column.unwrap_or(0));
        Diagnostic::at(code::TEMPLATE, &self.file, line, column, &self.message)
    }
}

impl Templates {
    /// Compiles every template and tries each on a sample.
    pub fn compile(files: &FileSet, faults: &mut Vec<Diagnostic>) -> Option<Self> {
        let before = faults.len();
        let mut environment = environment();
        let own = |path: &str| path.starts_with(FOLDER) && layout::is_rule(path);
        for path in files.keys().filter(|path| own(path)) {
            let Some(text) = compile::text(files, path, faults) else {
                continue;
            };
            let text = text.as_str();
            if text.trim().is_empty() {
                // Some editors empty a file before they write it: no demande may go out blank.
                faults.push(Diagnostic::file(
                    code::TEMPLATE,
                    path,
                    "ce fichier est vide",
                ));
                continue;
            }
            if let Some((line, what)) = bounds::exceeded(text) {
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                faults.push(Diagnostic::at(code::TEMPLATE, path, line, 0, what));
                continue;
            }
            add(&mut environment, path, text, faults);
        }
        if !files.contains_key(CONTEXTE) {
            faults.push(Diagnostic::file(
                code::FILE_MISSING,
                CONTEXTE,
                "ce fichier manque",
            ));
        }
        let templates = Self {
            read: read(&environment),
            environment,
        };
        let all_read = faults.len() == before;
        templates.try_on_sample(all_read, faults);
        (faults.len() == before).then_some(templates)
    }

    /// The demande's *contexte*.
    ///
    /// # Errors
    /// When the template uses a value that this input does not have.
    pub fn contexte(&self, values: &Values<'_>) -> Result<String, TemplateError> {
        self.render(CONTEXTE, values)
    }

    /// An e-mail, from `modele.txt`, `modele.html` or both.
    ///
    /// # Errors
    /// When there is no such template, or it uses a value that this input does not have.
    pub fn mail(&self, modele: &str, values: &Values<'_>) -> Result<Rendered, TemplateError> {
        let mut rendered = Rendered {
            subject: String::new(),
            text: None,
            html: None,
        };
        for ending in [".html", ".txt"] {
            let path = format!("{FOLDER}{modele}{ending}");
            let subject = format!("{path}{SUBJECT}");
            if self.environment.get_template(&subject).is_err() {
                continue;
            }
            let body = self.render(&path, values)?;
            let body = Some(body.trim_start_matches(['\r', '\n']).to_owned());
            let words = self.render(&subject, values)?;
            rendered.subject = words.split_whitespace().collect::<Vec<_>>().join(" ");
            if ending == ".txt" {
                rendered.text = body;
            } else {
                rendered.html = body;
            }
        }
        if rendered.text.is_none() && rendered.html.is_none() {
            return Err(TemplateError {
                file: format!("{FOLDER}{modele}.txt"),
                line: None,
                column: None,
                message: "ce modèle n'existe pas".into(),
            });
        }
        Ok(rendered)
    }

    /// Whether each template is written as in the other version.
    #[must_use]
    pub fn are_those_of(&self, other: &Self) -> bool {
        let [mine, theirs] = [self, other].map(|it| {
            let templates = it.environment.templates();
            let texts: BTreeMap<String, String> = templates
                .map(|(name, it)| (name.to_owned(), it.source().to_owned()))
                .collect();
            texts
        });
        mine == theirs
    }

    /// What is wrong with this name of an e-mail, where there is no such template.
    #[must_use]
    pub fn missing(&self, name: &str) -> Option<String> {
        let templates = self.environment.templates();
        let mails: BTreeSet<&str> = templates
            .filter_map(|(it, _)| {
                let name = it.strip_suffix(SUBJECT)?.strip_prefix(FOLDER)?;
                name.strip_suffix(".txt").or(name.strip_suffix(".html"))
            })
            .collect();
        if mails.contains(name) {
            return None;
        }
        let near = suggestion(name, mails);
        Some(format!(
            "il n'y a pas de modèle « {name} » dans {FOLDER} ; {near}"
        ))
    }

    fn render(&self, name: &str, values: &Values<'_>) -> Result<String, TemplateError> {
        let read = self.read.get(name).into_iter().flatten();
        let context: BTreeMap<Arc<str>, minijinja::Value> = read
            .filter_map(|(name, extent)| Some((Arc::clone(name), value(values(name, extent)?))))
            .collect();
        self.environment
            .get_template(name)
            .and_then(|template| template.render(context))
            .map_err(|error| located(name, &error))
    }

    /// Finds what only rendering shows. In an e-mail, an unknown value may be a key that the
    /// script gives, so there only unknown filters, tests and functions count. A template that is
    /// taken in by another is missing for certain only where all were read.
    fn try_on_sample(&self, all_read: bool, faults: &mut Vec<Diagnostic>) {
        let is_unknown = |kind: ErrorKind| {
            matches!(
                kind,
                ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
            )
        };
        let as_written = |name: &str, kind: ErrorKind| match kind {
            ErrorKind::TemplateNotFound => all_read,
            kind => is_unknown(kind) || name == CONTEXTE,
        };
        try_all(&self.environment, as_written, faults);
        // A value may be asked for only where it is known to be there; a filter is never.
        try_all(
            &unbranched(&self.environment),
            |_, kind| is_unknown(kind),
            faults,
        );
    }
}

/// Renders each template with a sample, and tells those errors of it that are faults.
fn try_all(
    environment: &Environment<'static>,
    is_fault: impl Fn(&str, ErrorKind) -> bool,
    faults: &mut Vec<Diagnostic>,
) {
    let of_mail = sample_context();
    let mut of_contexte = of_mail.clone();
    if let Some(values) = of_contexte.as_object_mut() {
        values.retain(|name, _| !OF_DEMANDE.contains(&name.as_str()));
    }
    let names = environment.templates().map(|(name, _)| name);
    for name in names.filter(|name| !is_part(name)) {
        let context = if name == CONTEXTE {
            &of_contexte
        } else {
            &of_mail
        };
        let mut trial = environment.clone();
        for _ in 0..MOST_FAULTS {
            let tried = trial
                .get_template(name)
                .and_then(|it| it.render(minijinja::value::Serde(context)));
            let Err(error) = tried else {
                break;
            };
            let fault = located(name, &error).as_diagnostic();
            // A part that several take in is told of once.
            if is_fault(name, error.kind()) && !faults.contains(&fault) {
                faults.push(fault);
            }
            if !pass_over(&mut trial, &error) {
                break;
            }
        }
    }
}

/// The same templates with every branch taken, one after the other, so that none escapes a trial.
fn unbranched(environment: &Environment<'static>) -> Environment<'static> {
    let mut trial = environment.clone();
    trial.set_undefined_behavior(UndefinedBehavior::Chainable);
    for (name, template) in environment.templates() {
        // Where that makes no template of it, it is tried as it is.
        let _ = trial.add_template_owned(name.to_owned(), take_all(template.source()));
    }
    trial
}

/// Has conditions written out, and what stands between them as well; every sign keeps its place.
fn take_all(source: &str) -> String {
    let mut taken = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, tag)) = rest.split_once("{%") {
        let Some((inside, after)) = tag.split_once("%}") else {
            break;
        };
        taken.push_str(before);
        let word = inside
            .trim_start_matches(['-', '+'])
            .split_whitespace()
            .next();
        match word {
            Some(word @ ("if" | "elif")) => {
                let condition = inside.replacen(word, &" ".repeat(word.len()), 1);
                taken.extend(["{{", &condition, "}}"]);
            }
            Some("else" | "endif") => taken.extend(["{#", inside, "#}"]),
            _ => taken.extend(["{%", inside, "%}"]),
        }
        rest = after;
    }
    taken + rest
}

/// Faults of one template that are told at once.
const MOST_FAULTS: usize = 20;

/// Puts something harmless in the place of what failed, so that what comes after it is tried, too; `false` where there is
/// no telling what would do.
fn pass_over(trial: &mut Environment<'static>, error: &Error) -> bool {
    let Some(name) = words::unknown(error) else {
        return error.kind() == ErrorKind::UndefinedError && blank(trial, error).is_some();
    };
    let name = name.to_owned();
    match error.kind() {
        ErrorKind::UnknownFilter => {
            trial.add_filter(name, |it: minijinja::Value, _: Rest<minijinja::Value>| it);
        }
        ErrorKind::UnknownTest => {
            trial.add_test(name, |_: minijinja::Value, _: Rest<minijinja::Value>| true);
        }
        _ => trial.add_function(name, |_: Rest<minijinja::Value>| ""),
    }
    true
}

/// Puts an empty text of the same length in the place of a value that is not there.
fn blank(trial: &mut Environment<'static>, error: &Error) -> Option<()> {
    let (name, range) = (error.name()?.to_owned(), error.range()?);
    let mut source = error.template_source()?.to_owned();
    let length = source.get(range.clone())?.chars().count().checked_sub(2)?;
    source.replace_range(range, &format!("''{}", " ".repeat(length)));
    trial.add_template_owned(name, source).ok()
}

/// Instructions that take in another template, or give a name a value of its own: what is read then
/// is not told by the text alone.
const CLOUDED: [&str; 8] = [
    "include", "import", "extends", "block", "set", "with", "macro", "filter",
];

/// What each template reads. Of one that takes in others, everything that any reads counts, whole.
fn read(environment: &Environment<'_>) -> HashMap<String, Names> {
    let mut all: BTreeSet<String> = OF_MAIL.map(str::to_owned).into();
    for (_, template) in environment.templates() {
        all.extend(template.undeclared_variables(false));
    }
    let whole = || all.iter().map(|name| (name.as_str().into(), Extent::Whole));
    environment
        .templates()
        .map(|(name, template)| {
            let source = template.source();
            let read = if CLOUDED.iter().any(|word| source.contains(word)) {
                whole().collect()
            } else {
                names(&template.undeclared_variables(true))
            };
            (name.to_owned(), read)
        })
        .collect()
}

/// Names from paths such as `signalement.auteur`.
fn names(paths: &HashSet<String>) -> Names {
    let mut names = Names::new();
    for path in paths {
        let mut path = path.split('.');
        let name = path.next().unwrap_or_default();
        let fields: Vec<&str> = path.collect();
        let extent = names.entry(name.into()).or_insert(Extent::NOTHING);
        extent.add(&fields);
    }
    names
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // What an error is told by: on in debug builds only, by default.
    environment.set_debug(true);
    environment.set_auto_escape_callback(|name| {
        if name.split('.').next_back() == Some("html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    filters::add_dates(&mut environment);
    environment
}

fn add(
    environment: &mut Environment<'static>,
    path: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut parts = vec![(path.to_owned(), text.to_owned())];
    if path != CONTEXTE && !is_part(path) {
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let subject = first
            .trim_start()
            .strip_prefix("Objet")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix(':'));
        let Some(subject) = subject else {
            faults.push(Diagnostic::at(
                code::TEMPLATE,
                path,
                1,
                1,
                "la première ligne d'un e-mail doit être « Objet: … »",
            ));
            return;
        };
        // The empty first line keeps the body's line numbers those of the file.
        parts = vec![
            (path.to_owned(), format!("\n{body}")),
            (format!("{path}{SUBJECT}"), subject.trim().to_owned()),
        ];
    }
    for (name, source) in parts {
        if let Err(error) = environment.add_template_owned(name.clone(), source) {
            faults.push(located(&name, &error).as_diagnostic());
        }
    }
}

fn is_part(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with('_'))
}

fn located(name: &str, error: &Error) -> TemplateError {
    let inner = error.source().and_then(|it| it.downcast_ref::<Error>());
    if let (ErrorKind::BadInclude | ErrorKind::EvalBlock, Some(inner)) = (error.kind(), inner) {
        // It is the other file that is to be mended.
        return located(name, inner);
    }
    let name = error.name().unwrap_or(name);
    // What stands at the fault, in the text of the file.
    let source = error.template_source().zip(error.range());
    let place =
        source.and_then(|(source, range)| Some((source.get(..range.start)?, source.get(range)?)));
    let column = place.map(|(before, _)| {
        before
            .rsplit('\n')
            .next()
            .map_or(0, |it| it.chars().count())
    });
    TemplateError {
        file: name.strip_suffix(SUBJECT).unwrap_or(name).to_owned(),
        line: error.line().and_then(|line| u32::try_from(line).ok()),
        column: column
            // The subject begins somewhere in its line.
            .filter(|_| !name.ends_with(SUBJECT))
            .and_then(|column| u32::try_from(column + 1).ok()),
        message: words::of(error, place.map_or("", |(_, text)| text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn compile(extra: &[(&str, &str)]) -> (Option<Templates>, Vec<Diagnostic>) {
        let mut files: FileSet = FileSet::new();
        files.insert(CONTEXTE.into(), b"{{ signalement.description }}".to_vec());
        for (name, text) in extra {
            files.insert(format!("{FOLDER}{name}"), text.as_bytes().to_vec());
        }
        let mut faults = Vec::new();
        (Templates::compile(&files, &mut faults), faults)
    }

    #[test]
    fn text_is_verbatim_and_html_is_escaped() {
        let text =
            "Objet : {{ signalement.description }}\n\nBonjour {{ signalement.description }}\n";
        let (templates, faults) = compile(&[("m.txt", text), ("m.html", text)]);
        assert_eq!(faults, []);
        let context = json!({"signalement": {"description": "<b>L'été</b>\n& \"🚨\""}});
        let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
        assert_eq!(mail.subject, "<b>L'été</b> & \"🚨\"");
        assert_eq!(mail.text.unwrap(), "Bonjour <b>L'été</b>\n& \"🚨\"");
        assert!(
            mail.html
                .unwrap()
                .starts_with("Bonjour &lt;b&gt;L&#x27;été")
        );
    }

    #[rstest]
    #[case("{% if bien %}{{ demande.uid }}{% endif %}", 1, "demande")]
    #[case("{{ evenement.type }}", 1, "evenement")]
    fn a_contexte_is_written_before_there_is_a_demande(
        #[case] contexte: &str,
        #[case] line: u32,
        #[case] named: &str,
    ) {
        let (templates, faults) = compile(&[("contexte.txt", contexte)]);
        assert!(templates.is_none());
        assert_eq!((faults.len(), faults[0].line), (1, line), "{faults:?}");
        assert!(faults[0].message.contains(named), "{faults:?}");
    }

    #[rstest]
    #[case(
        "{% if priorite == \"x\" %}\n{{ priorite | heures }}{% endif %}",
        2,
        15
    )]
    #[case(
        "{%- if bien -%}{% else %}{{ priorite|majuscules }}{%- endif %}",
        1,
        38
    )]
    #[case("{% if bien %}{% elif priorite|petit %}{% endif %}", 1, 31)]
    #[case(
        "{% if not bien %}{% for it in [1] %}{{ tour(it) }}{% endfor %}{% endif %}",
        1,
        40
    )]
    fn what_no_branch_of_the_sample_takes_is_tried_too(
        #[case] text: &str,
        #[case] line: u32,
        #[case] column: u32,
    ) {
        let mail = format!("Objet: x\n{text}");
        let (_, faults) = compile(&[("contexte.txt", text), ("m.txt", &mail)]);
        let mut places: Vec<_> = faults.iter().map(|it| (it.line, it.column)).collect();
        places.sort_unstable();
        assert_eq!(places, [(line, column), (line + 1, column)], "{faults:?}");
    }

    #[rstest]
    #[case("{% if signalement.gps is defined %}{{ signalement.gps|upper }}{% endif %}")]
    #[case("{% if not bien %}{{ bien.etage.numero|int + 1 }}{% endif %}")]
    #[case("{# {% else %} #}{% raw %}{% if x|y %}{% endif %}{% endraw %}{{ '{% if x|y %}' }}")]
    #[case("{% for it in [] %}a{% else %}b{% endfor %}{% if bien.code %}c{% endif %}")]
    fn what_only_some_signalements_have_may_be_asked_for(#[case] text: &str) {
        let (templates, faults) = compile(&[("contexte.txt", text)]);
        assert!(templates.is_some(), "{faults:?}");
    }

    #[test]
    fn dates_are_french_and_in_paris() {
        let (templates, _) = compile(&[(
            "m.txt",
            "Objet: x\n{{ d|date }}|{{ d|heure }}|{{ d|date_heure }}|{{ d|date_longue }}",
        )]);
        let context = json!({"d": "2026-02-28T23:30:00Z"});
        let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
        assert_eq!(
            mail.text.unwrap(),
            "01/03/2026|00:30|01/03/2026 à 00:30|dimanche 1er mars 2026"
        );
    }

    #[test]
    fn what_is_wrong_is_found_before_it_is_used() {
        let cases = [
            ("m.txt", "Bonjour\n", 1, "Objet"),
            (
                "m.txt",
                "Objet: x\n\n{{ a|majuscule }}\n",
                3,
                "filtre inconnu",
            ),
            ("m.txt", "Objet: x\n{% if a %}\n", 2, "endif"),
            ("m.txt", "Objet: x\n{{ a\n", 2, "refermée"),
            ("m.txt", "Objet: x\n{% endif %}\n", 2, "ne ferme rien"),
            (
                "m.txt",
                "Objet: x\n{{ maintenant() }}\n",
                2,
                "« maintenant »",
            ),
            ("m.txt", "Objet: x\n{% sii a %}\n", 2, "n'existe pas"),
            (
                "contexte.txt",
                "\n{{ signalement.descripton }}",
                2,
                "« signalement.descripton » n'existe pas",
            ),
        ];
        for (name, text, line, words) in cases {
            let (templates, faults) = compile(&[(name, text)]);
            assert!(templates.is_none(), "{text}");
            assert_eq!(faults[0].line, line, "{faults:?}");
            assert!(faults[0].message.contains(words), "{faults:?}");
        }
    }

    #[rstest]
    #[case("{{ a b }}", "il faut ici « }} », et non un nom")]
    #[case("{{ a | }}", "il faut ici un nom, et non « }} »")]
    #[case("{{ (a }}", "il faut ici")]
    #[case("{{ a..b }}", "il faut ici un nom")]
    #[case("{% if %}x{% endif %}", "il y a ici « %} » en trop")]
    #[case("{% for x on a %}{% endfor %}", "il faut ici « in », et non un nom")]
    #[case("{{ 'a }}", "guillemet")]
    #[case("{# a", "commentaire")]
    #[case("{% raw %}", "endraw")]
    #[case("{{ a ? b }}", "signe inattendu « ? »")]
    #[case("{{ “a” }}", "il y a ici un guillemet typographique")]
    #[case("{{ 'a' | default(‘b’) }}", "il y a ici une apostrophe typographique")]
    #[case("{{ a\u{200b} }}", "il y a ici un caractère invisible")]
    #[case("{% set loop = 1 %}", "réservé")]
    #[case("{{ 1_ }}", "nombre")]
    #[case("{{ 'a\\u12' }}", "barre")]
    fn what_does_not_compile_is_told_in_french(#[case] tag: &str, #[case] words: &str) {
        let (_, faults) = compile(&[("m.txt", &format!("Objet: x\n{tag}"))]);
        assert!(!faults.is_empty(), "{tag}");
        assert!(faults[0].message.contains(words), "{tag}: {faults:?}");
    }

    #[rstest]
    #[case("{{ signalement.auteur.upper() }}", "un filtre s'écrit « | upper »")]
    #[case("{{ signalement.auteur() }}", "ne s'écrit pas avec des parenthèses")]
    #[case("{{ signalement.auteur | upper(1) }}", "trop de valeurs")]
    #[case("{{ signalement.auteur | replace('a') }}", "il manque une valeur")]
    #[case("{{ signalement.auteur + 1 }}", "se collent avec « ~ »")]
    #[case("{{ 1 | length }}", "pas de longueur")]
    #[case("{% for x in 1 %}{% endfor %}", "pas une liste")]
    #[case("{{ 'a' | int }}", "pas un nombre")]
    #[case("{{ 'a' in 1 }}", "« in »")]
    #[case("{{ 1 // 0 }}", "pas de résultat")]
    #[case("{{ signalement.auteur | date }}", "date ISO 8601")]
    #[case(
        "{% include '_pied.txt' %}",
        "modèle introuvable « _pied.txt » ; le nom commence par « modeles/ »"
    )]
    #[case("{% set a, b = [1] %}", "autant d'éléments")]
    fn what_fails_is_told_in_french(#[case] text: &str, #[case] words: &str) {
        let (_, faults) = compile(&[("contexte.txt", text)]);
        assert!(!faults.is_empty(), "{text}");
        assert!(faults[0].message.contains(words), "{text}: {faults:?}");
    }

    #[test]
    fn all_unknown_words_of_a_template_are_told_at_once() {
        let text = "{{ signalement.descripton }}\n{{ titre | majuscule }} {{ bien.libele | majuscule }}\n{% if priorite is haute %}{{ maintenant() }}{% endif %}";
        let (_, faults) = compile(&[("contexte.txt", text)]);
        let seen: Vec<(u32, &str)> = faults
            .iter()
            .map(|it| (it.line, it.message.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (1, "« signalement.descripton » n'existe pas"),
                (2, "filtre inconnu « majuscule »"),
                (2, "« titre » n'existe pas"),
                (2, "« bien.libele » n'existe pas"),
                (3, "test inconnu « haute »"),
                (3, "fonction inconnue « maintenant »"),
            ]
        );
    }

    #[test]
    fn a_template_in_another_encoding_is_told_how_to_save_it() {
        let mut files = FileSet::from([(CONTEXTE.to_owned(), b"un\nd\xe9j\xe0\n".to_vec())]);
        files.insert("modeles/_p.txt".to_owned(), "{{ a | x }}".into());
        let mut faults = Vec::new();
        assert!(Templates::compile(&files, &mut faults).is_none());
        assert_eq!(faults[0].line, 2);
        assert!(faults[0].message.contains("enregistrez-le"), "{faults:?}");
    }

    #[test]
    fn a_fault_in_a_part_is_told_of_that_part() {
        let part = ("_pied.txt", "ici\n{{ signalement.auteur | majuscule }}");
        let (_, faults) = compile(&[("contexte.txt", "{% include 'modeles/_pied.txt' %}"), part]);
        assert_eq!(
            (faults[0].file.as_str(), faults[0].line),
            ("modeles/_pied.txt", 2)
        );
    }

    #[test]
    fn what_an_edit_does_with_a_name_does_not_hide_its_value() {
        let text = "Objet: x\n{% set priorite = priorite | upper %}{{ priorite }}, {% with bien = bien %}{{ bien.libelle }}{% endwith %}, {% filter upper %}{{ signalement.auteur }}{% endfilter %}";
        let (templates, faults) = compile(&[("m.txt", text)]);
        assert_eq!(faults, []);
        let context = json!({"priorite": "haute", "bien": {"libelle": "Cave"}, "signalement": {"auteur": "Léa"}});
        let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
        assert_eq!(mail.text.unwrap(), "HAUTE, Cave, LÉA");
    }

    #[test]
    fn a_template_is_given_what_it_reads() {
        let asked = |text: &str, name: &str| {
            let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n{text}"))]);
            assert_eq!(faults, []);
            templates.unwrap().read["modeles/m.txt"].get(name).cloned()
        };
        let mut some = Extent::NOTHING;
        some.add(&["demande", "uid"]);
        some.add(&["type"]);
        let text = "{{ evenement.demande.uid }}{{ evenement.type }}";
        assert_eq!(asked(text, "evenement"), Some(some));
        assert_eq!(asked(text, "demande"), None);
        for whole in [
            "{% if bien %}{{ bien.libelle }}{% endif %}",
            "{{ bien['libelle'] }}",
            "{% for cle in bien %}{{ cle }}{% endfor %}",
            "{{ bien | tojson }}",
            "{% include 'modeles/contexte.txt' %}",
        ] {
            assert_eq!(asked(whole, "bien"), Some(Extent::Whole), "{whole}");
        }
    }

    #[test]
    fn a_missing_template_is_an_error() {
        let (templates, _) = compile(&[]);
        let error = templates.unwrap().mail("absent", &|_, _| None).unwrap_err();
        assert_eq!(error.file, "modeles/absent.txt");
    }
}
