//! The engine's errors, in the words of someone who is no programmer.

use rhai::{EvalAltResult, LexError, ParseErrorType};

/// Why a script does not compile.
pub(super) fn of_syntax(error: &ParseErrorType) -> String {
    match error {
        ParseErrorType::UnexpectedEOF => {
            "le script s'arrête trop tôt : une accolade ou une parenthèse n'est pas refermée".into()
        }
        ParseErrorType::BadInput(error) => of_writing(error),
        ParseErrorType::UnknownOperator(it) => format!("signe inconnu « {it} »"),
        ParseErrorType::MissingToken(token, _) => format!("il manque « {token} »"),
        ParseErrorType::MissingSymbol(_) => "il manque un signe".into(),
        ParseErrorType::MalformedIndexExpr(_) => {
            "ce qui est entre crochets « [ ] » n'est pas correct".into()
        }
        ParseErrorType::DuplicatedProperty(it) => format!("la clé « {it} » est donnée deux fois"),
        ParseErrorType::DuplicatedVariable(it) | ParseErrorType::VariableExists(it) => {
            format!("la variable « {it} » existe déjà")
        }
        ParseErrorType::WrongSwitchDefaultCase => {
            "dans un « switch », le cas « _ » doit être le dernier".into()
        }
        ParseErrorType::WrongSwitchIntegerCase | ParseErrorType::WrongSwitchCaseCondition => {
            "ce cas de « switch » n'est pas correct".into()
        }
        ParseErrorType::PropertyExpected => "un nom de champ est attendu après le point".into(),
        ParseErrorType::VariableExpected => "un nom de variable est attendu ici".into(),
        ParseErrorType::ForbiddenVariable(it) | ParseErrorType::Reserved(it) => {
            format!("« {it} » est interdit ici")
        }
        ParseErrorType::MismatchedType(wanted, got) => mismatch(wanted, got),
        ParseErrorType::ExprExpected(_) => "une valeur est attendue ici".into(),
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
        other => format!("erreur de syntaxe ({other})"),
    }
}

fn of_writing(error: &LexError) -> String {
    match error {
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
            format!("« {it} » est interdit ou mal placé ici")
        }
        other => format!("écriture incorrecte ({other})"),
    }
}

/// Why a script fails on an input; what it throws itself, in its own words.
pub(super) fn of_failure(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        EvalAltResult::ErrorTooManyOperations(_) => {
            "trop d'opérations : une boucle qui ne finit pas ?".into()
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            "trop d'appels imbriqués : une fonction qui s'appelle sans fin ?".into()
        }
        EvalAltResult::ErrorTooManyVariables(_) => "trop de variables".into(),
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("valeur trop grande ({what})"),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("champ inconnu : « {name} »"),
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("variable inconnue : « {name} »"),
        EvalAltResult::ErrorFunctionNotFound(name, _) => {
            format!("fonction inconnue pour ces valeurs : {}", in_french(name))
        }
        EvalAltResult::ErrorMismatchDataType(wanted, got, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, got, _) => mismatch(wanted, got),
        EvalAltResult::ErrorIndexNotFound(index, _) => format!("clé inconnue : « {index} »"),
        EvalAltResult::ErrorIndexingType(kind, _) => {
            format!("« [ ] » ne s'emploie pas avec {}", in_french(kind))
        }
        EvalAltResult::ErrorArrayBounds(count, at, _) => {
            format!("la liste a {count} élément(s) : il n'y en a pas au rang {at}")
        }
        EvalAltResult::ErrorStringBounds(count, at, _) => {
            format!("le texte a {count} caractère(s) : il n'y en a pas au rang {at}")
        }
        EvalAltResult::ErrorFor(_) => "« for » ne parcourt qu'une liste ou un intervalle".into(),
        EvalAltResult::ErrorArithmetic(..) => "ce calcul est impossible".into(),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            format!("« {name} » est une constante : sa valeur ne change pas")
        }
        EvalAltResult::ErrorDotExpr(..) => "ce champ ne se lit pas ainsi".into(),
        other => format!("erreur d'exécution ({other})"),
    }
}

fn mismatch(wanted: &str, got: &str) -> String {
    if got.is_empty() {
        return format!("{} est attendu ici", in_french(wanted));
    }
    format!(
        "{} est attendu ici, et non {}",
        in_french(wanted),
        in_french(got)
    )
}

/// The engine's names for kinds of values, wherever they stand in a text.
fn in_french(text: &str) -> String {
    const KINDS: [(&str, &str); 8] = [
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
