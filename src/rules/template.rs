//! The templates that admins write in `modeles/`, in minijinja: the demande's context and the e-mails.
//!
//! An e-mail's first line is its subject, `Objet: …`. Subject and body are rendered separately, so that no value can
//! break out of the subject into the body or the headers. A file whose name begins with `_` is a part that others
//! include. `syntax` explains what the engine refuses; `validate` and `lint` add the checks that it does not make.

mod advice;
mod analysis;
mod bounds;
mod engine;
mod expression;
mod filters;
mod lint;
mod mails;
mod scope;
mod source;
mod syntax;
mod unknown;
mod validate;
mod words;
mod writing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use minijinja::{AutoEscape, Environment};
use serde_json::Value;

use crate::domain::ports::FileSet;
use crate::rules::compared::Compared;
use crate::rules::diagnostic::{Diagnostic, any_error, code};
use crate::rules::extent::Extent;
use crate::rules::finding::Finding;
use crate::rules::layout;
use crate::rules::meter;
use crate::rules::place::Located;
use crate::rules::source::text;
use crate::rules::view::{OF_MAIL, Shown};

use self::analysis::parts::Parts;
pub use self::analysis::unasked::Printed;
pub use self::analysis::written::OfTemplates;
pub use self::expression::Text;
pub use self::mails::MailNames;
pub use self::scope::Scope;
use self::syntax::{tags, unclosed};

/// The folder of the templates in the folder of rules.
pub const FOLDER: &str = "modeles/";
/// The template of the demande's *contexte*.
pub const CONTEXTE: &str = "modeles/contexte.txt";

/// Name of the triggering event in e-mail templates.
const EVENEMENT: &str = "evenement";
/// Suffix of the template name of an e-mail's subject.
const SUBJECT: &str = "#objet";

/// The compiled templates of one version.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// The names each template reads, and how much of each, so that nothing else is built for it.
    read: HashMap<String, Names>,
    mails: MailNames,
}

type Names = BTreeMap<Arc<str>, Extent>;

/// Returns the value of a name, at least the part that is read; `None` if there is no such name.
pub type Values<'a> = dyn Fn(&str, &Extent) -> Option<Shown<'a>> + 'a;

/// The values of an e-mail's context. `evenement` also contains the `signalement` and the `demande` next to it.
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
        // The event's own entries come last, and so take precedence.
        Some(Shown::Entries(beside.into_iter().chain(alone).collect()))
    }
}

/// Converts a value for a template.
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

impl Rendered {
    /// The error if these values leave the subject empty.
    #[must_use]
    pub fn without_subject(&self, modele: &str) -> Option<TemplateError> {
        let ending = if self.text.is_some() { "txt" } else { "html" };
        self.subject.is_empty().then(|| TemplateError {
            file: format!("{FOLDER}{modele}.{ending}"),
            line: Some(1),
            column: None,
            message: "l'objet de cet e-mail est vide".into(),
            advised: None,
            unknown: None,
        })
    }
}

/// A template's failure on one input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{} : {message}", .line.map(|line| format!(", ligne {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// The file in `modeles/`.
    pub file: String,
    /// The line, from 1, if it is known.
    pub line: Option<u32>,
    /// The column, from 1, if it is known.
    pub column: Option<u32>,
    /// What went wrong, in French.
    pub message: String,
    /// The message with what to write instead, for people who can edit the template.
    pub advised: Option<String>,
    /// The missing value, if that is what went wrong.
    pub unknown: Option<String>,
}

impl TemplateError {
    /// The error as a diagnostic of the rule files.
    #[must_use]
    pub fn as_diagnostic(&self) -> Diagnostic {
        let (line, column) = (self.line.unwrap_or(0), self.column.unwrap_or(0));
        let message = self.advised.as_ref().unwrap_or(&self.message);
        Diagnostic::at(code::TEMPLATE, &self.file, line, column, message)
    }
}

impl Templates {
    /// Compiles every template and tries each on a sample.
    pub fn compile(files: &FileSet, faults: &mut Vec<Diagnostic>) -> Option<Self> {
        let before = faults.len();
        let mut environment = environment();
        let own = |path: &str| path.starts_with(FOLDER) && layout::is_rule(path);
        let renamed = source::renamed_contexte(files);
        let read_now = |path: &str| own(path) && renamed != Some(path);
        for path in files.keys().filter(|path| read_now(path)) {
            let Some(text) = text(files, path, faults) else {
                continue;
            };
            let text = text.as_str();
            if text.trim().is_empty() {
                // Some editors empty a file before they write it: no demande may be sent blank.
                faults.push(Diagnostic::file(
                    code::TEMPLATE,
                    path,
                    "ce fichier est vide",
                ));
                continue;
            }
            if let Some((line, what)) = bounds::exceeded(text) {
                // An unclosed tag has as many words as the rest of the text.
                let open = unclosed::never_closed(text);
                let found = open.map(|it| it.within(text));
                let found = found.unwrap_or_else(|| Finding::new((line, 0), what));
                faults.push(found.into_fault(code::TEMPLATE, path));
                continue;
            }
            source::add(&mut environment, path, text, faults);
        }
        if !files.contains_key(CONTEXTE) {
            let message = match renamed {
                Some(renamed) => format!("ce fichier manque : renommez {renamed} en {CONTEXTE}"),
                None => "ce fichier manque".to_owned(),
            };
            faults.push(Diagnostic::file(code::FILE_MISSING, CONTEXTE, message));
        }
        let templates = Self {
            read: read(&environment),
            mails: MailNames::of(files),
            environment,
        };
        let all_read = !any_error(&faults[before..]);
        validate::samples::on_sample(&templates.environment, all_read, faults);
        lint::look(&Parts::of(&templates.environment), faults);
        (!any_error(&faults[before..])).then_some(templates)
    }

    /// The demande's *contexte*.
    ///
    /// # Errors
    /// If the template uses a value that this input does not have.
    pub fn contexte(&self, values: &Values<'_>) -> Result<String, TemplateError> {
        self.render(CONTEXTE, values)
    }

    /// An e-mail, from `modele.txt`, `modele.html` or both.
    ///
    /// # Errors
    /// If there is no such template, or it uses a value that this input does not have.
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
                advised: None,
                unknown: None,
            });
        }
        Ok(rendered)
    }

    /// Whether all templates have the same text as in the other version.
    #[must_use]
    pub fn are_those_of(&self, other: &Self) -> bool {
        let [mine, theirs] = [self, other].map(|version| {
            let templates = version.environment.templates();
            let texts: BTreeMap<String, String> = templates
                .map(|(name, template)| (name.to_owned(), template.source().to_owned()))
                .collect();
            texts
        });
        mine == theirs
    }

    /// What is wrong with the name of an e-mail, if there is no such template.
    #[must_use]
    pub fn missing(&self, name: &str) -> Option<String> {
        self.mails.missing(name)
    }

    /// The strings that templates compare with their input.
    #[must_use]
    pub fn compared(&self) -> Vec<Compared> {
        analysis::compared::compared(&self.environment)
    }

    /// The literals and names in the template of the *contexte*, in those of e-mails, and in the parts that they
    /// include, as far as they may decide anything; a tag that only prints a value does not.
    #[must_use]
    pub fn written(&self) -> OfTemplates {
        analysis::written::in_templates(&self.environment)
    }

    /// The manager types that templates name as literals, each with the file.
    #[must_use]
    pub fn named_managers(&self) -> Vec<(String, Located)> {
        analysis::managers::managers(&self.environment)
    }

    /// All failures of an e-mail on one sample, not only the first.
    #[must_use]
    pub fn faults_of_mail(&self, modele: &str, sample: &Value) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for ending in [".txt", ".html"] {
            let path = format!("{FOLDER}{modele}{ending}");
            for name in [format!("{path}{SUBJECT}"), path] {
                if self.environment.get_template(&name).is_ok() {
                    validate::samples::try_one(&self.environment, &name, sample, |_, it| {
                        faults.push(it);
                    });
                }
            }
        }
        faults
    }

    /// Where an e-mail prints one of these values without testing for it first.
    #[must_use]
    pub fn unasked(&self, modele: &str, absent: &[&'static str]) -> Vec<Printed> {
        let mut found = Vec::new();
        for ending in [".txt", ".html"] {
            let path = format!("{FOLDER}{modele}{ending}");
            for name in [format!("{path}{SUBJECT}"), path.clone()] {
                let Ok(template) = self.environment.get_template(&name) else {
                    continue;
                };
                found.extend(analysis::unasked::printed(&path, template.source(), absent));
            }
        }
        found
    }

    /// Whether this e-mail, or any e-mail if `modele` is `None`, reads a value with this name.
    #[must_use]
    pub fn reads(&self, modele: Option<&str>, value: &str) -> bool {
        let of_mail = |path: &str| {
            let name = path.strip_prefix(FOLDER);
            let rest = modele.and_then(|modele| name?.strip_prefix(modele));
            modele.is_none() || rest.is_some_and(|it| it.starts_with('.'))
        };
        let mut read = self.read.iter().filter(|(path, _)| of_mail(path));
        read.any(|(_, names)| names.iter().any(|(it, _)| **it == *value))
    }

    fn render(&self, name: &str, values: &Values<'_>) -> Result<String, TemplateError> {
        let read = self.read.get(name).into_iter().flatten();
        let context: BTreeMap<Arc<str>, minijinja::Value> = read
            .filter_map(|(name, extent)| Some((Arc::clone(name), value(values(name, extent)?))))
            .collect();
        self.environment
            .get_template(name)
            .and_then(|template| {
                if meter::is_on() {
                    engine::metered(&template, context)
                } else {
                    template.render(context)
                }
            })
            .map_err(|error| source::located(name, &error))
    }
}

/// Instructions that include another template or assign to a name, so that the text alone does not show what is read.
/// For `x[:5]` and the argument of `autoescape`, the engine does not report what is read.
const CLOUDED: [&str; 10] = [
    "include",
    "import",
    "extends",
    "block",
    "set",
    "with",
    "macro",
    "filter",
    "autoescape",
    "[",
];

/// What each template reads. One that includes others counts as reading everything that any template reads, in full.
fn read(environment: &Environment<'_>) -> HashMap<String, Names> {
    let mut all: BTreeSet<String> = OF_MAIL.map(str::to_owned).into();
    for (_, template) in environment.templates() {
        all.extend(template.undeclared_variables(false));
        if template.source().contains('[') {
            all.extend(tags::names(template.source()).map(str::to_owned));
        }
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
    let mut environment = engine::bare();
    environment.set_auto_escape_callback(|name| {
        if name.split('.').next_back() == Some("html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    filters::add_dates(&mut environment);
    writing::add(&mut environment);
    environment
}

#[cfg(test)]
mod tests;
