//! All keys of the settings: default, when a change takes effect, and meaning.

use serde_json::{Map, Value, json};

/// When a change of a key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// As soon as the file is saved.
    Live,
    /// At the next start.
    Restart,
}

/// One key of the settings file.
pub(super) struct Setting {
    /// Its name in the file: group, dot, key.
    pub(super) key: &'static str,
    /// Its value if it is not set; empty for none.
    pub(super) default: &'static str,
    /// When a change takes effect.
    pub(super) change: Change,
    /// What it means, for those who edit the file.
    pub(super) about: &'static str,
}

/// The sender if none is set: useless beyond this machine.
pub(super) const DEFAULT_SENDER: &str = "Vivest <passerelle@localhost>";

pub(super) const KEYS: [Setting; 46] = [
    Setting {
        key: "listen",
        default: "127.0.0.1:8080",
        change: Change::Restart,
        about: "Address and port where the daemon listens.",
    },
    Setting {
        key: "data_dir",
        default: "data",
        change: Change::Restart,
        about: "Folder of the database, the photos and the unsent e-mails.",
    },
    Setting {
        key: "database_url",
        default: "",
        change: Change::Restart,
        about: "Address of the database, if not in data_dir: sqlite://PATH, or postgres://USER@HOST/NAME for several replicas.",
    },
    Setting {
        key: "migrate",
        default: "true",
        change: Change::Restart,
        about: "Whether startup updates the tables of PostgreSQL; false leaves that to passerelle migrate.",
    },
    Setting {
        key: "rules_dir",
        default: "rules",
        change: Change::Restart,
        about: "Folder of the landlord's rules; edits take effect at once.",
    },
    Setting {
        key: "referentiel_dir",
        default: "examples/referentiel",
        change: Change::Restart,
        about: "Folder of the landlord's reference data; edits take effect at once.",
    },
    Setting {
        key: "files_url",
        default: "",
        change: Change::Restart,
        about: "Address of the photos, if not in data_dir: file://PATH, or s3://BUCKET/PREFIX.",
    },
    Setting {
        key: "s3.endpoint",
        default: "",
        change: Change::Restart,
        about: "http or https address of an S3-compatible server, if it is not AWS.",
    },
    Setting {
        key: "s3.region",
        default: "",
        change: Change::Restart,
        about: "Region of the bucket; without it AWS_REGION, else us-east-1.",
    },
    Setting {
        key: "s3.access_key_id",
        default: "",
        change: Change::Restart,
        about: "Identifier of the key to sign with; without one it is looked for as the AWS tools do: environment, identity of the pod, of the machine.",
    },
    Setting {
        key: "s3.secret_access_key",
        default: "",
        change: Change::Restart,
        about: "The secret key.",
    },
    Setting {
        key: "s3.allow_http",
        default: "false",
        change: Change::Restart,
        about: "Whether the server may be called without TLS.",
    },
    Setting {
        key: "s3.ca_file",
        default: "",
        change: Change::Restart,
        about: "PEM file of the authorities that sign the server's certificate, if they are not public ones.",
    },
    Setting {
        key: "s3.timeout",
        default: "30s",
        change: Change::Restart,
        about: "Time limit for storing or reading a photo; beyond it the answer is 503.",
    },
    Setting {
        key: "log",
        default: "info",
        change: Change::Live,
        about: "What is logged: error, warn, info, debug or trace, also by part, such as info,passerelle::flows=debug.",
    },
    Setting {
        key: "tokens.sowell",
        default: "",
        change: Change::Live,
        about: "SoWell's token.",
    },
    Setting {
        key: "tokens.crm",
        default: "",
        change: Change::Live,
        about: "The CRM's token.",
    },
    Setting {
        key: "tokens.admin",
        default: "",
        change: Change::Live,
        about: "The admins' token.",
    },
    Setting {
        key: "sowell.base_url",
        default: "",
        change: Change::Live,
        about: "http or https address of SoWell's API; the paths of connecteurs/sowell.yaml are added to it.",
    },
    Setting {
        key: "sowell.token",
        default: "",
        change: Change::Live,
        about: "Sent as a bearer token, unless connecteurs/sowell.yaml says otherwise.",
    },
    Setting {
        key: "sowell.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign SoWell's certificate, if they are not public ones.",
    },
    Setting {
        key: "sowell.identity_file",
        default: "",
        change: Change::Live,
        about: "PEM file of our certificate and its key, if SoWell requires one.",
    },
    Setting {
        key: "crm.kind",
        default: "embedded",
        change: Change::Restart,
        about: "Which CRM: embedded, or rest for one described by connecteurs/crm.yaml.",
    },
    Setting {
        key: "crm.base_url",
        default: "",
        change: Change::Live,
        about: "http or https address of the remote CRM; the paths of connecteurs/crm.yaml are added to it.",
    },
    Setting {
        key: "crm.token",
        default: "",
        change: Change::Live,
        about: "Sent as a bearer token, unless connecteurs/crm.yaml says otherwise.",
    },
    Setting {
        key: "crm.when_unavailable",
        default: "refuse",
        change: Change::Live,
        about: "How SoWell is answered while the remote CRM cannot be reached: refuse (503, it sends again) or defer (202, created later).",
    },
    Setting {
        key: "crm.poll",
        default: "1m",
        change: Change::Live,
        about: "How often the remote CRM is asked for changes, if connecteurs/crm.yaml says how; off if it calls us.",
    },
    Setting {
        key: "crm.webhook_secret",
        default: "",
        change: Change::Live,
        about: "Secret with which the CRM signs its calls (Standard Webhooks, whsec_…), accepted in place of its token.",
    },
    Setting {
        key: "crm.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign the CRM's certificate, if they are not public ones.",
    },
    Setting {
        key: "crm.identity_file",
        default: "",
        change: Change::Live,
        about: "PEM file of our certificate and its key, if the CRM requires one.",
    },
    Setting {
        key: "smtp.url",
        default: "",
        change: Change::Live,
        about: "smtps://user:password@host, or smtp://host:587?tls=required. With a password, smtp:// to a different machine requires TLS, unless it says ?tls=opportunistic.",
    },
    Setting {
        key: "smtp.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign the mail server's certificate, if they are not public ones.",
    },
    Setting {
        key: "smtp.from",
        default: DEFAULT_SENDER,
        change: Change::Live,
        about: "The sender, such as Vivest <ne-pas-repondre@vivest.example>; set it together with smtp.url.",
    },
    Setting {
        key: "delivery.attempt",
        default: "60s",
        change: Change::Live,
        about: "Time limit of one attempt; what a killed replica was sending is sent by a different one after twice this time.",
    },
    Setting {
        key: "delivery.first_retry",
        default: "1s",
        change: Change::Live,
        about: "The wait after the first failed attempt; no longer than max_retry.",
    },
    Setting {
        key: "delivery.max_retry",
        default: "15m",
        change: Change::Live,
        about: "The longest wait between attempts.",
    },
    Setting {
        key: "delivery.give_up_after",
        default: "7d",
        change: Change::Live,
        about: "How long a delivery may be retried before it becomes a dead letter, not counting the time its destination is paused.",
    },
    Setting {
        key: "retention.traces",
        default: "365d",
        change: Change::Live,
        about: "How long the steps of a decision are kept for explain; forever to keep them.",
    },
    Setting {
        key: "retention.payloads",
        default: "1095d",
        change: Change::Live,
        about: "How long what SoWell sent is kept once it is a demande and nothing has happened to it since; forever to keep it.",
    },
    Setting {
        key: "retention.deliveries",
        default: "90d",
        change: Change::Live,
        about: "How long a delivery is kept once delivered; forever to keep it. Dead letters are always kept.",
    },
    Setting {
        key: "limits.body",
        default: "64 MiB",
        change: Change::Live,
        about: "Maximum size of a request.",
    },
    Setting {
        key: "limits.photo",
        default: "16 MiB",
        change: Change::Live,
        about: "Maximum size of a photo.",
    },
    Setting {
        key: "limits.photos",
        default: "20",
        change: Change::Live,
        about: "Maximum number of photos in a signalement.",
    },
    Setting {
        key: "limits.pixels",
        default: "100 Mpx",
        change: Change::Live,
        about: "Maximum pixels of a photo, by the dimensions in its file header; a file without them is accepted.",
    },
    Setting {
        key: "limits.rate",
        default: "600/min",
        change: Change::Live,
        about: "Maximum request rate of one client.",
    },
    Setting {
        key: "network.allow",
        default: "",
        change: Change::Live,
        about: "Hosts or addresses that connector files may call in addition to the two base_url, including private ones.",
    },
];

/// Keys that take several values, as a list or as one text separated by commas.
pub(super) const LISTS: [&str; 1] = ["network.allow"];

/// The group whose keys the landlord chooses: secrets that connector files name.
pub(super) const SECRETS: &str = "secrets";

/// What each group of keys is for.
pub(super) const GROUPS: [(&str, &str); 10] = [
    (
        "s3",
        "The server of the photos' bucket, if files_url says s3://.",
    ),
    (
        "tokens",
        "Bearer tokens of the three clients; those left out are generated at the first start and shown once.",
    ),
    (
        "sowell",
        "SoWell's API; until base_url is set, deliveries wait.",
    ),
    ("crm", "The CRM."),
    (
        "smtp",
        "The mail server; without one, each e-mail is written as an .eml file under data_dir.",
    ),
    ("delivery", "How deliveries are retried."),
    (
        "retention",
        "How long data that is no longer needed is kept; signalements, demandes and their keys are always kept.",
    ),
    ("limits", "Limits on incoming requests."),
    ("network", "Hosts that may be called."),
    (
        SECRETS,
        "Secrets that the files in connecteurs/ name as secrets.NAME; in the environment PASSERELLE_SECRETS__NAME.",
    ),
];

/// The JSON Schema of the settings file, generated from the same table.
pub(super) fn json_schema() -> Value {
    let mut properties = Map::new();
    for setting in &KEYS {
        let about = match setting.default {
            "" => setting.about.to_owned(),
            default => format!("{} [default: {default}]", setting.about),
        };
        // Any scalar is read as the text in which it is written.
        let mut value =
            json!({"description": about, "type": ["string", "number", "boolean", "null"]});
        if LISTS.contains(&setting.key) {
            value["type"] = json!(["string", "number", "boolean", "null", "array"]);
            value["items"] = json!({"type": ["string", "number", "boolean"]});
        }
        let Some((group, key)) = setting.key.split_once('.') else {
            properties.insert(setting.key.to_owned(), value);
            continue;
        };
        let entry = properties.entry(group).or_insert_with(|| {
            json!({
                "description": about_group(group),
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {},
            })
        });
        entry["properties"][key] = value;
    }
    let secrets = json!({
        "description": about_group(SECRETS),
        "type": ["object", "null"],
        "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    });
    properties.insert(SECRETS.to_owned(), secrets);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "passerelle.yaml",
        "description": "Settings of Passerelle. Every key has a default; the environment overrides the file.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn about_group(group: &str) -> &'static str {
    let found = GROUPS.iter().find(|(name, _)| *name == group);
    found.map_or("", |(_, about)| *about)
}
