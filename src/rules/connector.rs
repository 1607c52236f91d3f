//! How to call a partner's REST API, described by a file: `connecteurs/crm.yaml` and
//! `connecteurs/sowell.yaml`.
//!
//! In reading order: `keys` is the table of the keys allowed in such a file, `text` is a text with expressions and
//! `shape` a value that contains such texts, `source` reads the file, `check` tries it on a sample, `render` makes a
//! [`Request`] and `interpret` determines the meaning of an [`Answer`]. Nothing here makes a call: the daemon, the
//! admins' cases and `passerelle connector` use the same two functions.

mod addresses;
mod braces;
mod check;
mod clear;
mod creation;
mod headers;
mod interpret;
mod keys;
mod operation;
mod paging;
mod pattern;
mod photos;
mod render;
mod secrets;
mod sensitive;
mod shape;
mod source;
mod text;
mod unsendable;
mod words;
mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use strum::{EnumIter, EnumString, IntoEnumIterator, IntoStaticStr, VariantNames};
use url::Url;

use crate::domain::ports::DuplicateGuard;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::source::{Kind, Reader};

use pattern::Pattern;
use shape::Shape;
use text::LocatedText;

pub use check::sample;
pub use creation::{Creation, demande};
pub use interpret::{Answer, Extracted, Failure, ITEM_FIELDS, Item, Meaning, Next};
pub use keys::METHODS;
pub use operation::Operation;
pub use render::{Access, Body, Part, PartContent, Request};
pub use secrets::SecretNames;
pub use text::Fault;
pub use words::Given;

/// The folder of the connectors in the folder of rules.
pub const FOLDER: &str = "connecteurs/";

const KIND: Kind = Kind {
    divides: true,
    ..Kind::PLAIN
};

/// The partner whose API a file describes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Partner {
    /// The landlord's CRM.
    Crm,
    /// SoWell.
    Sowell,
}

impl Partner {
    /// The word in cases, settings and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Its file in the folder of rules.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Crm => "connecteurs/crm.yaml",
            Self::Sowell => "connecteurs/sowell.yaml",
        }
    }

    /// The operations that this partner may have.
    pub fn operations(self) -> impl Iterator<Item = Operation> {
        let all = Operation::iter();
        all.filter(move |it| it.partner() == self)
    }
}

/// A connector's file, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Connector {
    partner: Partner,
    /// The API's name, for messages.
    pub nom: Option<String>,
    auth: Auth,
    headers: Shape,
    tables: Json,
    /// Line and column of each value, by its table and its key.
    table_places: BTreeMap<(String, String), (u32, u32)>,
    signature: Option<LocatedText>,
    /// How long to wait for the API.
    pub delays: Delays,
    /// How the CRM prevents duplicates.
    pub guard: DuplicateGuard,
    /// The longest time after which an unanswered request may still be carried out.
    pub longest_work: Duration,
    /// How far back the list of changes is read again.
    pub overlap: Duration,
    operations: BTreeMap<Operation, Described>,
}

/// How long to wait for an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// To open a connection.
    pub connect: Duration,
    /// Until the headers of the answer.
    pub head: Duration,
    /// For the whole call.
    pub total: Duration,
}

/// How we authenticate to the API.
#[derive(Debug, Clone, PartialEq)]
enum Auth {
    None,
    Bearer(LocatedText),
    Basic {
        user: LocatedText,
        password: LocatedText,
    },
    Fields {
        headers: Shape,
        query: Shape,
    },
    Session(Box<Session>),
}

/// A token obtained by a separate login call.
#[derive(Debug, Clone, PartialEq)]
struct Session {
    login: Call,
    token: Extract,
    /// Where the token's lifetime in seconds is in the answer.
    expires_in: Option<Extract>,
    /// The token's lifetime if the answer does not give it.
    lifetime: Duration,
    headers: Shape,
    query: Shape,
    /// Position of a secret written in clear text in the file, if it has become part of the login call.
    clear_secret: Option<(u32, u32)>,
}

/// One request and the meaning of its answers.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    method: String,
    path: LocatedText,
    query: Shape,
    headers: Shape,
    body: BodyShape,
    answers: Answers,
}

/// A body as described in the file.
#[derive(Debug, Clone, PartialEq)]
enum BodyShape {
    Empty,
    Json(Shape),
    Form(Shape),
    Multipart {
        line: u32,
        column: u32,
        parts: Shape,
    },
    Text {
        content: LocatedText,
        kind: LocatedText,
    },
    File {
        content: LocatedText,
        kind: Option<LocatedText>,
    },
}

/// The meaning of answers, if it differs from the usual one.
#[derive(Debug, Clone, Default, PartialEq)]
struct Answers {
    statuses: Vec<((u16, u16), Meaning)>,
    conditions: Vec<(LocatedText, Meaning)>,
    message: Option<Extract>,
}

/// Where a value is in an answer.
#[derive(Debug, Clone, PartialEq)]
enum Extract {
    Pointer(String, Option<Pattern>),
    Header(String, Option<Pattern>),
    Expression(LocatedText),
}

/// An operation described in the file.
#[derive(Debug, Clone, PartialEq)]
struct Described {
    call: Call,
    before: Vec<Before>,
    /// If this is false, no call is made.
    only_if: Option<LocatedText>,
    elements: Option<Extract>,
    keep: Option<LocatedText>,
    /// The fields that are read, by their keys.
    fields: BTreeMap<&'static str, Extract>,
    /// The values that are read under names chosen in the file.
    values: BTreeMap<String, Extract>,
    page: Paging,
}

/// A call without side effects that precedes another call.
#[derive(Debug, Clone, PartialEq)]
struct Before {
    name: String,
    call: Call,
    values: BTreeMap<String, Extract>,
}

/// How the next page is requested.
#[derive(Debug, Clone, Default, PartialEq)]
struct Paging {
    size: Option<u32>,
    next: Option<Extract>,
    cursor: Option<Extract>,
    /// Line and column of `taille`.
    size_at: (u32, u32),
    /// Line and column of `curseur`.
    cursor_at: (u32, u32),
}

/// A call within an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The call that obtains the token.
    Login,
    /// One of the preceding calls, counted from 0.
    Before(usize),
    /// The operation itself.
    Main,
}

/// Visits a text: the operation it belongs to, and the names bound by repetitions around it.
type See<'f, 's> = &'f mut dyn FnMut(Option<Operation>, &'s LocatedText, &[&'s str]);

impl Connector {
    /// Reads and checks a partner's file; all faults are reported.
    #[must_use]
    pub fn compile(partner: Partner, text: &str, faults: &mut Vec<Diagnostic>) -> Option<Self> {
        let connector = source::read(partner, text, faults)?;
        check::check(&connector, faults).then_some(connector)
    }

    /// Checks the form of a file without interpreting its content.
    pub fn check_form(partner: Partner, text: &str, faults: &mut Vec<Diagnostic>) {
        let mut reader = Reader::of_kind(&KIND, partner.file(), faults);
        if let Some(root) = reader.root(text) {
            keys::check(&mut reader, partner, &root);
        }
    }

    /// Whether the file describes this operation.
    #[must_use]
    pub fn has(&self, operation: Operation) -> bool {
        self.operations.contains_key(&operation)
    }

    /// The operations that the file describes.
    pub fn described(&self) -> impl Iterator<Item = Operation> {
        self.operations.keys().copied()
    }

    /// The number of calls that precede this operation.
    #[must_use]
    pub fn steps_before(&self, operation: Operation) -> usize {
        self.operations
            .get(&operation)
            .map_or(0, |it| it.before.len())
    }

    /// Whether a login call obtains a token first.
    #[must_use]
    pub fn logs_in(&self) -> bool {
        matches!(self.auth, Auth::Session(_))
    }

    /// Whether a text of this operation uses a value whose name satisfies the predicate.
    fn uses(&self, operation: Operation, is_one: impl Fn(&str) -> bool) -> bool {
        let mut used = false;
        if let Some(described) = self.operations.get(&operation) {
            described.visit(&mut |text, locals| used |= text.uses(locals, &is_one));
        }
        used
    }

    /// The JSON Schema of a partner's file.
    #[must_use]
    pub fn schema(partner: Partner) -> Json {
        keys::schema(partner)
    }

    /// Visits every text of the file, with the operation it belongs to and the names bound by repetitions around it.
    fn visit<'s>(&'s self, see: See<'_, 's>) {
        let mut own = |text: &'s LocatedText, locals: &[&'s str]| see(None, text, locals);
        self.headers.visit(&mut Vec::new(), &mut own);
        if let Some(secret) = &self.signature {
            own(secret, &[]);
        }
        match &self.auth {
            Auth::None => {}
            Auth::Bearer(token) => own(token, &[]),
            Auth::Basic { user, password } => {
                own(user, &[]);
                own(password, &[]);
            }
            Auth::Fields { headers, query } => {
                headers.visit(&mut Vec::new(), &mut own);
                query.visit(&mut Vec::new(), &mut own);
            }
            Auth::Session(session) => {
                session.login.visit(&mut own);
                session.headers.visit(&mut Vec::new(), &mut own);
                session.query.visit(&mut Vec::new(), &mut own);
                session.token.visit(&mut own);
            }
        }
        for (operation, described) in &self.operations {
            described.visit(&mut |text, locals| see(Some(*operation), text, locals));
        }
    }
}

impl Described {
    fn visit<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText, &[&'s str])) {
        self.call.visit(see);
        for before in &self.before {
            before.call.visit(see);
            before.values.values().for_each(|it| it.visit(see));
        }
        let extracts = [&self.elements, &self.page.next, &self.page.cursor];
        extracts
            .into_iter()
            .flatten()
            .chain(self.fields.values())
            .chain(self.values.values())
            .for_each(|it| it.visit(see));
        for condition in [&self.keep, &self.only_if].into_iter().flatten() {
            see(condition, &[]);
        }
    }
}

impl Extract {
    fn visit<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText, &[&'s str])) {
        if let Self::Expression(text) = self {
            see(text, &[]);
        }
    }
}

impl Call {
    /// The parts that contain values, except the path.
    fn shapes(&self) -> impl Iterator<Item = &Shape> {
        let body = match &self.body {
            BodyShape::Json(shape)
            | BodyShape::Form(shape)
            | BodyShape::Multipart { parts: shape, .. } => Some(shape),
            BodyShape::Empty | BodyShape::Text { .. } | BodyShape::File { .. } => None,
        };
        [&self.query, &self.headers].into_iter().chain(body)
    }

    fn visit<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText, &[&'s str])) {
        see(&self.path, &[]);
        self.query.visit(&mut Vec::new(), see);
        self.headers.visit(&mut Vec::new(), see);
        match &self.body {
            BodyShape::Empty => {}
            BodyShape::Json(shape)
            | BodyShape::Form(shape)
            | BodyShape::Multipart { parts: shape, .. } => shape.visit(&mut Vec::new(), see),
            BodyShape::Text { content, kind } => {
                see(content, &[]);
                see(kind, &[]);
            }
            BodyShape::File { content, kind } => {
                see(content, &[]);
                if let Some(kind) = kind {
                    see(kind, &[]);
                }
            }
        }
        for (condition, _) in &self.answers.conditions {
            see(condition, &[]);
        }
        if let Some(message) = &self.answers.message {
            message.visit(see);
        }
    }
}

/// The base address used for a sample or a case.
fn sample_base() -> Option<Url> {
    Url::parse("https://api.example").ok()
}

#[cfg(test)]
mod tests;
