//! The limit on operations, which holds for a whole call, and what is blamed for reaching a limit.

use rstest::rstest;

use super::*;
use crate::rules::meter;
use crate::rules::script::operations::MOST;

/// What a body that ends with `throw "fini"` throws, and its operations.
fn run(body: &str) -> (ScriptError, u64) {
    let body = format!("{body}\nthrow \"fini\";");
    let (result, work) = meter::measure(|| affecter(&body));
    let error = result.unwrap_err();
    assert_eq!(work.at_limit, u64::from(error.at_limit));
    (error, work.operations)
}

/// Some 600,000 operations.
const LONG: &str = "l.map(|x| { for y in 0..600 { } x });";

#[test]
fn the_limit_is_for_the_whole_call() {
    let list = "let l = []; l.pad(1000, 1);";
    let (error, operations) = run(&format!("{list} {LONG}"));
    assert_eq!(error.message, "fini");
    assert!(operations > MOST / 2, "{operations}");
    let (error, operations) = run(&format!("{list} {LONG} {LONG}"));
    assert!(error.message.contains("trop d'opérations"), "{error}");
    assert!(operations > MOST, "{operations}");
}

#[test]
fn closures_inside_closures_count() {
    let nested = |size: usize| {
        format!(
            "let l = []; l.pad({size}, 1); l.map(|x| {{ let m = []; m.pad(100, x); m.map(|y| {{ for z in 0..150 {{ }} y }}); x }});"
        )
    };
    assert_eq!(run(&nested(30)).0.message, "fini");
    let (error, _) = run(&nested(100));
    assert!(error.message.contains("trop d'opérations"), "{error}");
}

/// The result of `accuses` for this many messages, in the order that an endless closure gives.
fn ordered(count: usize, method: &str) -> (Vec<AccuseMessage>, Option<ScriptError>) {
    let message = "#{a: \"x@y.fr\", modele: \"m\"}";
    let messages = [message].repeat(count).join(", ");
    let text = format!("fn accuses(e) {{ let l = [{messages}]; {method} }}");
    let (scripts, faults) = compile("fn affecter(a, b, c) { throw 1 }", &text);
    let scripts = scripts.unwrap_or_else(|| panic!("{faults:?}"));
    let evenement = json!({"type": "transmis"});
    let (result, work) = meter::measure(|| scripts.accuses(|_| Shown::Json(&evenement)));
    let at_limit = result.1.as_ref().is_some_and(|it| it.at_limit);
    assert_eq!(work.at_limit, u64::from(at_limit));
    result
}

#[rstest]
#[case("l.order_by(|a, b| { loop { } })")]
#[case("l.order(|a, b| { loop { } })")]
#[case("l.sort_by(|a, b| { loop { } }); l")]
#[case("l.dedup(|a, b| { loop { } }); l")]
fn a_method_that_ignores_a_limit_does_not_hide_it(
    #[case] method: &str,
    // Few elements reach the limit of one closure only.
    #[values(2, 3, 20)] count: usize,
) {
    let (messages, error) = ordered(count, method);
    assert_eq!(messages, []);
    let error = error.unwrap();
    assert!(error.at_limit, "{error}");
    assert!(error.message.contains("trop d'opérations"), "{error}");
    // Following the remedy is enough.
    let (messages, error) = ordered(count, &method.replace("loop { }", "loop { break; } 0"));
    assert_eq!((messages.len(), error), (count, None));
}

#[test]
fn a_limit_explains_a_result_of_the_wrong_form() {
    let (_, error) = ordered(20, "l.sort(|a, b| { loop { } })");
    let error = error.unwrap();
    assert!(error.message.contains("trop d'opérations"), "{error}");
    assert!(!error.misshapen);
}

// What is outside the only loop may be what reaches the limit: the loop is not blamed.
#[rstest]
#[case::sort_by("l.sort_by")]
#[case::order_by("l.order_by")]
#[case::order("l.order")]
fn a_comparing_method_may_reach_the_limit(#[case] method: &str) {
    let long = " + 0".repeat(20);
    let body = format!(
        "let l = [];\nfor x in 0..9000 {{ l.push(x); }}\n{method}(|a, b| a * 7919 % 9001 - b * 7919 % 9001{long});"
    );
    let (error, _) = run(&body);
    assert!(error.message.contains("listes plus courtes"), "{error}");
    assert_ne!(error.line, Some(3), "{error}");
}

#[test]
fn an_addition_outside_the_loop_may_reach_the_limit() {
    let double = "s += s; ".repeat(20);
    let body = format!("let s = \"x\";\nfor x in [1] {{ }}\n{double}");
    let (error, _) = run(&body);
    assert!(error.message.contains("sub_string(0, 1000)"), "{error}");
    assert!(!error.message.contains("cette boucle"), "{error}");
    assert_ne!(error.line, Some(3), "{error}");
}

#[test]
fn a_number_added_outside_the_loop_does_not_reach_a_limit() {
    let (error, _) = run("let n = 0;\nn += 1;\nlet s = \"x\";\nloop { s += s; }");
    assert!(error.message.contains("cette boucle"), "{error}");
    assert_eq!(error.line, Some(5), "{error}");
}
