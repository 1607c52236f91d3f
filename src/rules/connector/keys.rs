//! Every key of a connector's file: where it may stand, what may stand behind it, and what it
//! means. One table for the daemon, which refuses the rest, and for the schema that editors read.

use serde_json::{Map, Value as Json, json};

use crate::rules::diagnostic::{code, nearest};
use crate::rules::source::Reader;
use crate::rules::yaml::{Node, Value};

use super::Partner;

/// A key of one place of the file.
pub(super) struct Key {
    pub name: &'static str,
    required: bool,
    form: Form,
    about: &'static str,
}

/// What may stand behind a key.
pub(super) enum Form {
    /// A text, with expressions or without.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Anything that JSON can say.
    Free,
    /// Names and whatever they hold.
    Fields,
    /// HTTP statuses: one, or a list.
    Statuses,
    /// Where to find a value in an answer.
    Extract,
    /// Names and where to find their values in an answer.
    Extracts,
    /// Tables by name, each with words and their values.
    Tables,
    /// A span of time.
    Duration,
    /// A number from 1 on.
    Count,
    /// Keys of its own.
    Keys(&'static [Key]),
    /// Exactly one of these keys.
    OneOf(&'static [Key]),
    /// A list, each item with keys of its own.
    List(&'static [Key]),
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        required: false,
        form,
        about,
    }
}

const fn required(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        required: true,
        form,
        about,
    }
}

/// The methods of HTTP that a call may have.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
pub(super) const GUARDS: [&str; 4] = ["upsert", "cle_idempotence", "recherche", "possibles"];

const METHODE: Key = key(
    "methode",
    Form::Word(&METHODS),
    "La méthode HTTP ; sans elle, GET pour lire et POST pour écrire.",
);
const CHEMIN: Key = required(
    "chemin",
    Form::Text,
    "Le chemin, ajouté à l'adresse des réglages ; les valeurs y sont encodées. Une adresse http(s):// complète vise un autre serveur.",
);
const PARAMETRES: Key = key(
    "parametres",
    Form::Fields,
    "Les paramètres après le « ? ». Une liste répète le paramètre.",
);
const ENTETES: Key = key("entetes", Form::Fields, "Les en-têtes HTTP.");
const CORPS: Key = key(
    "corps",
    Form::OneOf(&[
        key("json", Form::Free, "Un corps JSON, écrit en YAML."),
        key(
            "formulaire",
            Form::Fields,
            "Un formulaire application/x-www-form-urlencoded. Un ensemble de clés devient un texte JSON.",
        ),
        key(
            "multipart",
            Form::Fields,
            "Un formulaire multipart/form-data : un texte, {texte, type}, {json, type} ou {fichier, nom, type} par champ.",
        ),
        key(
            "texte",
            Form::Keys(&[
                required("contenu", Form::Text, "Le texte."),
                required("type", Form::Text, "Son type, par exemple text/xml."),
            ]),
            "Un corps en texte libre, XML par exemple.",
        ),
        key(
            "fichier",
            Form::Keys(&[
                required("contenu", Form::Text, "La photo : \"{{ fichier }}\"."),
                key(
                    "type",
                    Form::Text,
                    "Le type à annoncer ; sans lui, celui de la photo.",
                ),
            ]),
            "La photo elle-même, telle quelle.",
        ),
    ]),
    "Le corps de la requête.",
);
const REPONSES: Key = key(
    "reponses",
    Form::Keys(&[
        key(
            "succes",
            Form::Statuses,
            "Les statuts HTTP d'une réussite ; sans cela, 2xx.",
        ),
        key(
            "refus",
            Form::Statuses,
            "L'API a refusé pour de bon et n'a rien fait.",
        ),
        key(
            "indisponible",
            Form::Statuses,
            "L'API n'a rien fait et pourra plus tard.",
        ),
        key(
            "non_autorise",
            Form::Statuses,
            "L'API refuse notre jeton ou nos droits.",
        ),
        key("absent", Form::Statuses, "Il n'y a rien de tel dans l'API."),
        key("doute", Form::Statuses, "On ne sait pas si l'API l'a fait."),
        key(
            "refus_si",
            Form::Text,
            "Une expression sur « reponse » : vraie, c'est un refus, quel que soit le statut HTTP.",
        ),
        key(
            "indisponible_si",
            Form::Text,
            "De même : vraie, l'API n'a rien fait et pourra plus tard.",
        ),
        key(
            "non_autorise_si",
            Form::Text,
            "De même : vraie, l'API refuse notre jeton ou nos droits.",
        ),
        key(
            "absent_si",
            Form::Text,
            "De même : vraie, il n'y a rien de tel.",
        ),
        key(
            "message",
            Form::Extract,
            "Où l'API dit pourquoi elle a refusé.",
        ),
    ]),
    "Ce que veulent dire les réponses, là où ce n'est pas l'usage.",
);
const LIRE: Key = required(
    "lire",
    Form::Extracts,
    "Les valeurs à prendre dans la réponse, par nom.",
);
const PREALABLES: Key = key(
    "prealables",
    Form::List(&[
        required(
            "nom",
            Form::Text,
            "Le nom sous lequel les valeurs lues sont connues ensuite : {{ nom.valeur }}.",
        ),
        METHODE,
        CHEMIN,
        PARAMETRES,
        ENTETES,
        CORPS,
        REPONSES,
        LIRE,
    ]),
    "Des appels sans effet faits avant, dont les réponses servent dans la requête.",
);

const UID: Key = required("uid", Form::Extract, "Où est l'identifiant de la demande.");
const STATUT: Key = required("statut", Form::Extract, "Où est le statut de la demande.");
const DATE: Key = required(
    "date",
    Form::Extract,
    "Où est la date du dernier changement ; ISO 8601, sinon avec le filtre lire_date.",
);
const RESULTAT: Key = key(
    "resultat",
    Form::Extract,
    "Où est le résultat de la clôture.",
);
const COMMENTAIRE: Key = key(
    "commentaire",
    Form::Extract,
    "Où est le mot pour le locataire.",
);
const CANAL: Key = key("canal", Form::Extract, "Où est le canal de la demande.");
const EVENEMENT: Key = key(
    "evenement",
    Form::Extract,
    "Où est l'identifiant du changement, si l'API en a un.",
);
const ELEMENTS: Key = key(
    "elements",
    Form::Extract,
    "Où est la liste ; sans cela, la réponse entière. Les clés qui suivent se lisent dans chaque élément.",
);
const GARDER: Key = key(
    "garder_si",
    Form::Text,
    "Une expression sur « element » : les autres éléments ne comptent pas.",
);

const CHERCHER: [Key; 10] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES, ELEMENTS, GARDER, UID,
];
const CREER: [Key; 8] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES, UID,
];
const ECRIRE: [Key; 7] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES,
];
const TELEVERSER: [Key; 7] = [METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, LIRE];
const LIRE_STATUT: [Key; 13] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    STATUT,
    DATE,
    RESULTAT,
    COMMENTAIRE,
    CANAL,
    EVENEMENT,
];
const CHANGEMENTS: [Key; 19] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    key(
        "seulement_si",
        Form::Text,
        "Une expression sur ce que les préalables ont lu : fausse, rien n'a changé et l'appel n'est pas fait.",
    ),
    ELEMENTS,
    GARDER,
    UID,
    STATUT,
    DATE,
    RESULTAT,
    COMMENTAIRE,
    CANAL,
    EVENEMENT,
    key(
        "page",
        Form::Keys(&[
            key(
                "taille",
                Form::Count,
                "Le nombre d'éléments d'une page pleine : une page moins pleine est la dernière.",
            ),
            key(
                "suivante",
                Form::Extract,
                "Où est l'adresse de la page suivante ; sans adresse, la page est la dernière.",
            ),
            key(
                "curseur",
                Form::Extract,
                "Où est le curseur de la page suivante, connu alors sous {{ page.curseur }}.",
            ),
        ]),
        "Comment demander la page suivante : {{ page.numero }}, {{ page.decalage }}, {{ page.taille }}, {{ page.curseur }}.",
    ),
    key(
        "recouvrement",
        Form::Duration,
        "De combien revenir en arrière à chaque fois ; sans cela 5m.",
    ),
];
const GESTIONNAIRES: [Key; 13] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    ELEMENTS,
    GARDER,
    required("type", Form::Extract, "Où est le type du gestionnaire."),
    required("identifiant", Form::Extract, "Où est son identifiant."),
    key("nom", Form::Extract, "Où est son nom."),
    key("email", Form::Extract, "Où est son adresse e-mail."),
];

const AUTHENTIFICATION: Key = key(
    "authentification",
    Form::OneOf(&[
        key("aucune", Form::Keys(&[]), "Rien : {aucune: {}}."),
        key(
            "porteur",
            Form::Text,
            "Authorization: Bearer … ; c'est l'usage, avec le jeton des réglages.",
        ),
        key(
            "basique",
            Form::Keys(&[
                required("utilisateur", Form::Text, "Le nom."),
                required(
                    "mot_de_passe",
                    Form::Text,
                    "Le mot de passe : \"{{ secrets.nom }}\".",
                ),
            ]),
            "Authorization: Basic …",
        ),
        key(
            "entetes",
            Form::Fields,
            "Une clé dans un en-tête, ou plusieurs.",
        ),
        key("parametres", Form::Fields, "Une clé dans l'adresse."),
        key(
            "oauth2",
            Form::Keys(&[
                required(
                    "url",
                    Form::Text,
                    "Où demander le jeton : un chemin, ou une adresse permise par network.allow.",
                ),
                required("client", Form::Text, "L'identifiant du client."),
                required("secret", Form::Text, "Son secret : \"{{ secrets.nom }}\"."),
                key("portee", Form::Text, "La portée (scope)."),
                key("audience", Form::Text, "L'audience."),
                key(
                    "envoi",
                    Form::Word(&["corps", "basique"]),
                    "Où vont l'identifiant et le secret ; sans cela dans le corps.",
                ),
            ]),
            "OAuth 2, client credentials.",
        ),
        key(
            "session",
            Form::Keys(&[
                required(
                    "connexion",
                    Form::Keys(&[METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES]),
                    "L'appel qui donne le jeton.",
                ),
                required("jeton", Form::Extract, "Où est le jeton dans sa réponse."),
                key(
                    "duree",
                    Form::Duration,
                    "Combien de temps il vaut ; sans cela 30m.",
                ),
                key(
                    "entetes",
                    Form::Fields,
                    "Comment le porter : {Session-Token: \"{{ jeton }}\"}.",
                ),
                key("parametres", Form::Fields, "De même, dans l'adresse."),
            ]),
            "Un jeton obtenu par un appel de connexion, renouvelé à temps.",
        ),
    ]),
    "Comment l'API nous reconnaît. Les secrets viennent des réglages, par leur nom.",
);
const DELAIS: Key = key(
    "delais",
    Form::Keys(&[
        key(
            "connexion",
            Form::Duration,
            "Pour se connecter ; sans cela 5s.",
        ),
        key(
            "reponse",
            Form::Duration,
            "Pour commencer à répondre ; sans cela 20s.",
        ),
        key(
            "total",
            Form::Duration,
            "Pour tout l'appel, 45s au plus ; sans cela 30s.",
        ),
    ]),
    "Combien de temps on attend l'API.",
);
const NOM: Key = key("nom", Form::Text, "Le nom de l'API, pour les messages.");
const TABLES: Key = key(
    "tables",
    Form::Tables,
    "Des tables de mots : {{ demande.priorite|table('priorites') }}.",
);
const SIGNATURE: Key = key(
    "signature",
    Form::Text,
    "Signer nos appels (Standard Webhooks) avec ce secret : \"{{ secrets.nom }}\".",
);

const CRM: [Key; 9] = [
    NOM,
    AUTHENTIFICATION,
    ENTETES,
    TABLES,
    DELAIS,
    SIGNATURE,
    key(
        "doublons",
        Form::Word(&GUARDS),
        "Ce que le CRM offre contre les doublons. upsert : créer deux fois sous la même référence ne fait qu'une demande ; cle_idempotence : il reconnaît une requête répétée ; recherche : « chercher » retrouve nos demandes ; possibles : rien de tout cela, une personne tranche les doutes.",
    ),
    key(
        "traitement_max",
        Form::Duration,
        "Le temps après lequel une requête restée sans réponse ne peut plus aboutir ; sans cela 2m.",
    ),
    required(
        "operations",
        Form::Keys(&[
            key(
                "chercher",
                Form::Keys(&CHERCHER),
                "Retrouver les demandes qui portent notre référence.",
            ),
            required("creer", Form::Keys(&CREER), "Créer une demande."),
            key(
                "joindre",
                Form::Keys(&ECRIRE),
                "Joindre une photo à une demande créée.",
            ),
            key(
                "televerser",
                Form::Keys(&TELEVERSER),
                "Envoyer une photo avant de la joindre ; ce qui est lu est connu ensuite sous {{ fichier.envoi.nom }}.",
            ),
            key(
                "lire_statut",
                Form::Keys(&LIRE_STATUT),
                "Lire le statut d'une demande.",
            ),
            key(
                "changements",
                Form::Keys(&CHANGEMENTS),
                "Lister les demandes changées depuis {{ depuis }}.",
            ),
            key(
                "gestionnaires",
                Form::Keys(&GESTIONNAIRES),
                "Lister les gestionnaires de la résidence {{ residence }}.",
            ),
        ]),
        "Ce que l'on demande au CRM.",
    ),
];
const SOWELL: [Key; 7] = [
    NOM,
    AUTHENTIFICATION,
    ENTETES,
    TABLES,
    DELAIS,
    SIGNATURE,
    required(
        "operations",
        Form::Keys(&[
            required(
                "signaler_statut",
                Form::Keys(&ECRIRE),
                "Dire à SoWell le nouveau statut d'une demande.",
            ),
            key(
                "signaler_uid",
                Form::Keys(&ECRIRE),
                "Dire à SoWell l'identifiant d'une demande créée après coup.",
            ),
        ]),
        "Ce que l'on dit à SoWell.",
    ),
];

pub(super) fn of(partner: Partner) -> &'static [Key] {
    match partner {
        Partner::Crm => &CRM,
        Partner::Sowell => &SOWELL,
    }
}

/// Notes everything in the file that is not as the table says.
pub(super) fn check(reader: &mut Reader<'_>, partner: Partner, root: &Node) {
    check_keys(reader, of(partner), root);
}

fn check_keys(reader: &mut Reader<'_>, keys: &[Key], node: &Node) {
    let names: Vec<&str> = keys.iter().map(|it| it.name).collect();
    let Some(entries) = reader.map(node) else {
        return;
    };
    // What a misspelt key was meant to be is not missing besides.
    let mut meant = Vec::new();
    for (key, value) in entries {
        if !reader.known_key(key, &names) {
            meant.extend(nearest(&key.name, names.iter().copied()));
            continue;
        }
        let known = keys.iter().find(|it| it.name == key.name);
        // A key with nothing behind it counts as left out.
        if let (Some(known), false) = (known, value.value == Value::Null) {
            check_form(reader, &known.form, value);
        }
    }
    for missing in keys.iter().filter(|it| it.required) {
        if node.get(missing.name).is_none() && !meant.contains(&missing.name) {
            let message = format!("la clé « {} » manque ici", missing.name);
            reader.fault(code::KEY_MISSING, node.line, node.column, message);
        }
    }
}

fn check_form(reader: &mut Reader<'_>, form: &Form, node: &Node) {
    match form {
        Form::Free => {}
        Form::Text => drop(reader.text(node)),
        Form::Word(words) => drop(reader.word(node, words)),
        Form::Fields => drop(reader.map(node)),
        Form::Statuses => check_statuses(reader, node),
        Form::Extract => check_extract(reader, node),
        Form::Extracts => {
            for (_, value) in reader.map(node).into_iter().flatten() {
                check_extract(reader, value);
            }
        }
        Form::Tables => {
            for (_, value) in reader.map(node).into_iter().flatten() {
                reader.map(value);
            }
        }
        Form::Duration => {
            if let Some(text) = reader.text(node)
                && duration(&text.text).is_none()
            {
                reader.expected(node, "une durée, par exemple 30s ou 5m");
            }
        }
        Form::Count => {
            let count = reader.text(node).map(|it| it.text.parse::<u32>());
            if !matches!(count, None | Some(Ok(1..))) {
                reader.expected(node, "un nombre, à partir de 1");
            }
        }
        Form::Keys(keys) => check_keys(reader, keys, node),
        Form::OneOf(keys) => {
            check_keys(reader, keys, node);
            let Value::Map(entries) = &node.value else {
                return;
            };
            let given = entries.iter().filter(|(_, it)| it.value != Value::Null);
            if given.count() != 1 {
                let names: Vec<&str> = keys.iter().map(|it| it.name).collect();
                let message = format!(
                    "une seule de ces clés est attendue ici : {}",
                    names.join(", ")
                );
                reader.fault(code::SHAPE, node.line, node.column, message);
            }
        }
        Form::List(keys) => {
            for item in reader.list(node).into_iter().flatten() {
                check_keys(reader, keys, item);
            }
        }
    }
}

fn check_statuses(reader: &mut Reader<'_>, node: &Node) {
    let one = std::slice::from_ref(node);
    let items = match &node.value {
        Value::Text(_) => Some(one),
        _ => reader.list(node),
    };
    for item in items.into_iter().flatten() {
        if let Some(text) = reader.text(item)
            && statuses(&text.text).is_none()
        {
            reader.expected(item, "un statut HTTP, par exemple 201, 4xx ou 500-504");
        }
    }
}

fn check_extract(reader: &mut Reader<'_>, node: &Node) {
    const KEYS: [&str; 3] = ["pointeur", "entete", "motif"];
    let what = "un pointeur (/issue/id), une expression ou {pointeur: …} ou {entete: …, motif: …}";
    match &node.value {
        Value::Text(text) if text.starts_with('/') || text.contains("{{") => {}
        Value::Map(entries) => {
            for (key, value) in entries {
                if reader.known_key(key, &KEYS) {
                    reader.text(value);
                }
            }
            if node.get("pointeur").is_some() == node.get("entete").is_some() {
                reader.expected(node, what);
            }
        }
        _ => reader.expected(node, what),
    }
}

/// The first and last status of `201`, `4xx` or `500-504`.
pub(super) fn statuses(text: &str) -> Option<(u16, u16)> {
    let status = |text: &str| {
        text.trim()
            .parse()
            .ok()
            .filter(|it| (100..600).contains(it))
    };
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|it| (1..6).contains(it))?;
        return Some((class * 100, class * 100 + 99));
    }
    match text.split_once('-') {
        Some((first, last)) => Some((status(first)?, status(last)?)),
        None => status(text).map(|it| (it, it)),
    }
}

/// `500ms`, `30s`, `5m`, `1h`.
pub(super) fn duration(text: &str) -> Option<std::time::Duration> {
    let at = text.find(|it: char| !it.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number
        .parse()
        .ok()
        .filter(|it| (1..=86_400_000).contains(it))?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(std::time::Duration::from_millis(number * unit))
}

/// The JSON Schema of a partner's file.
pub(super) fn schema(partner: Partner) -> Json {
    let mut schema = keys_schema(of(partner));
    let title = partner.file();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = title.into();
    schema["description"] = match partner {
        Partner::Crm => "Comment appeler l'API du CRM.",
        Partner::Sowell => "Comment appeler l'API de SoWell.",
    }
    .into();
    schema
}

fn keys_schema(keys: &[Key]) -> Json {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = form_schema(&key.form);
        if !key.required {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        schema["description"] = key.about.into();
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<&str> = keys
        .iter()
        .filter(|it| it.required)
        .map(|it| it.name)
        .collect();
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn form_schema(form: &Form) -> Json {
    let text = json!({"type": ["string", "number", "boolean"], "pattern": "\\S"});
    match form {
        Form::Free => json!({}),
        Form::Text => text,
        Form::Word(words) => json!({"enum": words}),
        Form::Fields => json!({"type": "object"}),
        Form::Statuses => {
            let one = json!({"anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)$"},
            ]});
            json!({"anyOf": [one.clone(), {"type": "array", "items": one}]})
        }
        Form::Extract => json!({"anyOf": [
            {"type": "string", "pattern": "^/|\\{\\{"},
            {"type": "object", "additionalProperties": false, "required": ["pointeur"],
             "properties": {"pointeur": text, "motif": text}},
            {"type": "object", "additionalProperties": false, "required": ["entete"],
             "properties": {"entete": text, "motif": text}},
        ]}),
        Form::Extracts => {
            json!({"type": "object", "additionalProperties": form_schema(&Form::Extract)})
        }
        Form::Tables => json!({"type": "object", "additionalProperties": {"type": "object"}}),
        Form::Duration => json!({"type": "string", "pattern": "^[1-9][0-9]{0,6}(ms|s|m|min|h)$"}),
        Form::Count => json!({"anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
        ]}),
        Form::Keys(keys) => keys_schema(keys),
        Form::OneOf(keys) => {
            let choices: Vec<Json> = keys
                .iter()
                .map(|key| {
                    let mut schema = form_schema(&key.form);
                    if matches!(key.form, Form::Free) {
                        schema = json!({"not": {"type": "null"}});
                    }
                    schema["description"] = key.about.into();
                    json!({"type": "object", "additionalProperties": false, "required": [key.name],
                        "properties": {key.name: schema}})
                })
                .collect();
            json!({"anyOf": choices})
        }
        Form::List(keys) => json!({"type": "array", "items": keys_schema(keys)}),
    }
}
