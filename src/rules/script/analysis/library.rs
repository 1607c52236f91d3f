//! What is known about each of the engine's own functions. A function that is not listed may do anything.

use crate::rules::script::analysis::given::Kind;

/// A function of the engine.
#[derive(Clone, Copy)]
struct Function {
    name: &'static str,
    effect: Effect,
    /// The engine accepts any number of arguments for it and does not list it.
    built_in: bool,
    /// It can be read like a field of a string or a number.
    is_field: bool,
    answer: Option<Kind>,
}

/// What a method does to the value it is called on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Does not change it.
    Reads,
    /// Changes it in place and returns nothing.
    InPlace,
    /// No check has needed to know yet.
    Unknown,
}

impl Function {
    const fn built_in(self) -> Self {
        Self {
            built_in: true,
            ..self
        }
    }

    const fn as_field(self) -> Self {
        Self {
            is_field: true,
            ..self
        }
    }

    const fn giving(self, kind: Kind) -> Self {
        Self {
            answer: Some(kind),
            ..self
        }
    }
}

const fn other(name: &'static str) -> Function {
    Function {
        name,
        effect: Effect::Unknown,
        built_in: false,
        is_field: false,
        answer: None,
    }
}

const fn reading(name: &'static str) -> Function {
    Function {
        effect: Effect::Reads,
        ..other(name)
    }
}

const fn in_place(name: &'static str) -> Function {
    Function {
        effect: Effect::InPlace,
        ..other(name)
    }
}

const LIBRARY: [Function; 60] = [
    reading("all"),
    reading("bits").as_field(),
    reading("bytes").as_field(),
    reading("call").built_in(),
    reading("chars").as_field(),
    reading("contains").giving(Kind::Flag),
    reading("curry").built_in(),
    reading("debug").built_in(),
    reading("ends_with").giving(Kind::Flag),
    reading("filter"),
    reading("find"),
    reading("find_map"),
    reading("get"),
    reading("heure_de").giving(Kind::Number),
    reading("index_of"),
    reading("is_empty").as_field().giving(Kind::Flag),
    reading("is_shared").built_in(),
    reading("jour_de_semaine").giving(Kind::Text),
    reading("keys"),
    reading("len").as_field().giving(Kind::Number),
    reading("map"),
    reading("mois_de").giving(Kind::Number),
    reading("parse_float").giving(Kind::Number),
    reading("parse_int").giving(Kind::Number),
    reading("print").built_in(),
    reading("reduce"),
    reading("reduce_rev"),
    reading("some"),
    reading("split"),
    reading("split_rev"),
    reading("starts_with").giving(Kind::Flag),
    reading("sub_string").giving(Kind::Text),
    reading("to_debug").giving(Kind::Text),
    reading("to_float").giving(Kind::Number),
    reading("to_int").giving(Kind::Number),
    reading("to_json").giving(Kind::Text),
    reading("to_lower").giving(Kind::Text),
    reading("to_string").giving(Kind::Text),
    reading("to_upper").giving(Kind::Text),
    reading("type_of").built_in().giving(Kind::Text),
    reading("values"),
    in_place("append"),
    in_place("clear"),
    in_place("make_lower"),
    in_place("make_upper"),
    in_place("push"),
    in_place("replace"),
    in_place("trim"),
    in_place("truncate"),
    other("Fn").built_in(),
    other("is_def_fn").built_in(),
    other("is_def_var").built_in(),
    other("ceiling").as_field(),
    other("floor").as_field(),
    other("fraction").as_field(),
    other("int").as_field(),
    other("is_even").as_field(),
    other("is_odd").as_field(),
    other("is_zero").as_field(),
    other("round").as_field(),
];

fn known(name: &str) -> Option<&'static Function> {
    LIBRARY.iter().find(|it| it.name == name)
}

/// Whether this method leaves the value it is called on unchanged.
pub(in crate::rules::script) fn reads(name: &str) -> bool {
    known(name).is_some_and(|it| it.effect == Effect::Reads)
}

/// Whether this method changes the value before the dot in place and returns nothing.
pub(in crate::rules::script) fn is_in_place(name: &str) -> bool {
    known(name).is_some_and(|it| it.effect == Effect::InPlace)
}

/// Whether this function is built into the engine, with any number of arguments.
pub(in crate::rules::script) fn is_built_in(name: &str) -> bool {
    known(name).is_some_and(|it| it.built_in)
}

/// Whether this function can be read like a field of a string or a number.
pub(in crate::rules::script) fn is_field(name: &str) -> bool {
    known(name).is_some_and(|it| it.is_field)
}

/// The type this function returns, if it is always the same.
pub(in crate::rules::script) fn answer(name: &str) -> Option<Kind> {
    known(name)?.answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::script::compile::engine;
    use rhai::Dynamic;
    use std::collections::{BTreeMap, BTreeSet};

    fn names(of: impl Fn(&Function) -> bool) -> BTreeSet<&'static str> {
        let found = LIBRARY.iter().filter(|it| of(it));
        found.map(|it| it.name).collect()
    }

    /// The results of calls, by the function that each one tests.
    fn tried(calls: &[(&'static str, &str)]) -> BTreeMap<&'static str, Dynamic> {
        let engine = engine();
        let answers = calls.iter().map(|(name, call)| {
            let answer = engine.eval::<Dynamic>(call);
            (
                *name,
                answer.unwrap_or_else(|error| panic!("{call}: {error}")),
            )
        });
        answers.collect()
    }

    #[test]
    fn each_listed_function_exists_in_the_engine() {
        let engine = engine();
        let listed =
            engine.collect_fn_metadata(None, |it| Some(it.metadata.name.to_string()), true);
        let listed: BTreeSet<String> = listed.into_iter().collect();
        for it in LIBRARY.iter().filter(|it| !it.built_in) {
            let getter = format!("get${}", it.name);
            assert!(
                listed.contains(it.name) || listed.contains(&getter),
                "{}",
                it.name
            );
            assert!(!it.is_field || listed.contains(&getter), "{}", it.name);
        }
        assert_eq!(names(|_| true).len(), LIBRARY.len());
    }

    #[test]
    fn functions_the_engine_does_not_list_are_built_in() {
        let tried = tried(&[
            ("Fn", "fn f() { 1 } Fn(\"f\")"),
            ("call", "fn f() { 1 } Fn(\"f\").call()"),
            ("curry", "fn f(a) { a } Fn(\"f\").curry(1)"),
            ("debug", "debug(1)"),
            ("is_def_fn", "is_def_fn(\"f\", 0)"),
            ("is_def_var", "is_def_var(\"a\")"),
            ("is_shared", "let a = 1; is_shared(a)"),
            ("print", "print(1)"),
            ("type_of", "type_of(1)"),
        ]);
        let tried: BTreeSet<&str> = tried.into_keys().collect();
        assert_eq!(tried, names(|it| it.built_in));
    }

    #[test]
    fn in_place_methods_return_nothing() {
        let tried = tried(&[
            ("append", "let l = [1]; l.append([2])"),
            ("clear", "let l = [1]; l.clear()"),
            ("make_lower", "let t = \"A\"; t.make_lower()"),
            ("make_upper", "let t = \"a\"; t.make_upper()"),
            ("push", "let l = [1]; l.push(2)"),
            ("replace", "let t = \"a\"; t.replace(\"a\", \"b\")"),
            ("trim", "let t = \" a\"; t.trim()"),
            ("truncate", "let t = \"abc\"; t.truncate(1)"),
        ]);
        for (name, answer) in &tried {
            assert!(answer.is_unit(), "{name}: {answer}");
        }
        let tried: BTreeSet<&str> = tried.into_keys().collect();
        assert_eq!(tried, names(|it| it.effect == Effect::InPlace));
    }

    #[test]
    fn results_have_the_listed_type() {
        let tried = tried(&[
            ("contains", "\"a\".contains(\"a\")"),
            ("ends_with", "\"a\".ends_with(\"a\")"),
            ("heure_de", "heure_de(\"2026-01-15T19:30:00Z\")"),
            ("is_empty", "\"a\".is_empty()"),
            (
                "jour_de_semaine",
                "jour_de_semaine(\"2026-01-15T19:30:00Z\")",
            ),
            ("len", "\"a\".len()"),
            ("mois_de", "mois_de(\"2026-01-15T19:30:00Z\")"),
            ("parse_float", "parse_float(\"1.5\")"),
            ("parse_int", "parse_int(\"1\")"),
            ("starts_with", "\"a\".starts_with(\"a\")"),
            ("sub_string", "\"abc\".sub_string(1)"),
            ("to_debug", "\"a\".to_debug()"),
            ("to_float", "1.to_float()"),
            ("to_int", "1.5.to_int()"),
            ("to_json", "#{a: 1}.to_json()"),
            ("to_lower", "\"A\".to_lower()"),
            ("to_string", "1.to_string()"),
            ("to_upper", "\"a\".to_upper()"),
            ("type_of", "type_of(1)"),
        ]);
        for (name, it) in &tried {
            let kind = match it.type_name() {
                "bool" => Kind::Flag,
                "i64" | "f64" => Kind::Number,
                "string" => Kind::Text,
                other => panic!("{name}: {other}"),
            };
            assert_eq!(answer(name), Some(kind), "{name}");
        }
        let tried: BTreeSet<&str> = tried.into_keys().collect();
        assert_eq!(tried, names(|it| it.answer.is_some()));
    }
}
