//! What the template of an e-mail sees of the message that asks for it.

use super::*;
use crate::rules::case::tests::shipped;
use crate::rules::compile::{Known, compile};
use crate::rules::foresee;

#[test]
fn a_template_sees_every_key_of_its_message_at_once_and_when_it_is_sent() {
    let (mut rules, exports) = shipped();
    let script = "fn accuses(evenement) { [#{ a: evenement.signalement.email_auteur, modele: \"accuse-reception\", ton: \"vif\" }] }";
    rules.insert("accuses.rhai".into(), script.into());
    let template = "Objet: {{ modele }}\nÀ {{ a }}, d'un ton {{ ton }}.\n";
    rules.insert("modeles/accuse-reception.txt".into(), template.into());
    let (generation, told) = compile(&rules, &exports, Known::default());
    assert_eq!(told, []);
    let generation = generation.unwrap();
    let signalement = foresee::harmless(&generation);
    let occasion = Occasion::Ecarte { motif: "x" };
    let (messages, error) = accuses(&generation, &signalement, occasion, &mut Trace::default());
    assert_eq!(error, None);
    let context = MailContext::new(&generation, &signalement, occasion);
    let at_once = context.write(&messages[0]).unwrap();
    let text = format!("À {}, d'un ton vif.", signalement.email_auteur);
    assert_eq!(at_once.subject, "accuse-reception");
    assert_eq!(at_once.text.as_deref().map(str::trim_end), Some(&*text));
    let courriel = context.courriels(messages).remove(0);
    let stored = serde_json::from_str(&courriel.context).unwrap();
    assert_eq!(write_stored(&generation, &courriel, &stored), Ok(at_once));
}
