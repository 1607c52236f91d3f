//! Reads a script's result, or reports why it is invalid.

use std::ops::Deref;

use rhai::{Dynamic, EvalAltResult, Map};

use super::values::from_script;
use super::{
    A, ACTEUR_EN_CHARGE, AccuseMessage, Affectation, GESTIONNAIRE_CONCERNE, MAX_MESSAGES, MODELE,
    Remark, Script, ScriptError, clamp, wanted, words,
};
use crate::domain::referentiel::Gestionnaire;
use crate::rules::view::GESTIONNAIRE;

/// The current call, for error messages.
pub(super) struct Call {
    pub(super) file: &'static str,
    pub(super) function: &'static str,
    pub(super) line: Option<u32>,
}

/// Whether the failure may be due to the type of a value.
fn is_of_kind(error: &EvalAltResult) -> bool {
    matches!(
        error,
        EvalAltResult::ErrorFunctionNotFound(..)
            | EvalAltResult::ErrorMismatchDataType(..)
            | EvalAltResult::ErrorMismatchOutputType(..)
            | EvalAltResult::ErrorIndexingType(..)
            | EvalAltResult::ErrorDotExpr(..)
            | EvalAltResult::ErrorFor(..)
            | EvalAltResult::ErrorArithmetic(..)
    )
}

impl Call {
    pub(super) fn error(&self, message: String) -> ScriptError {
        ScriptError {
            file: self.file,
            function: self.function,
            line: self.line,
            message,
            misshapen: true,
            unfit: false,
            at_limit: false,
        }
    }

    fn shape(&self, wanted: &str) -> ScriptError {
        self.error(wanted::result(wanted))
    }

    /// The error of a failed call. The engine does not report which loop it was in, but there is no doubt with a single
    /// loop and nothing else that may reach a limit.
    pub(super) fn failed<const N: usize>(
        &self,
        error: &EvalAltResult,
        script: &Script<N>,
    ) -> ScriptError {
        let Script {
            loops,
            absent,
            computed_keys,
            ..
        } = script;
        let inner = error.unwrap_inner();
        let known = inner.position().line().or(error.position().line());
        let endless = matches!(
            inner,
            EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorTerminated(..)
        );
        let grows = matches!(inner, EvalAltResult::ErrorDataTooLarge(..)) && known.is_none();
        let here = |it: &&Remark| it.at == inner.position();
        let (line, message) = match loops.lines.as_slice() {
            [line] if grows && !loops.others_grow => {
                let message = words::of_failure(inner);
                let message = format!("{message} ; si cette boucle ne finit pas, sortez-en par « break; »");
                (Some(*line), message)
            }
            [line] if endless && !loops.others_take_long => (
                Some(*line),
                "trop d'opérations : cette boucle ne finit pas, ou trop tard ; mettez-y une condition avec « break; », ou parcourez une liste plus courte".to_owned(),
            ),
            [_, _, ..] if endless && !loops.others_take_long => {
                (None, words::endless(self.function, &loops.lines))
            }
            _ => {
                let told = absent.iter().find(here).map(|it| it.message.clone());
                let is_key = computed_keys.contains(&inner.position());
                let message = told.unwrap_or_else(|| match inner {
                    EvalAltResult::ErrorPropertyNotFound(key, _) if is_key => words::no_key(key),
                    _ => words::of_failure(inner),
                });
                (known.map(clamp), message)
            }
        };
        ScriptError {
            file: self.file,
            function: self.function,
            line: line.or(self.line),
            message,
            misshapen: false,
            unfit: is_of_kind(inner),
            at_limit: endless || matches!(inner, EvalAltResult::ErrorDataTooLarge(..)),
        }
    }

    /// Reads the two managers from `affecter`'s result.
    pub(super) fn affectation(&self, answer: Dynamic) -> Result<Affectation, ScriptError> {
        let mut answer = answer
            .try_cast::<Map>()
            .ok_or_else(|| self.shape(wanted::MANAGERS))?;
        let keys = [GESTIONNAIRE_CONCERNE, ACTEUR_EN_CHARGE];
        for key in keys {
            if !answer.contains_key(key) {
                let given = answer.keys().map(Deref::deref);
                let others = given.filter(|it| !keys.contains(it));
                return Err(self.error(words::missing(key, "au résultat", others)));
            }
        }
        let affectation = Affectation {
            gestionnaire_concerne: self.gestionnaire(&mut answer, GESTIONNAIRE_CONCERNE)?,
            acteur_en_charge: self.gestionnaire(&mut answer, ACTEUR_EN_CHARGE)?,
        };
        match answer.keys().next() {
            Some(extra) => Err(self.error(wanted::unknown_key(extra))),
            None => Ok(affectation),
        }
    }

    fn gestionnaire(&self, answer: &mut Map, key: &str) -> Result<Gestionnaire, ScriptError> {
        let who = answer.remove(key).unwrap_or_default();
        let got = wanted::instead_of_manager(&who);
        let who = who
            .try_cast::<Map>()
            .filter(|it| GESTIONNAIRE.iter().any(|field| it.contains_key(*field)))
            .ok_or_else(|| self.error(format!("{}, {got}", wanted::manager(key))))?;
        let mut found = [const { None }; 4];
        for (field, value) in who {
            if let Some(at) = GESTIONNAIRE.iter().position(|it| *it == field) {
                found[at] = value.into_string().ok();
            }
        }
        let mut text = |at: usize| {
            let what = || wanted::field(key, GESTIONNAIRE[at]);
            let found = found[at].take();
            found.ok_or_else(|| self.error(wanted::text(&what())))
        };
        // Indexes follow the order of `GESTIONNAIRE`.
        Ok(Gestionnaire {
            r#type: text(0)?,
            identifiant: text(1)?,
            nom: text(2)?,
            email: text(3)?,
        })
    }

    /// Reads the e-mails from `accuses`'s result, with the error of the first invalid one; the valid ones are kept.
    ///
    /// # Errors
    /// If the result is not a list, or is too long.
    pub(super) fn messages(
        &self,
        answer: Dynamic,
    ) -> Result<(Vec<AccuseMessage>, Option<ScriptError>), ScriptError> {
        let got = wanted::instead_of_messages(&answer);
        let list = answer.into_array().map_err(|_| {
            self.shape(&format!(
                "{}, vide s'il n'y en a pas, {got}",
                wanted::MESSAGES
            ))
        })?;
        if list.len() > MAX_MESSAGES {
            return Err(self.error(wanted::too_many()));
        }
        let mut messages = Vec::with_capacity(list.len());
        let mut first_fault = None;
        for it in list {
            match self.message(it) {
                Ok(message) => messages.push(message),
                Err(error) => first_fault = first_fault.or(Some(error)),
            }
        }
        Ok((messages, first_fault))
    }

    fn message(&self, message: Dynamic) -> Result<AccuseMessage, ScriptError> {
        let mut map = message
            .try_cast::<Map>()
            .ok_or_else(|| self.shape(wanted::MESSAGES))?;
        let mut text = |field: &str| {
            let Some(value) = map.remove(field) else {
                let given = map.keys().map(Deref::deref);
                return Err(self.error(words::missing(field, "à un message", given)));
            };
            if !value.is_string() {
                let wanted = wanted::text(&wanted::of_message(field));
                let got = wanted::instead_of_text(&value);
                return Err(self.error(format!("{wanted}, {got}")));
            }
            let text = value.into_string().unwrap_or_default();
            // A missing address is a gap in the data, not a fault of the script; see `addressee`.
            if text.trim().is_empty() && field != A {
                return Err(self.error(wanted::empty(&wanted::of_message(field))));
            }
            Ok(text)
        };
        let (a, modele) = (text(A)?, text(MODELE)?);
        let values = map
            .into_iter()
            .map(|(key, value)| (key.to_string(), from_script(value)))
            .collect();
        Ok(AccuseMessage { a, modele, values })
    }
}
