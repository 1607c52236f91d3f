//! Texts with expressions, as in connector files. Each text is evaluated by itself, and one that consists of a single
//! `{{ expression }}` keeps the type of its value.

pub(super) mod absent;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::{Environment, Error, ErrorKind, Expression, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use super::scope::Scope;
use super::{bounds, engine, filters, source};
use crate::rules::finding::Finding;
use crate::rules::template::syntax::tokens::{self, Word};
use crate::rules::template::syntax::unclosed;

/// Characters to encode in a path segment: all except the unreserved ones.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const ABSENT_IN_PATH: &str = "une valeur absente ferait de cette adresse une autre : rien n'est envoyé ; si ce n'est pas une erreur, écrivez ce qui prend sa place : {{ … | default('…') }}";

static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Encodes each value as (a part of) one segment, which none of its characters can end.
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_formatter(|out, _, value| {
        if value.is_undefined() {
            return Err(ErrorKind::UndefinedError.into());
        }
        absent::write_part(out, value, |text| {
            utf8_percent_encode(text, UNRESERVED).to_string()
        })
    });
    environment
});

fn environment() -> Environment<'static> {
    let mut environment = engine::bare();
    filters::add_dates(&mut environment);
    filters::add_for_requests(&mut environment);
    absent::add(&mut environment);
    environment
}

/// Whether there is a filter with this name for texts.
pub(super) fn has_filter(name: &str) -> bool {
    let tried = PLAIN
        .compile_expression_owned(format!("1|{name}"))
        .and_then(|it| it.eval(()));
    !tried.is_err_and(|it| it.kind() == ErrorKind::UnknownFilter)
}

/// Compiles `inner`, the part between the braces of `source`.
fn compile_expression(source: &str, inner: &str) -> Result<TextKind, Finding<usize>> {
    let begins = source.find(inner).unwrap_or_default();
    if let Some(message) = bounds::expression_exceeded(inner) {
        return Err(Finding {
            at: begins,
            message,
        });
    }
    let error = match PLAIN.compile_expression_owned(inner.to_owned()) {
        Ok(compiled) => {
            let words = [tokens::of_expression(inner, 0..inner.len())];
            let run = absent::with_filters(inner, &words);
            let run = run.and_then(|it| PLAIN.compile_expression_owned(it).ok());
            return Ok(TextKind::Expression(Compiled {
                inner: inner.to_owned(),
                compiled: Arc::new(run.unwrap_or(compiled)),
            }));
        }
        Err(error) => error,
    };
    let (at, message) = match unclosed::open_text(inner) {
        Some(slip) => (Some(slip.at), slip.message),
        None => source::cause(&error),
    };
    let at = begins + at.unwrap_or_default();
    Err(Finding { at, message })
}

/// Checks that this is a valid template.
fn check_template(source: &str) -> Result<(), Finding<usize>> {
    if let Some((_, message)) = bounds::exceeded(source) {
        return Err(Finding { at: 0, message });
    }
    let Err(error) = PLAIN.template_from_str(source) else {
        return Ok(());
    };
    let (at, message) = source::cause(&error);
    let at = at.unwrap_or_default();
    Err(Finding { at, message })
}

/// A checked text of a rule file. A single expression is kept compiled. For a text with several, the engine has no
/// compiled form that can be owned here, so it is compiled at each use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    source: String,
    /// What is run instead of the source where it is rendered, if that differs.
    run: Option<String>,
    kind: TextKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TextKind {
    /// Without braces.
    Literal,
    /// One expression.
    Expression(Compiled),
    /// Text with expressions and instructions in it.
    Template,
}

/// A compiled expression, compared by its source text.
#[derive(Clone)]
struct Compiled {
    inner: String,
    compiled: Arc<Expression<'static, 'static>>,
}

impl PartialEq for Compiled {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Compiled {}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Compiled {
    fn eval(&self, scope: &Scope) -> Result<Value, String> {
        self.compiled
            .eval(scope.context())
            .map_err(|it| in_french(&it))
    }
}

/// Why a value cannot be sent as JSON.
fn unwritable(error: &serde_json::Error) -> String {
    // Of the numbers, only those that an expression computes or contains can be so large.
    if error.to_string().contains("number out of range") {
        "ce nombre est trop grand pour JSON : écrivez « {{ (…)|string }} », il part alors comme un texte"
    } else {
        "cette valeur ne s'écrit pas en JSON"
    }
    .to_owned()
}

impl Text {
    /// Compiles a text.
    ///
    /// # Errors
    /// If it is not a valid template.
    pub fn compile(source: &str) -> Result<Self, Finding<usize>> {
        let kind = if !source.contains("{{") && !source.contains("{%") && !source.contains("{#") {
            TextKind::Literal
        } else {
            match single_expression(source) {
                Some(inner) => compile_expression(source, inner)?,
                None => {
                    check_template(source)?;
                    TextKind::Template
                }
            }
        };
        Ok(Self::of_kind(source, kind))
    }

    /// Compiles an expression, with or without `{{` and `}}` around it.
    ///
    /// # Errors
    /// If it is not a valid expression.
    pub fn expression(source: &str) -> Result<Self, Finding<usize>> {
        let inner = single_expression(source).unwrap_or(source);
        Ok(Self::of_kind(source, compile_expression(source, inner)?))
    }

    fn of_kind(source: &str, kind: TextKind) -> Self {
        let mut text = Self {
            source: source.to_owned(),
            run: None,
            kind,
        };
        let run = absent::with_filters(source, &text.tokens());
        text.run = run.filter(|it| PLAIN.template_from_str(it).is_ok());
        text
    }

    /// The source text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The part between its braces, if it is a single expression.
    #[must_use]
    pub fn inner(&self) -> Option<&str> {
        match &self.kind {
            TextKind::Expression(expression) => Some(&expression.inner),
            TextKind::Literal | TextKind::Template => None,
        }
    }

    /// The text itself, if nothing in it is evaluated.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        (self.kind == TextKind::Literal).then_some(self.source.as_str())
    }

    /// Evaluates it; `None` if it is a single expression whose value is undefined, or lacks a part of
    /// [what it identifies](Scope::identifying).
    ///
    /// # Errors
    /// In French, if an expression fails on these values.
    pub fn value(&self, scope: &Scope) -> Result<Option<Json>, String> {
        match &self.kind {
            TextKind::Literal => Ok(Some(Json::String(self.source.clone()))),
            TextKind::Template => self.text(scope).map(|text| Some(Json::String(text))),
            TextKind::Expression(expression) => {
                let value = expression.eval(scope)?;
                let is_absent =
                    || value.is_none() || value.as_str().is_some_and(absent::lacks_part);
                if value.is_undefined() || scope.is_identifying() && is_absent() {
                    return Ok(None);
                }
                serde_json::to_value(&value)
                    .map(Some)
                    .map_err(|error| unwritable(&error))
            }
        }
    }

    /// Whether it is true, in the sense of an `if`.
    ///
    /// # Errors
    /// In French, if an expression fails on these values.
    pub fn holds(&self, scope: &Scope) -> Result<bool, String> {
        let scope = &scope.clone().of_condition();
        match &self.kind {
            TextKind::Expression(expression) => Ok(expression.eval(scope)?.is_true()),
            _ => Ok(!matches!(
                self.text(scope)?.trim(),
                "" | "false" | "none" | "null"
            )),
        }
    }

    /// Evaluates it to a text.
    ///
    /// # Errors
    /// In French, if an expression fails on these values.
    pub fn text(&self, scope: &Scope) -> Result<String, String> {
        self.written(&PLAIN, scope)
    }

    /// Evaluates it to a path: each value is percent-encoded, unless it is marked `|safe`.
    ///
    /// # Errors
    /// In French, if an expression fails on these values, or a value before the `?` is absent.
    pub fn path(&self, scope: &Scope) -> Result<String, String> {
        let path = self.written(&PATH, &scope.clone().identifying())?;
        absent::complete(&path).ok_or_else(|| ABSENT_IN_PATH.to_owned())
    }

    fn written(&self, environment: &Environment<'_>, scope: &Scope) -> Result<String, String> {
        if self.kind == TextKind::Literal {
            return Ok(self.source.clone());
        }
        let run = self.run.as_ref().unwrap_or(&self.source);
        environment
            .render_str(run, scope.context())
            .map_err(|it| in_french(&it))
    }

    /// Its words, grouped by tag.
    pub(super) fn tokens(&self) -> Vec<Vec<Word<'_>>> {
        match &self.kind {
            TextKind::Literal => Vec::new(),
            TextKind::Expression(Compiled { inner, .. }) => {
                let begin = self.source.find(inner.as_str()).unwrap_or_default();
                let place = begin..begin + inner.len();
                vec![tokens::of_expression(&self.source, place)]
            }
            TextKind::Template => tokens::tags(&self.source).collect(),
        }
    }

    /// The names it uses, with the fields it reads from them: `demande`, `demande.bien`.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let names = match &self.kind {
            TextKind::Literal => return BTreeSet::new(),
            TextKind::Expression(expression) => Ok(expression.compiled.undeclared_variables(true)),
            TextKind::Template => PLAIN
                .template_from_str(&self.source)
                .map(|it| it.undeclared_variables(true)),
        };
        names.unwrap_or_default().into_iter().collect()
    }
}

/// The part between the braces, if the text is one pair of braces and nothing else.
fn single_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let several = ["{{", "}}", "{%", "{#"];
    let inner = inner.trim_start_matches('-').trim_end_matches('-').trim();
    (!several.iter().any(|it| inner.contains(it))).then_some(inner)
}

fn in_french(error: &Error) -> String {
    absent::as_written(&source::cause(error).1)
}

#[cfg(test)]
mod tests;
