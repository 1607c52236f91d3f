//! Conditions and strings that do not mean what was intended, and correct ones that get no remark.

use rstest::rstest;

use super::{SILENT, compile};
use crate::rules::diagnostic::{Diagnostic, Severity};

fn of_script(text: &str) -> Vec<Diagnostic> {
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_some(), "{faults:?}");
    faults
}

fn of_affecter(body: &str) -> Vec<String> {
    let text = format!(
        "const URGENTES = [\"ASC\"];
         fn affecter(signalement, residence, qualification) {{ {body} throw 1 }}"
    );
    of_script(&text).into_iter().map(|it| it.message).collect()
}

#[rstest]
#[case(
    "if residence.code == \"A\" && residence.code == \"B\" { throw 2 }",
    "« residence.code » ne vaut jamais à la fois « A » et « B » : pour l'un ou l'autre, écrivez « || »"
)]
#[case(
    "let c = residence.code; if \"A\" == c && signalement.photos > 1 && c == \"B\" { throw 2 }",
    "« c » ne vaut jamais à la fois « A » et « B » : pour l'un ou l'autre, écrivez « || »"
)]
#[case(
    "if residence.code != \"A\" || residence.code != \"B\" { throw 2 }",
    "cette condition est toujours vraie : « residence.code » ne peut pas être à la fois « A » et « B » ; pour exclure les deux, écrivez « && »"
)]
#[case(
    "if signalement.description.to_lower().contains(\"Gaz\") { throw 2 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let d = signalement.description.to_lower(); if d.contains(\"Gaz\") { throw 2 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "if \"Gaz\" in signalement.description.to_lower() { throw 2 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "if signalement.priorite.to_upper() == \"high\" { throw 2 }",
    "« high » ne s'y trouve jamais : « to_upper » ne laisse que des majuscules ; écrivez « HIGH »"
)]
#[case(
    "if residence.code.to_lower() in [\"mz\", \"MM\"] { throw 2 }",
    "« MM » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « mm »"
)]
#[case(
    "if qualification.code in \"ASC, CHAUF\" { throw 2 }",
    "« ASC, CHAUF » est un seul texte, où la valeur est cherchée n'importe où : une liste s'écrit « [\"ASC\", \"CHAUF\"] »"
)]
#[case(
    "if !signalement.bien { throw 2 }",
    "« signalement.bien » n'est pas une condition : s'il peut manquer, écrivez « signalement.bien == () »"
)]
#[case(
    "if signalement.bien { throw 2 }",
    "« signalement.bien » n'est pas une condition : s'il peut manquer, écrivez « signalement.bien != () »"
)]
#[case(
    "if signalement.photos { throw 2 }",
    "« signalement.photos » est un nombre, et pas une condition : écrivez « signalement.photos > 0 »"
)]
#[case(
    "if signalement.bien.libelle == \"x\" { throw 2 }",
    "« signalement.bien » est un texte, sans champ « libelle » : c'est le code du bien"
)]
#[case(
    "throw `la résidence {residence.code} de ${residence.nom}`;",
    "« {residence.code} » reste écrit ainsi : écrivez « ${residence.code} »"
)]
#[case(
    "let nom = residence.nom; throw [`{nom}`, nom];",
    "« {nom} » reste écrit ainsi : écrivez « ${nom} »"
)]
#[case(
    "throw \"la résidence {residence.code}\";",
    "« {residence.code} » reste écrit ainsi entre guillemets : écrivez « ${residence.code} », et tout le texte entre accents graves (`)"
)]
#[case(
    "throw `la résidence {{ residence.code }}`;",
    "« {{ residence.code }} » reste écrit ainsi : écrivez « ${residence.code} »"
)]
#[case(
    "throw `la résidence $(residence.code)`;",
    "« $(residence.code) » reste écrit ainsi : écrivez « ${residence.code} »"
)]
#[case(
    "throw `la résidence $residence.code}`;",
    "« $residence.code} » reste écrit ainsi : écrivez « ${residence.code} »"
)]
#[case(
    "throw \"la résidence {{residence.code}}\";",
    "« {{residence.code}} » reste écrit ainsi entre guillemets : écrivez « ${residence.code} », et tout le texte entre accents graves (`)"
)]
fn code_that_means_something_else_is_reported(#[case] body: &str, #[case] message: &str) {
    // Without the `if`, the code after a `throw` would be reported as well.
    let body = format!("if residence.nom != \"\" {{ {body} }}");
    assert_eq!(of_affecter(&body), [message]);
}

#[rstest]
#[case("if residence.code == \"A\" || residence.code == \"B\" { throw 2 }")]
#[case("if residence.code != \"A\" && residence.code != \"B\" { throw 2 }")]
#[case("if residence.code == \"A\" && residence.nom == \"B\" { throw 2 }")]
#[case(
    "if residence.code == \"A\" && (residence.code == \"A\" || residence.code == \"B\") { throw 2 }"
)]
#[case("if residence.code != \"A\" || residence.code == \"B\" { throw 2 }")]
#[case(
    "if residence.code.sub_string(0, 1) == \"A\" && residence.code.sub_string(1, 1) == \"B\" { throw 2 }"
)]
#[case("if signalement.description.to_lower().contains(\"gaz 2\") { throw 2 }")]
#[case("if signalement.description.to_upper().starts_with(\"GAZ\") { throw 2 }")]
#[case(
    "if residence.nom.to_lower() == \"les tilleuls\" && residence.nom == \"Les Tilleuls\" { throw 2 }"
)]
#[case(
    "let d = signalement.description; if d.contains(\"Gaz\") || d.to_lower().contains(\"é\") { throw 2 }"
)]
#[case("let d = residence.nom.to_lower(); d += \" ABC\"; if d.contains(\"ABC\") { throw 2 }")]
#[case("let d = residence.nom.to_lower(); if d.sub_string(0, 2).to_upper() == \"AB\" { throw 2 }")]
#[case("if residence.nom.to_upper() == residence.code.to_upper() { throw 2 }")]
#[case(
    "let t = signalement.description.to_lower(); [1].for_each(|x| t = t.to_upper()); if t.contains(\"GAZ\") { throw 2 }"
)]
#[case("if signalement.priorite.to_lower() in \"Urgence gaz\" { throw 2 }")]
#[case("if \"gaz, eau\" in signalement.description { throw 2 }")]
#[case("if qualification.code in [\"ASC, CHAUF\"] { throw 2 }")]
#[case("if signalement.transmettre_manager && !signalement.transmettre_auteur { throw 2 }")]
#[case("if !(signalement.bien == ()) && !residence.code.starts_with(\"A\") { throw 2 }")]
#[case("if signalement.autres.get(\"urgent\") { throw 2 }")]
#[case("let b = signalement.bien != (); if b && !(b || true) { throw 2 }")]
#[case("throw `${residence.code} {x} {1} { } {{ x }} $(x) $x} $ 5 $`;")]
#[case("throw `{${residence.code}} $${residence.code} (${residence.code})`;")]
#[case(
    "let m = \"Bonjour {{ residence.nom }}\"; m.replace(\"{{ residence.nom }}\", residence.nom); throw m;"
)]
#[case("throw \"{nom} {0} {a.b}\";")]
#[case("if qualification.code in global::URGENTES { throw 2 }")]
#[case(
    "let m = \"Bonjour {signalement.auteur}\"; m.replace(\"{signalement.auteur}\", signalement.auteur); throw m;"
)]
fn code_that_means_what_was_intended_is_not_reported(#[case] body: &str) {
    let body = format!("if residence.nom != \"\" {{ {body} }}");
    assert_eq!(of_affecter(&body), [] as [&str; 0]);
}

#[rstest]
#[case(
    "const URGENTES = [\"ASC\"];\nfn affecter(a, b, c) { throw global::URGENTE }",
    "« global::URGENTE » n'existe pas : vouliez-vous dire « global::URGENTES » ?"
)]
#[case(
    "let URGENTES = [\"ASC\"];\nfn affecter(a, b, c) { throw global::URGENTES }",
    "« global::URGENTES » n'existe pas : en haut du fichier, écrivez « const URGENTES = … », et non « let »"
)]
#[case(
    "\nfn affecter(a, b, c) { throw global::SEUIL }",
    "« global::SEUIL » n'existe pas : il faut « const SEUIL = … ; » en haut du fichier"
)]
fn an_undefined_constant_is_refused(#[case] text: &str, #[case] message: &str) {
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_none());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].line, faults[0].message.as_str()), (2, message));
    assert_eq!(faults[0].severity, Severity::Error);
}

#[rstest]
#[case("priorite: \"URGENT\"", 1)]
#[case("signalement: 3", 1)]
#[case("demande: evenement.demande", 0)]
#[case("priorite: evenement.demande.priorite", 0)]
#[case("signalement: evenement.signalement", 0)]
#[case("demande: demande", 0)]
#[case("priorite: demande.priorite", 0)]
#[case("bien: s.bien", 1)]
#[case("bien: evenement.signalement.bien", 1)]
#[case("residence: demande.residence", 1)]
#[case("priorite: s.priorite", 1)]
#[case("code_bien: s.bien, priorite_sowell: s.priorite", 0)]
#[case("urgence: \"URGENT\"", 0)]
fn a_key_that_templates_already_have_is_reported(#[case] key: &str, #[case] count: usize) {
    let text = format!(
        "fn accuses(evenement) {{ let s = evenement.signalement; let demande = evenement.demande; [#{{a: s.email_auteur, modele: demande.canal, {key}}}] }}"
    );
    let faults = compile("fn affecter(a, b, c) { throw 1 }", &text).1;
    assert_eq!(faults.len(), count, "{faults:?}");
    let told = |it: &Diagnostic| it.message.contains("donnez un autre nom à cette clé");
    assert!(faults.iter().all(told), "{faults:?}");
}

/// The checks know what a script's functions receive, and nothing more.
#[rstest]
#[case("fn est_urgent(signalement) { signalement.priorit == \"high\" }", &["« signalement » n'a pas de champ « priorit »"])]
#[case("fn est_urgent(s) { s.priorit == \"high\" }", &["« s » n'a pas de champ « priorit »"])]
#[case("fn est_urgent(s) { autre(s) }\nfn autre(it) { it.priorit == \"high\" }", &["« it » n'a pas de champ « priorit »"])]
#[case("fn est_urgent(s) { [1].some(|x| s.priorit == \"high\") }", &["« s » n'a pas de champ « priorit »"])]
#[case("fn est_urgent(s) { s.groupe = 1; s.groupe == 1 }", &[])]
#[case("fn est_urgent(s) { let s = #{a: 1}; s.a == 1 }", &[])]
#[case("fn est_urgent(s) { let residence = #{ville: 1}; residence.ville == 1 }", &[])]
#[case("fn est_urgent(s) { let f = Fn(\"autre\"); f.call(s) }\nfn autre(it) { it.rien == 1 }", &[])]
#[case("fn est_urgent(s) { autre(s) || autre(#{rien: 1}) }\nfn autre(it) { it.rien == 1 }", &[])]
#[case("fn est_urgent(s) { s.priorite == \"high\" }\nfn jamais(signalement) { signalement.rien }", &[])]
#[case("fn est_urgent(signalement) { signalement.priorite == \"high\" }\nfn jamais(residence) { residence == \"x\" }", &[])]
fn functions_are_checked_with_what_they_receive(#[case] functions: &str, #[case] wanted: &[&str]) {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{
            if est_urgent(signalement) {{ throw residence.nomm }}
            throw signalement.proirite
        }}\n{functions}"
    );
    let faults = of_script(&text);
    let mut told: Vec<&str> = faults.iter().map(|it| it.message.as_str()).collect();
    // Reported whatever the other functions are.
    for always in [
        "« residence » n'a pas de champ « nomm »",
        "« signalement » n'a pas de champ « proirite »",
    ] {
        let at = told.iter().position(|it| it.starts_with(always));
        told.remove(at.unwrap_or_else(|| panic!("{faults:?}")));
    }
    assert_eq!(told.len(), wanted.len(), "{told:?}");
    let begins = |(it, wanted): (&&str, &&str)| it.starts_with(*wanted);
    assert!(told.iter().zip(wanted).all(begins), "{told:?}");
}

/// A table of the script may use the same keys for its own purposes.
#[test]
fn a_table_of_messages_is_no_message() {
    let accuses = "const ENVOIS = [#{ residence: \"MZ-02\", a: \"x@vivest.example\", modele: \"m\" }];
    fn accuses(evenement) {
        let priorites = #{ priorite: \"haute\", a: \"y@vivest.example\", modele: \"m\" };
        let code = evenement.signalement.residence;
        global::ENVOIS.filter(|e| e.residence == code).map(|e| #{ a: e.a, modele: priorites.modele })
    }";
    let faults = compile("fn affecter(a, b, c) { throw 1 }", accuses).1;
    assert!(
        !faults.iter().any(|it| it.message.contains("déjà «")),
        "{faults:?}"
    );
}

/// A function that the script defines itself is not checked.
#[test]
fn a_function_of_the_script_may_ignore_case() {
    let text = "fn affecter(signalement, residence, qualification) {
        if contains(residence.nom.to_lower(), \"GAZ\") { throw 1 }
        throw 2
    }
    fn contains(whole, part) { whole.to_upper().index_of(part) >= 0 }";
    assert_eq!(of_script(text), []);
}

/// A variable that a closure assigns may no longer have its original type.
#[test]
fn a_closure_shares_what_is_around_it() {
    let text = "fn affecter(signalement, residence, qualification) {
        let p = signalement.priorite;
        let r = residence;
        [1].for_each(|x| { p = 3; r.ville = \"Metz\"; });
        if p == 3 { throw r.ville }
        throw [qualification.code].filter(|it| residence.get(it) != ())
    }";
    assert_eq!(of_script(text), []);
}

#[rstest]
#[case(
    "switch signalement.qualification { [\"ASC\", \"SERR\"] => throw 1, _ => {} }",
    Some(
        "ce cas est une liste, et un texte n'en est jamais une : écrivez « \"ASC\" | \"SERR\" », sans crochets"
    )
)]
#[case(
    "let x = switch signalement.photos { 0 => 1, [1, 2] if residence.code == \"A\" => 2, _ => 3 }; throw x;",
    Some(
        "ce cas est une liste, et un nombre n'en est jamais une : écrivez « 1 | 2 », sans crochets"
    )
)]
#[case(
    "switch signalement.priorite { \"high\" => { throw 1 } [\"low\"] => throw 2, _ => {} }",
    Some("écrivez « \"low\" », sans crochets")
)]
#[case(
    "switch signalement.qualification { \"ASC\" | \"SERR\" => throw 1, _ => {} }",
    None
)]
#[case(
    "switch [signalement.priorite, 1] { [\"high\", 1] => throw 1, _ => {} }",
    None
)]
#[case(
    "let x = switch signalement.priorite { \"high\" => [\"a\"], \"low\" | \"normal\" => [], _ => [1] }; throw x[0];",
    None
)]
#[case(
    "switch signalement.priorite { \"high\" if signalement.qualification in [\"ASC\"] => throw 1, _ => {} }",
    None
)]
#[case(
    "switch signalement.photos { 0 => throw 1, 1..=3 => throw 2, _ => {} }",
    None
)]
#[case(
    "switch signalement.priorite { \"high\" => { let a = [\"x\"]; throw a[0]; } \"low\" => throw 2, _ => {} }",
    None
)]
fn a_list_as_a_switch_case_is_reported(#[case] body: &str, #[case] words: Option<&str>) {
    let body = format!("if residence.nom != \"\" {{ {body} }}");
    let told = of_affecter(&body);
    assert_eq!(told.len(), usize::from(words.is_some()), "{told:?}");
    assert!(
        told.iter().all(|it| it.contains(words.unwrap_or_default())),
        "{told:?}"
    );
}
