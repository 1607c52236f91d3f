//! The engine's errors in French, worded for people who are not programmers.

use rhai::{EvalAltResult, LexError, ParseErrorType};

use crate::rules::diagnostic::{counted, nearest};
use crate::rules::pasted;

/// Why a script does not compile.
pub(super) fn of_syntax(error: &ParseErrorType) -> String {
    let part = of_switch(error).map(str::to_owned);
    if let Some(told) = part.or_else(|| of_definition(error)) {
        return told;
    }
    match error {
        ParseErrorType::UnexpectedEOF => {
            "le script s'arrête trop tôt : une accolade ou une parenthèse n'est pas refermée".into()
        }
        ParseErrorType::BadInput(error) => of_writing(error),
        ParseErrorType::UnknownOperator(it) => match it.as_str() {
            "?" => "« ? » : écrivez « if condition { … } else { … } »".into(),
            "++" => "« ++ » : écrivez « += 1 »".into(),
            _ => format!("signe inconnu « {it} »"),
        },
        ParseErrorType::MissingToken(token, _) => format!("il manque « {token} »"),
        ParseErrorType::MissingSymbol(_) => "il manque un signe".into(),
        ParseErrorType::MalformedIndexExpr(_) => {
            "ce qui est entre crochets « [ ] » n'est pas correct".into()
        }
        ParseErrorType::DuplicatedProperty(it) => format!("la clé « {it} » est donnée deux fois"),
        ParseErrorType::DuplicatedVariable(it) | ParseErrorType::VariableExists(it) => {
            format!("la variable « {it} » existe déjà")
        }
        ParseErrorType::PropertyExpected => "un nom de champ est attendu après le point".into(),
        ParseErrorType::VariableExpected => "un nom de variable est attendu ici".into(),
        ParseErrorType::ForbiddenVariable(it) | ParseErrorType::Reserved(it) => {
            format!("« {it} » est interdit ici")
        }
        ParseErrorType::MismatchedType(wanted, got) => mismatch(wanted, got),
        ParseErrorType::ExprExpected(_) => "une valeur est attendue ici".into(),
        ParseErrorType::AssignmentToConstant(it) => {
            format!("« {it} » est une constante : sa valeur ne change pas")
        }
        ParseErrorType::AssignmentToInvalidLHS(_) => {
            "ce qui est à gauche de « = » ne peut pas recevoir de valeur (pour comparer : « == »)"
                .into()
        }
        ParseErrorType::VariableUndefined(it) => format!("variable inconnue : « {it} »"),
        ParseErrorType::ExprTooDeep => "trop de parenthèses ou d'accolades imbriquées".into(),
        ParseErrorType::TooManyFunctions => "trop de fonctions dans ce script".into(),
        ParseErrorType::LiteralTooLarge(..) => "texte ou liste trop long".into(),
        ParseErrorType::LoopBreak => {
            "« break » et « continue » ne vont qu'à l'intérieur d'une boucle".into()
        }
        ParseErrorType::MalformedCapture(_) => "« Fn » demande le nom d'une fonction".into(),
        ParseErrorType::WrongDocComment => {
            "« /// » ne va que devant une fonction : ailleurs, un commentaire commence par « // »"
                .into()
        }
        ParseErrorType::WrongExport => "« export » est interdit ici".into(),
        ParseErrorType::ModuleUndefined(it) => format!("module inconnu : « {it} »"),
        other => format!("erreur de syntaxe ({other})"),
    }
}

/// What is wrong with the cases of a `switch`.
fn of_switch(error: &ParseErrorType) -> Option<&'static str> {
    Some(match error {
        ParseErrorType::WrongSwitchDefaultCase => {
            "dans un « switch », le cas « _ » doit être le dernier"
        }
        ParseErrorType::WrongSwitchIntegerCase => {
            "dans un « switch », un nombre seul vient avant les intervalles comme 1..=3 : mettez ce cas plus haut"
        }
        ParseErrorType::WrongSwitchCaseCondition => {
            "dans un « switch », le cas « _ » ne prend pas de condition « if »"
        }
        _ => return None,
    })
}

/// What is wrong with the definition of a function.
fn of_definition(error: &ParseErrorType) -> Option<String> {
    Some(match error {
        ParseErrorType::WrongFnDefinition => {
            "une fonction « fn » ne se définit pas à l'intérieur d'une autre".into()
        }
        ParseErrorType::FnDuplicatedDefinition(it, _) => {
            format!("la fonction « {it} » est définie deux fois")
        }
        ParseErrorType::FnMissingName => "il manque le nom de la fonction après « fn »".into(),
        ParseErrorType::FnMissingParams(it) => {
            format!("il manque les parenthèses après le nom de la fonction « {it} »")
        }
        ParseErrorType::FnDuplicatedParam(function, it) => {
            format!("la fonction « {function} » a deux fois le paramètre « {it} »")
        }
        ParseErrorType::FnMissingBody(it) => {
            format!("la fonction « {it} » n'a pas de corps entre accolades")
        }
        _ => return None,
    })
}

fn of_writing(error: &LexError) -> String {
    match error {
        // No string is written between apostrophes here, straight or curved.
        LexError::UnexpectedInput(it) if it.starts_with(['‘', '’', '‛', '′', '´']) => {
            format!(
                "il y a ici une apostrophe typographique ({it}) : un texte s'écrit entre guillemets droits (\")"
            )
        }
        LexError::UnexpectedInput(it) | LexError::MalformedIdentifier(it)
            if pasted::note(it).is_some() =>
        {
            pasted::note(it).unwrap_or_default()
        }
        LexError::UnexpectedInput(it) if it.chars().all(|it| it.is_ascii_alphabetic()) => {
            format!("« {it} » n'est pas à sa place ici")
        }
        LexError::UnexpectedInput(it) if it.chars().all(char::is_alphabetic) => {
            format!("signe inattendu « {it} » : un nom s'écrit sans accent")
        }
        LexError::UnexpectedInput(it) => format!("signe inattendu « {it} »"),
        LexError::UnterminatedString => "un guillemet n'est pas refermé".into(),
        LexError::StringTooLong(_) => "texte trop long".into(),
        LexError::MalformedEscapeSequence(it) => {
            format!("« {it} » : une barre « \\ » s'écrit « \\\\ » dans un texte")
        }
        LexError::MalformedNumber(it) => format!("« {it} » n'est pas un nombre"),
        LexError::MalformedChar(_) => {
            "un texte s'écrit entre guillemets doubles « \" », et non entre apostrophes".into()
        }
        LexError::MalformedIdentifier(it) => format!("« {it} » n'est pas un nom correct"),
        LexError::ImproperSymbol(it, _) if !it.is_empty() => {
            const MEANT: [(&str, &str); 7] = [
                ("===", "=="),
                ("=!", "!="),
                ("!==", "!="),
                ("<-", "<="),
                (":=", "="),
                ("# {", "#{"),
                ("(*", "/*"),
            ];
            let meant = MEANT.iter().find(|(wrong, _)| wrong == it);
            let meant = meant.map(|(_, right)| format!(" : écrivez « {right} »"));
            let meant = meant.unwrap_or_default();
            format!("« {it} » est interdit ou mal placé ici{meant}")
        }
        other => format!("écriture incorrecte ({other})"),
    }
}

/// Replaces control characters: a thrown text may contain anything a tenant wrote, and must not affect a log or a
/// terminal.
fn on_one_line(text: &str) -> String {
    let shown = |it: char| match it {
        '\n' | '\r' | '\t' => ' ',
        it if it.is_control() => '\u{fffd}',
        it => it,
    };
    text.chars().map(shown).collect()
}

/// Why a script failed on an input; for a `throw`, the script's own text.
pub(super) fn of_failure(error: &EvalAltResult) -> String {
    if let Some(told) = of_limit(error).or_else(|| of_value(error)) {
        return told;
    }
    match error {
        EvalAltResult::ErrorRuntime(value, _) => match value.to_string().as_str() {
            "" => "le script s'arrête ici (« throw »)".into(),
            "error in comparer for sorting" => "ce qui compare pour trier échoue".into(),
            own => on_one_line(own),
        },
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            format!("champ inconnu : « {name} » ; s'il peut manquer, écrivez .get(\"{name}\")")
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("variable inconnue : « {name} »"),
        EvalAltResult::ErrorFunctionNotFound(call, _) => of_call(call),
        EvalAltResult::ErrorMismatchDataType(wanted, got, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, got, _) => mismatch(wanted, got),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            format!("« {name} » est une constante : sa valeur ne change pas")
        }
        EvalAltResult::ErrorDotExpr(english, _) => of_property(english),
        EvalAltResult::ErrorParsing(error, _) => of_syntax(error),
        EvalAltResult::ErrorUnboundThis(_) => "« this » ne s'emploie pas ici".into(),
        EvalAltResult::ErrorVariableExists(name, _) => {
            format!("la variable « {name} » existe déjà")
        }
        EvalAltResult::ErrorForbiddenVariable(name, _) => format!("« {name} » est interdit ici"),
        EvalAltResult::ErrorModuleNotFound(name, _) => format!("module inconnu : « {name} »"),
        EvalAltResult::ErrorNonPureMethodCallOnConstant(..) => {
            "une constante ne se change pas : copiez-la d'abord dans une variable « let »".into()
        }
        EvalAltResult::ErrorDataRace(..) => {
            "cette variable est lue pendant qu'elle change : copiez-la d'abord".into()
        }
        // An index into a number stands for one of its bits, of which authors need not know.
        EvalAltResult::ErrorBitFieldBounds(..) => "« [ ] » ne s'emploie pas avec un nombre".into(),
        EvalAltResult::LoopBreak(..) => of_syntax(&ParseErrorType::LoopBreak),
        other => format!("erreur d'exécution ({other})"),
    }
}

/// How to set an element that a list does not have yet: the engine does not say whether it was read or set.
const PUSH: &str = " ; pour en ajouter un, écrivez « .push(…) »";

/// A value that is not what the script takes it for: an index, a loop over no list, an impossible calculation.
fn of_value(error: &EvalAltResult) -> Option<String> {
    Some(match error {
        EvalAltResult::ErrorIndexNotFound(index, _) => format!("clé inconnue : « {index} »"),
        EvalAltResult::ErrorIndexingType(kind, _) => {
            format!("« [ ] » ne s'emploie pas avec {}", in_french(kind))
        }
        EvalAltResult::ErrorArrayBounds(0, at, _) => {
            format!("la liste est vide : elle n'a pas d'élément au rang {at}{PUSH}")
        }
        EvalAltResult::ErrorStringBounds(0, at, _) => {
            format!("le texte est vide : il n'a pas de caractère au rang {at}")
        }
        EvalAltResult::ErrorArrayBounds(count, at, _) => {
            let push = if *at < 0 { "" } else { PUSH };
            let message = outside("la liste", &counted(*count, "élément"), *count, *at);
            format!("{message}{push}")
        }
        EvalAltResult::ErrorStringBounds(count, at, _) => {
            outside("le texte", &counted(*count, "caractère"), *count, *at)
        }
        EvalAltResult::ErrorFor(_) => {
            "« for » ne parcourt qu'une liste ou un intervalle ; d'un objet, écrivez .values() ou .keys()"
                .into()
        }
        EvalAltResult::ErrorArithmetic(english, _) if english.contains("parsing") => {
            "ce texte n'est pas un nombre".into()
        }
        EvalAltResult::ErrorArithmetic(english, _) if english.contains("by zero") => {
            "ce calcul est impossible : une division par zéro".into()
        }
        EvalAltResult::ErrorArithmetic(..) => "ce calcul est impossible".into(),
        _ => return None,
    })
}

/// An index outside a value. The message explains counting from 0, which authors may not know.
fn outside(value: &str, has: &str, count: usize, at: rhai::INT) -> String {
    let where_it_ends = if at < 0 {
        format!("un rang négatif se compte depuis la fin : le premier est au rang -{count}")
    } else {
        format!(
            "on compte à partir de 0 : le dernier est au rang {}",
            count.saturating_sub(1)
        )
    };
    format!("{value} a {has} : il n'y en a pas au rang {at} ; {where_it_ends}")
}

/// A computed key that an object does not have.
pub(super) fn no_key(key: &str) -> String {
    format!(
        "clé inconnue : « {key} » ; si elle peut manquer, écrivez « .get(…) » à la place de « […] »"
    )
}

/// An exceeded limit, with the remedy.
fn of_limit(error: &EvalAltResult) -> Option<String> {
    Some(match error {
        EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorTerminated(..) => {
            "trop d'opérations : parcourez des listes plus courtes, ou cherchez moins de mots".into()
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            "trop d'appels imbriqués : une fonction s'appelle elle-même, directement ou par une autre ; remplacez cet appel par une boucle « for »".into()
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            "trop de variables : mettez leurs valeurs dans une liste [ ] ou un objet #{ }".into()
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            let (what, remedy) = match what.as_str() {
                "Length of string" => (
                    "un texte",
                    "n'en gardez que le début, avec « sub_string(0, 1000) »",
                ),
                "Size of object map" => ("un objet #{…}", "n'y mettez que les clés utiles"),
                _ => ("une liste", "n'y mettez que les éléments utiles"),
            };
            format!("valeur trop grande : {what} a une taille limitée ; {remedy}")
        }
        _ => return None,
    })
}

/// Translates the engine's error for a missing field, `Unknown property 'x' - a getter is not registered for type 'y'`.
fn of_property(english: &str) -> String {
    let mut quoted = english.split('\'').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(name), Some("()")) => format!("ce qui est devant « .{name} » est vide"),
        (Some(name), Some(kind)) => {
            let kind = in_french(kind);
            format!("ce qui est devant « .{name} » est {kind}, sans champ « {name} »")
        }
        _ => "ce qui est devant le point est vide, ou n'a pas ce champ".into(),
    }
}

/// An endless loop, which may be any of these.
pub(super) fn endless(function: &str, loops: &[u32]) -> String {
    let lines: Vec<String> = loops.iter().map(u32::to_string).collect();
    format!(
        "trop d'opérations : une boucle de la fonction « {function} », ou d'une fonction qu'elle appelle, ne finit pas (boucles aux lignes {}) ; sortez-en par « break; »",
        lines.join(", ")
    )
}

/// Translates the engine's error about a function or operator that does not exist for these types: `- (string, i64)`.
fn of_call(call: &str) -> String {
    let Some((name, values)) = call.split_once(" (") else {
        return format!("fonction inconnue « {call} »");
    };
    let values = values.strip_suffix(')').unwrap_or(values);
    let values: Vec<String> = values.split(", ").map(in_french).collect();
    let values = values.iter().map(|it| match it.as_str() {
        "rien" => "une valeur absente",
        it => it,
    });
    let values: Vec<&str> = values.filter(|it| !it.is_empty()).collect();
    match (name, values.as_slice()) {
        ("+" | "+=", [a, b]) => format!("on ne peut pas additionner {a} et {b}"),
        ("-" | "-=", [a, b]) => {
            let of = if a.starts_with('u') { "d'" } else { "de " };
            format!("on ne peut pas soustraire {b} {of}{a}")
        }
        ("*" | "*=", [a, b]) => format!("on ne peut pas multiplier {a} par {b}"),
        ("/" | "/=" | "%" | "%=", [a, b]) => format!("on ne peut pas diviser {a} par {b}"),
        ("<" | ">" | "<=" | ">=" | "==" | "!=", [a, b]) => {
            format!("on ne peut pas comparer {a} et {b}")
        }
        // The engine turns « x in y » into `contains(y, x)`.
        ("contains", ["une valeur absente", _]) => {
            "on ne peut rien chercher dans une valeur absente « () » : une liste s'écrit entre crochets, comme « in [\"a\", \"b\"] », et un texte qui peut manquer « (texte ?? \"\") »".into()
        }
        (name, values) if name.starts_with(|it: char| it.is_alphabetic() || it == '_') => {
            format!(
                "« {name} » ne s'emploie pas avec ces valeurs : {}",
                values.join(", ")
            )
        }
        (name, values) => format!("« {name} » ne s'emploie pas avec {}", values.join(" et ")),
    }
}

/// A missing required key, with the keys given instead.
pub(super) fn missing<'a>(key: &str, of: &str, given: impl Iterator<Item = &'a str>) -> String {
    let given: Vec<&str> = given.collect();
    // Any key is close to a very short one.
    let near = nearest(key, given.iter().copied()).filter(|_| key.len() > 2);
    let instead = match near {
        Some(near) => format!(" : est-ce « {near} », mal écrite ?"),
        None if given.is_empty() => String::new(),
        None => format!(", qui a « {} »", given.join(" », « ")),
    };
    format!("la clé « {key} » manque {of}{instead}")
}

fn mismatch(wanted: &str, got: &str) -> String {
    if got.is_empty() {
        return format!("il faut ici {}", in_french(wanted));
    }
    format!(
        "il faut ici {}, et non {}",
        in_french(wanted),
        in_french(got)
    )
}

/// The type of a value in French, from the engine's name for it.
pub(super) fn of_kind(name: &str) -> String {
    match in_french(name).as_str() {
        "rien" => "une valeur absente".to_owned(),
        kind => kind.to_owned(),
    }
}

/// Translates the engine's type names wherever they are in a text.
fn in_french(text: &str) -> String {
    const KINDS: [(&str, &str); 23] = [
        ("a boolean expression", "true ou false"),
        ("a boolean", "true ou false"),
        ("an iterable value", "une liste ou un intervalle"),
        ("a number", "un nombre"),
        ("a floating-point number", "un nombre à virgule"),
        ("a character", "un caractère"),
        ("a string", "un texte"),
        ("an array", "une liste"),
        ("an object map", "un objet #{…}"),
        ("a statement", "une instruction"),
        ("char", "un caractère"),
        ("Fn", "une fonction"),
        ("range", "un intervalle"),
        ("range=", "un intervalle"),
        ("timestamp", "un instant"),
        ("&str | ImmutableString | String", "un texte"),
        ("string", "un texte"),
        ("i64", "un nombre"),
        ("f64", "un nombre à virgule"),
        ("bool", "true ou false"),
        ("array", "une liste"),
        ("map", "un objet #{…}"),
        ("()", "rien"),
    ];
    let words = text.split_inclusive([' ', ',', '(', ')']);
    let known = |word: &str| {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == word)
            .map(|(_, it)| *it)
    };
    if let Some(french) = known(text) {
        return french.to_owned();
    }
    words
        .map(|word| {
            let bare = word.trim_end_matches([' ', ',', '(', ')']);
            match known(bare) {
                Some(french) => format!("{french}{}", &word[bare.len()..]),
                None => word.to_owned(),
            }
        })
        .collect()
}
