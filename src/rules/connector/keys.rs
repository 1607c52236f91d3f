//! Every key of a connector's file: where it may stand, what may stand behind it, and what it
//! means. One table for the daemon, which refuses the rest, and for the schema that editors read.

mod check;
mod schema;
mod table;

pub(super) use check::check;
pub(super) use schema::schema;

/// A key of one place of the file.
struct Key {
    name: &'static str,
    required: bool,
    form: Form,
    about: &'static str,
}

/// What may stand behind a key.
enum Form {
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
const GUARDS: [&str; 4] = ["upsert", "cle_idempotence", "recherche", "possibles"];

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
