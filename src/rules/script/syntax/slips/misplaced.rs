//! What was written where the parser expects a token: usually a word from another language, or a missing token before
//! it.

use super::{ASKING, NOT_IN, Refused, between_brackets, several, without_hash};
use crate::rules::addressee::APART;
use crate::rules::calendar::HEURE_DE;
use crate::rules::finding::Finding;
use crate::rules::script::syntax::brackets::{open_at, opening_of};
use crate::rules::script::syntax::foreign;
use crate::rules::script::syntax::tokens::{Kind, Token, is_of_name, tokens};

/// Where the parser stopped.
struct Stop<'t> {
    text: &'t str,
    at: usize,
    /// The token it expects.
    token: &'t str,
    /// The text before it on its line.
    before: &'t str,
    /// The rest of its line.
    rest: &'t str,
    /// The word at this place; empty if there is a sign.
    word: &'t str,
}

/// The slip behind a missing token.
pub(super) fn find(token: &str, refused: &Refused<'_>) -> Option<Finding> {
    let Refused { text, at, place } = *refused;
    let (before, after) = text.split_at(at);
    let rest = after.split('\n').next().unwrap_or_default();
    let word = rest.find(|it: char| !is_of_name(it));
    let stop = Stop {
        text,
        at,
        token,
        before: before.rsplit('\n').next().unwrap_or_default(),
        rest,
        word: &rest[..word.unwrap_or(rest.len())],
    };
    let here = |message| Finding::new(place, message);
    stop.of_other_language()
        .or_else(|| stop.hour())
        .or_else(|| stop.numbers())
        .or_else(|| stop.decimal())
        .or_else(|| stop.assigned())
        .or_else(|| several::texts(text, at))
        .or_else(|| stop.without_parentheses())
        .or_else(|| stop.of_switch())
        .map(here)
        .or_else(|| between_brackets(text, at, at))
        .or_else(|| stop.called())
        .or_else(|| stop.left_open())
        .or_else(|| stop.in_value().map(here))
        .or_else(|| {
            let of_statement = stop.token == ";";
            of_statement.then(|| stop.in_statement(place)).flatten()
        })
}

impl Stop<'_> {
    /// A word from another language.
    fn of_other_language(&self) -> Option<String> {
        let behind = |word: &str| self.rest.strip_prefix(word).map(str::trim_start);
        let negated = ["not ", "pas "].into_iter().find_map(behind);
        if negated.is_some_and(|it| it.starts_with("in ") || it.starts_with("in[")) {
            return Some(NOT_IN.to_owned());
        }
        let is_not = behind("is ");
        if is_not.is_some_and(|it| it.starts_with("not ") || it.starts_with("not(")) {
            return Some("« is not » : écrivez « != »".to_owned());
        }
        if self.rest.starts_with("n'est pas ") {
            return Some("« n'est pas » : écrivez « != »".to_owned());
        }
        let is_or = ["or", "ou"].contains(&self.word.to_lowercase().as_str());
        if is_or && !self.is_in_condition() {
            if let Some(message) = several::texts(self.text, self.at) {
                return Some(message);
            }
            let word = self.word;
            return Some(
                if self.before.trim_end().ends_with(')') && self.before.contains(".get(") {
                    format!(
                        "« {word} » : pour prendre la suite quand cette valeur manque, écrivez « ?? »"
                    )
                } else {
                    format!(
                        "« {word} » : écrivez « || » entre deux conditions, et « ?? » pour remplacer une valeur qui manque"
                    )
                },
            );
        }
        if let Some(message) = foreign::word(self.word) {
            // Several strings have a message of their own.
            return several::texts(self.text, self.at).or(Some(message));
        }
        let asked = ASKING.into_iter().find(|it| *it == self.word);
        let asked = asked.map(|it| format!("{it}(…)"));
        let meant = asked.or_else(|| foreign::function(self.word).map(str::to_owned))?;
        let of_text = self.before.ends_with(' ')
            && self.rest[self.word.len()..].trim_start().starts_with('"');
        of_text.then(|| format!("« {} » : écrivez « texte.{meant} »", self.word))
    }

    /// An hour as people write it: `20h`, `20 h 30`, `20:00`.
    fn hour(&self) -> Option<String> {
        let front = self.before.trim_end();
        let hours = &front[front.trim_end_matches(|it: char| it.is_ascii_digit()).len()..];
        let of_more = |it: char| is_of_name(it) || ".\"".contains(it);
        if hours.len() > 2 || front[..front.len() - hours.len()].ends_with(of_more) {
            return None;
        }
        let hour = hours.parse::<u8>().ok().filter(|it| *it < 24)?;
        let digits = |it: &str| it.chars().all(|it| it.is_ascii_digit());
        let minutes = match self.word.strip_prefix(['h', 'H']) {
            Some("") => self.rest[1..]
                .trim_start()
                .split(|it| !is_of_name(it))
                .next(),
            Some(minutes) => Some(minutes).filter(|it| digits(it)),
            None => self.rest.strip_prefix(':').and_then(|it| it.get(..2)),
        };
        // What follows « 20 h » is not always its minutes.
        let minutes = minutes.filter(|it| digits(it) || self.word.len() == 1)?;
        if !matches!(minutes.parse::<u8>(), Ok(1..)) {
            return Some(format!(
                "une heure s'écrit sans « h » ni minutes, comme un nombre de 0 à 23 : écrivez « {hour} »"
            ));
        }
        let meant = self.whole_hour(&front[..front.len() - hours.len()], hour);
        Some(format!(
            "« {HEURE_DE} » ne compte pas les minutes : {meant}, et la règle changera à cette heure-là, non à {hour} h {minutes}"
        ))
    }

    /// What to write instead of an hour with minutes, so that the result changes exactly at a whole hour; `front` is
    /// the line up to the hour.
    fn whole_hour(&self, front: &str, hour: u8) -> String {
        let sign_in = |has: &dyn Fn(&str) -> bool| {
            let mut signs = ["<=", ">=", "<", ">"].into_iter();
            signs.find(|it| has(it))
        };
        let of_hour = |it: char| "hH: ".contains(it) || it.is_ascii_digit();
        let behind = self.rest.trim_start_matches(of_hour);
        // 20:45 is neither more than 20 nor at most 20.
        let written = |hour: u8| match sign_in(&|it| front.trim_end().ends_with(it)) {
            Some(">") => format!(">= {hour}"),
            Some("<=") => format!("< {hour}"),
            Some(_) => hour.to_string(),
            None => match sign_in(&|it| behind.starts_with(it)) {
                Some("<") => format!("{hour} <="),
                Some(">=") => format!("{hour} >"),
                _ => hour.to_string(),
            },
        };
        let first = written(hour);
        if hour == 23 {
            return format!("écrivez « {first} »");
        }
        let verb = if first.len() > 2 {
            "écrivez"
        } else {
            "choisissez"
        };
        format!("{verb} « {first} » ou « {} »", written(hour + 1))
    }

    /// Several numbers where there should be one: `in 11,12`.
    fn numbers(&self) -> Option<String> {
        (self.token != "=>")
            .then(|| several::numbers(self.text, self.at))
            .flatten()
    }

    /// A number with a comma, outside a list, where the parser expects neither a comma nor another number.
    fn decimal(&self) -> Option<String> {
        let whole = self.before.rsplit(|it: char| !it.is_ascii_digit()).next()?;
        let rest = self.rest.strip_prefix(',')?;
        let digits = rest.find(|it: char| !it.is_ascii_digit());
        let fraction = &rest[..digits.unwrap_or(rest.len())];
        let of_name = self.before[..self.before.len() - whole.len()].ends_with(is_of_name);
        // The cases of a `switch` may be numbers.
        let is_number = !whole.is_empty() && !fraction.is_empty() && !of_name;
        (is_number && self.token != "=>").then(|| {
            format!("un nombre à virgule s'écrit avec un point : écrivez « {whole}.{fraction} »")
        })
    }

    /// A value assigned inside the brackets of a condition.
    fn assigned(&self) -> Option<String> {
        let is_assigned = self.rest.starts_with('=') && !self.rest.starts_with("==");
        let opens = open_at(self.text, self.at)?;
        let front = self.text[..opens].trim_end();
        let word = &front[front.trim_end_matches(is_of_name).len()..];
        // « si (…) » is read as a call of « si ».
        let is_condition = self.token == ")" || foreign::word(word).is_some();
        (is_assigned && is_condition && self.text[opens..].starts_with('(')).then(|| {
            "« = » donne une valeur à une variable ; pour comparer, écrivez « == »".to_owned()
        })
    }

    /// Whether the line up to here contains part of a condition.
    fn is_in_condition(&self) -> bool {
        const ASKED: [&str; 14] = [
            "if ",
            "while ",
            "==",
            "!=",
            "<",
            ">",
            " in ",
            "!in",
            "!",
            "&&",
            "||",
            "contains(",
            "_with(",
            "is_empty",
        ];
        ASKED.iter().any(|it| self.before.contains(it))
    }

    /// A string after a function name without parentheses: `.get "gardien"`.
    fn without_parentheses(&self) -> Option<String> {
        let first = tokens(self.rest).next()?;
        let given = first.inner()?;
        let before = self.before.trim_end();
        let name = before.rsplit(|it| !is_of_name(it)).next()?;
        let is_asked = before[..before.len() - name.len()].ends_with('.')
            && (name == "get" || ASKING.contains(&name));
        is_asked.then(|| {
            format!("« {name} » demande des parenthèses : écrivez « {name}(\"{given}\") »")
        })
    }

    fn of_switch(&self) -> Option<String> {
        (self.token == "=>" && self.rest.starts_with(':'))
            .then(|| "après un cas de « switch » vient « => », et non « : »".to_owned())
    }

    /// A word from another language that was taken for a function call, as in `elif (a) {`, with its position.
    fn called(&self) -> Option<Finding> {
        if !self.rest.starts_with('{') {
            return None;
        }
        let begins = self.before.rfind(['}', ';']).map_or(0, |at| at + 1);
        let front = &self.before[begins..];
        let indent = front.len() - front.trim_start().len();
        let (word, _) = front.trim_start().split_once('(')?;
        let word = word.trim_end();
        let message = foreign::word(word)?;
        let line = self.at - self.before.len();
        Some(Finding::new(line + begins + indent, message).within(self.text))
    }

    /// An earlier bracket that is never closed.
    fn left_open(&self) -> Option<Finding> {
        let after = &self.text[self.at..];
        let ends = self.rest.starts_with(['}', ')', ']']) || after.trim().is_empty();
        (ends || self.token != ";")
            .then(|| super::left_open(self.text))
            .flatten()
    }

    /// A misplaced sign within a value or a condition.
    fn in_value(&self) -> Option<String> {
        if self.token == ";" {
            return None;
        }
        if self.token == "{" {
            return self.behind_condition();
        }
        if self.token == ":" && self.rest.starts_with([',', '}']) {
            let apart = if self.is_addressee() {
                format!(" ; {APART}")
            } else {
                String::new()
            };
            return Some(format!(
                "dans un objet #{{…}}, chaque valeur vient après un nom, comme « nom: valeur »{apart}"
            ));
        }
        self.rest
            .starts_with(';')
            .then(|| "entre deux valeurs, écrivez « , » et non « ; »".to_owned())
    }

    /// Whether the object around this place begins with an addressee.
    fn is_addressee(&self) -> bool {
        let opens = open_at(self.text, self.at);
        let inside = opens.and_then(|it| self.text[it..].strip_prefix(['{', '#']));
        let key = inside.map(|it| it.trim_start_matches('{').trim_start());
        let behind = key.and_then(|it| it.strip_prefix('a'));
        behind.is_some_and(|it| it.trim_start().starts_with(':'))
    }

    /// A stray sign or word between a condition and its block.
    fn behind_condition(&self) -> Option<String> {
        let sign = self.rest.chars().next()?;
        if [';', ','].contains(&sign) {
            let opens = self.text[self.at + 1..].trim_start().starts_with('{');
            return Some(if opens {
                format!("après la condition vient directement « {{ » : enlevez le signe « {sign} »")
            } else {
                format!("après la condition vient « {{ », et non « {sign} »")
            });
        }
        if sign == ':' {
            return Some("après la condition vient « { », et non « : »".to_owned());
        }
        (!self.word.is_empty()).then(|| {
            format!(
                "« {} » n'est pas à sa place ici : il manque un signe avant, comme « . » ou « == », ou une accolade « {{ »",
                self.word
            )
        })
    }

    /// Where a statement should have ended.
    fn in_statement(&self, place: (u32, u32)) -> Option<Finding> {
        let Self {
            before, rest, word, ..
        } = *self;
        let here = |message: String| Some(Finding::new(place, message));
        if rest.starts_with(':')
            && let Some(found) = self.before_colon(place)
        {
            return Some(found);
        }
        if before.trim().is_empty() {
            return self.line_before();
        }
        if before.ends_with('"') && !word.is_empty() {
            return here("à l'intérieur d'un texte, un guillemet s'écrit « \\\" »".to_owned());
        }
        if before.trim_end().ends_with("let mut") {
            return here(format!(
                "« mut » est en trop : une variable peut toujours changer ; écrivez « let {word} »"
            ));
        }
        let sign = rest.chars().next()?;
        let found = if word.is_empty() {
            sign.to_string()
        } else {
            word.to_owned()
        };
        here(format!(
            "« {found} » n'est pas à sa place ici : il manque un signe avant, ou « ; »"
        ))
    }

    /// A name and a colon at the beginning of a statement.
    fn before_colon(&self, place: (u32, u32)) -> Option<Finding> {
        let name = self.before.trim_end();
        let begins = match name.strip_suffix('"') {
            Some(inside) => inside.rfind('"')?,
            None => name.trim_end_matches(is_of_name).len(),
        };
        let line = self.at - self.before.len();
        without_hash(self.text, line + begins, line + name.len()).or_else(|| {
            name[..begins].trim().is_empty().then(|| {
                let message = format!(
                    "pour donner une valeur à « {} », écrivez « = », et non « : »",
                    name.trim_start()
                );
                Finding::new(place, message)
            })
        })
    }

    /// The previous line lacks its `;`.
    fn line_before(&self) -> Option<Finding> {
        let before = &self.text[..self.at];
        let last = tokens(before).filter(Token::counts).last()?;
        if let Some(begins) = self.result(&last) {
            let shown = if last.written == "]" {
                "[…]"
            } else {
                "#{…}"
            };
            let message = format!(
                "le résultat « {shown} » vient en dernier : mettez avant lui les lignes qui le suivent, ou enlevez-les"
            );
            return Some(Finding::new(begins, message).within(self.text));
        }
        let message = "il manque « ; » à la fin de cette ligne";
        Some(Finding::new(last.end().saturating_sub(1), message).within(self.text))
    }

    /// The byte where a list or object begins that ends with `last` and is a statement by itself, meant as the result.
    fn result(&self, last: &Token<'_>) -> Option<usize> {
        if last.kind != Kind::Sign || !["]", "}"].contains(&last.written) {
            return None;
        }
        let opens = opening_of(self.text, last.at)?;
        let front = &self.text[..opens];
        let begins = match last.written {
            "}" => front.strip_suffix('#')?.len(),
            _ => opens,
        };
        let front = tokens(&self.text[..begins]).filter(Token::counts).last()?;
        ["{", "}", ";"].contains(&front.written).then_some(begins)
    }
}
