//! An export as a table, reduced to the columns that are read.

use std::ops::Range;

use super::dated::Dated;
use super::text::{decode, delimiter, named_delimiter};
use super::{code_pages, dated, quotes};
use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::garbled;

/// The columns of an export that are read, row by row; all values are slices of one text.
pub(super) struct Table<const N: usize> {
    texts: String,
    pub rows: Vec<(u32, [Range<usize>; N])>,
    /// The name of a column that is not read and contains dates.
    pub dated: Option<String>,
}

impl<const N: usize> Table<N> {
    const EMPTY: Self = Self {
        texts: String::new(),
        rows: Vec::new(),
        dated: None,
    };

    pub fn rows(&self) -> impl Iterator<Item = Row<'_, N>> + Clone {
        self.rows.iter().map(|(line, values)| Row {
            line: *line,
            values: values.each_ref().map(|range| &self.texts[range.clone()]),
        })
    }

    /// One of the columns, counted from 0, with the line of each value.
    pub fn column(&self, at: usize) -> impl Iterator<Item = (u32, &str)> {
        self.rows().map(move |row| (row.line, row.values[at]))
    }

    fn push(&mut self, line: u32, values: [&str; N]) {
        let values = values.map(|value| {
            let start = self.texts.len();
            self.texts.push_str(value);
            start..self.texts.len()
        });
        self.rows.push((line, values));
    }
}

/// One row of an export.
pub(super) struct Row<'t, const N: usize> {
    pub line: u32,
    pub values: [&'t str; N],
}

/// Reads the named columns of an export; an export with a fault that concerns all of it gives no rows.
pub(super) fn table<const N: usize>(
    files: &FileSet,
    file: &str,
    columns: [&str; N],
    faults: &mut Vec<Diagnostic>,
) -> Table<N> {
    let read = text_of(files, file).and_then(|text| {
        note_damaged_letters(file, &text, faults);
        read_text(&text, file, columns, faults)
    });
    read.unwrap_or_else(|fault| {
        faults.push(fault);
        Table::EMPTY
    })
}

/// The export as a text.
fn text_of(files: &FileSet, file: &str) -> Result<String, Diagnostic> {
    let Some(bytes) = files.get(file) else {
        let message = "ce fichier manque";
        return Err(Diagnostic::file(code::FILE_MISSING, file, message));
    };
    let text = decode(bytes);
    if text.starts_with("PK\u{3}\u{4}") || text.contains('\0') {
        let message =
            "ce fichier n'est pas un texte : un classeur Excel s'enregistre d'abord au format CSV";
        return Err(Diagnostic::file(code::EXPORT, file, message));
    }
    Ok(text)
}

/// A remark on letters that were written in one encoding and read in another.
fn note_damaged_letters(file: &str, text: &str, faults: &mut Vec<Diagnostic>) {
    let (line, message) = if let Some(found) = garbled::first(text) {
        let message = format!(
            "{} : l'export a été lu dans un autre codage que le sien, puis enregistré",
            found.sentence()
        );
        (found.place.0, message)
    } else if let Some((line, word, sign)) = code_pages::first(text) {
        let shown = if sign.is_control() {
            String::new()
        } else {
            format!(", où « {sign} » tient lieu d'une autre lettre")
        };
        let message = format!(
            "« {word} »{shown} : l'export est au format « CSV (MS-DOS) » ou « CSV (Macintosh) », dont les accents sont illisibles ; dans Excel, enregistrez-le au format « CSV UTF-8 »"
        );
        (line, message)
    } else {
        return;
    };
    faults.push(Diagnostic::at(code::EXPORT, file, line, 0, message).as_warning());
}

fn read_text<const N: usize>(
    text: &str,
    file: &str,
    columns: [&str; N],
    faults: &mut Vec<Diagnostic>,
) -> Result<Table<N>, Diagnostic> {
    let (named, text) = named_delimiter(text);
    let skipped = u32::from(named.is_some());
    let delimiter = named.unwrap_or_else(|| delimiter(text));
    if let Some((line, column)) = quotes::left_open(text, delimiter) {
        let message = "le guillemet ouvert ici n'est pas refermé : les lignes qui suivent seraient prises pour un seul texte";
        let line = line + skipped;
        return Err(Diagnostic::at(code::EXPORT, file, line, column, message));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let Some(places) = places(&mut reader, file, columns, faults) else {
        return Ok(Table::EMPTY);
    };
    let format = Format {
        delimiter,
        skipped,
        width: reader.headers().map_or(0, csv::StringRecord::len),
    };
    let names = reader.headers().map(names).unwrap_or_default();
    let mut dated = dated::columns(&names, &columns);
    let mut table = read_rows(&mut reader, file, places, format, &mut dated, faults)?;
    table.dated = dated::first(&dated);
    Ok(table)
}

/// The names of the columns as they are compared.
fn names(headers: &csv::StringRecord) -> Vec<String> {
    headers.iter().map(|it| it.trim().to_lowercase()).collect()
}

/// The format of an export.
#[derive(Clone, Copy)]
struct Format {
    delimiter: u8,
    /// Number of lines above the first one that the reader sees.
    skipped: u32,
    /// Number of columns in the first line.
    width: usize,
}

/// The rows below the first line; `None` if there is an error.
fn read_rows<const N: usize>(
    reader: &mut csv::Reader<&[u8]>,
    file: &str,
    places: [usize; N],
    format: Format,
    dated: &mut [Dated],
    faults: &mut Vec<Diagnostic>,
) -> Result<Table<N>, Diagnostic> {
    let mut table = Table::EMPTY;
    let mut record = csv::StringRecord::new();
    let illegible = |error| Diagnostic::file(code::EXPORT, file, format!("illisible : {error}"));
    while reader.read_record(&mut record).map_err(illegible)? {
        let line = record
            .position()
            .map_or(0, |at| clamp(at.line()) + format.skipped);
        // Trimmed here because the reader would copy each record to trim it.
        let values = record.iter().map(str::trim);
        if values.clone().all(str::is_empty) {
            // Excel leaves rows that contain only delimiters.
            continue;
        }
        if let Some(other) = other_delimiter(&record, format) {
            let message = format!(
                "la première ligne sépare les colonnes par « {} », et la ligne {line} par « {other} » : un seul des deux pour tout le fichier",
                char::from(format.delimiter)
            );
            return Err(Diagnostic::at(code::EXPORT, file, 1, 0, message));
        }
        let beyond = values.skip(format.width).any(|value| !value.is_empty());
        if record.len() < format.width || beyond {
            faults.push(wrong_width(file, line, record.len(), format));
            continue;
        }
        for column in &mut *dated {
            column.look(&record);
        }
        table.push(line, places.map(|place| record[place].trim()));
    }
    Ok(table)
}

/// The fault of a row with more or fewer columns than the first line.
fn wrong_width(file: &str, line: u32, found: usize, format: Format) -> Diagnostic {
    let message = format!(
        "{found} colonne{} au lieu de {} : la ligne est tronquée ou un « {} » n'est pas entre guillemets",
        if found < 2 { "" } else { "s" },
        format.width,
        char::from(format.delimiter)
    );
    Diagnostic::at(code::EXPORT, file, line, 0, message)
}

/// The delimiter of a row, if it differs from that of the first line.
fn other_delimiter(record: &csv::StringRecord, format: Format) -> Option<char> {
    let Format {
        delimiter, width, ..
    } = format;
    let other = if delimiter == b',' { ';' } else { ',' };
    let found: usize = record.iter().map(|it| it.matches(other).count()).sum();
    let in_first = record.get(0).is_some_and(|it| it.contains(other));
    (in_first && record.len() < width && found + 1 >= width).then_some(other)
}

/// Which field of a record contains each column.
fn places<const N: usize>(
    reader: &mut csv::Reader<&[u8]>,
    file: &str,
    columns: [&str; N],
    faults: &mut Vec<Diagnostic>,
) -> Option<[usize; N]> {
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => names(headers),
        Err(error) => {
            faults.push(Diagnostic::file(
                code::EXPORT,
                file,
                format!("illisible : {error}"),
            ));
            return None;
        }
    };
    let before = faults.len();
    let mut fault = |message| faults.push(Diagnostic::at(code::EXPORT, file, 1, 0, message));
    let known = |column: &str| headers.iter().any(|header| header == column);
    if !columns.into_iter().any(known) {
        let wanted = columns.join(", ");
        // Excel's « Texte » format separates columns like this.
        let tabs = if headers.iter().any(|it| it.contains('\t')) {
            ", séparées par des points-virgules et non par des tabulations : enregistrez-le en CSV"
        } else {
            ""
        };
        fault(format!(
            "la première ligne doit nommer les colonnes {wanted}{tabs}"
        ));
        return None;
    }
    let places = columns.map(|column| {
        let mut found = (0..).zip(&headers).filter(|(_, header)| *header == column);
        match (found.next(), found.next()) {
            (Some((place, _)), None) => return place,
            (Some(_), Some(_)) => fault(format!(
                "la colonne « {column} » est donnée deux fois dans la première ligne"
            )),
            (None, _) => {
                let others = headers.iter().map(String::as_str);
                let others = others.filter(|it| !columns.contains(it) && !it.is_empty());
                let near = nearest(column, others)
                    .map(|near| format!(" : est-ce « {near} », mal écrite ?"));
                fault(format!(
                    "la colonne « {column} » manque dans la première ligne{}",
                    near.unwrap_or_default()
                ));
            }
        }
        0
    });
    (faults.len() == before).then_some(places)
}

fn clamp(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
