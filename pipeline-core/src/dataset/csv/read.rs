//! The text of a table into rows.

use pipeline_graph::did_you_mean;
use serde::de::DeserializeOwned;

use super::super::signature;
use super::columns::{self, Problem, RowKind};
use super::row::{self, RowError};
use super::{check_delimiter, quote};
use crate::error::BoxError;

/// Why a table cannot be read, and on which line.
pub(super) struct NotRead {
    pub(super) line: Option<u64>,
    pub(super) message: String,
    pub(super) cause: BoxError,
}

impl NotRead {
    fn new(line: Option<u64>, message: String) -> Self {
        Self { line, cause: message.clone().into(), message }
    }
}

/// The rows of a table.
pub(super) fn from_bytes<T: DeserializeOwned>(bytes: &[u8], delimiter: u8) -> Result<Vec<T>, NotRead> {
    check_delimiter(delimiter).map_err(|message| NotRead::new(None, message))?;
    // Read as it is, a header that is not UTF-8 has no names, and its columns would go by their
    // places.
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count() as u64;
        let message = match signature::hint(bytes) {
            "" => format!("{error}; a CSV file is text in UTF-8"),
            hint => format!("it is not UTF-8{hint}"),
        };
        NotRead { line: Some(line), message, cause: error.into() }
    })?;
    quote::check(text, delimiter).map_err(|bad| NotRead::new(Some(bad.line), bad.message.to_owned()))?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let header = reader.headers().map_err(|error| not_read(bytes, error))?.clone();
    let position = header.position().filter(|_| !header.is_empty());
    let line = position.map_or(1, |position| line_of_record(bytes, position));
    let table = Table::<T>::new(&header, text, delimiter).map_err(|message| NotRead::new(Some(line), message))?;

    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| not_read(bytes, error))? {
        match row::read(table.kind, &table.columns, &record) {
            Ok(row) => rows.push(row),
            Err(error) => return Err(table.not_read(&error, bytes, line, &header, &record)),
        }
    }
    if rows.is_empty() {
        table.check_without_rows().map_err(|message| NotRead::new(Some(line), message))?;
    }
    Ok(rows)
}

/// The columns of a table, for rows of one type.
struct Table<T> {
    kind: RowKind,
    columns: Vec<String>,
    /// What to do if the delimiter or the format seems to be another one.
    hint: String,
    row: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Table<T> {
    fn new(header: &csv::StringRecord, text: &str, delimiter: u8) -> Result<Self, String> {
        if header.is_empty() {
            let what = if text.is_empty() { "the file is empty" } else { "there is nothing but empty lines" };
            return Err(format!("{what}: a CSV file has the names of its columns at least"));
        }
        let columns = header.iter().map(str::to_owned).collect();
        let hint = match signature::hint(text.as_bytes()) {
            "" => hint(header, delimiter),
            hint => hint.to_owned(),
        };
        let table = Self { kind: columns::kind::<T>(), columns, hint, row: std::marker::PhantomData };
        table.check(header)?;
        Ok(table)
    }

    /// Whether the header can be one of such rows.
    fn check(&self, header: &csv::StringRecord) -> Result<(), String> {
        match self.kind {
            RowKind::Fields(fields) => {
                let is_field = |column: &String| fields.contains(&column.as_str());
                if !fields.is_empty() && !self.columns.iter().any(is_field) {
                    return Err(self.missing(fields[0]));
                }
            }
            RowKind::Named => {
                for (index, column) in self.columns.iter().enumerate() {
                    if self.columns[..index].contains(column) {
                        return Err(twice(column));
                    }
                }
            }
            RowKind::List(Some(n)) if n > self.columns.len() => {
                let found = self.columns.len();
                return Err(format!(
                    "a row has {n} values, but the header has {found} column{}{}",
                    if found == 1 { "" } else { "s" },
                    self.hint
                ));
            }
            RowKind::List(_) | RowKind::Cell => {
                // Rows that any text is good for, such as of `String`, cannot be told from names.
                let anything: csv::StringRecord = header.iter().map(|_| "\u{1}").collect();
                let reads = |record: &csv::StringRecord| row::read::<T>(self.kind, &self.columns, record).is_ok();
                if reads(header) && !reads(&anything) {
                    return Err("the first line is a row, and not the names of the columns, which a CSV file has: \
                                add a line with names before it"
                        .to_owned());
                }
            }
        }
        Ok(())
    }

    /// Whether the header has the columns that a row needs. With rows, the first of them tells.
    fn check_without_rows(&self) -> Result<(), String> {
        match self.kind {
            RowKind::Fields(_) | RowKind::Named => match columns::problem::<T>(&self.columns) {
                Some(Problem::Missing(field)) => Err(self.missing(field)),
                Some(Problem::Twice(field)) => Err(twice(field)),
                Some(Problem::Unknown(index)) => {
                    let column = self.columns.get(index).map_or("", String::as_str);
                    Err(format!("the rows have no field for column `{column}`"))
                }
                None => Ok(()),
            },
            RowKind::List(_) | RowKind::Cell => Ok(()),
        }
    }

    fn missing(&self, field: &str) -> String {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let hint = match self.hint.as_str() {
            "" => format!("; {}", did_you_mean(field, &columns, "the columns")),
            hint => hint.to_owned(),
        };
        format!("there is no column `{field}`{hint}")
    }

    fn not_read(
        &self,
        error: &RowError,
        bytes: &[u8],
        header_line: u64,
        header: &csv::StringRecord,
        record: &csv::StringRecord,
    ) -> NotRead {
        let (line, message) = match (error.missing, error.column.and_then(|column| self.columns.get(column))) {
            (Some(field), None) => (Some(header_line), self.missing(field)),
            (_, Some(column)) => (None, format!("column `{column}`: {error}")),
            (_, None) => (None, error.to_string()),
        };
        let line = line.or_else(|| record.position().map(|position| line_of_record(bytes, position)));
        // What the crate `csv` says of the row, which is what callers may look for in the chain.
        let cause = match record.deserialize::<T>(Some(header)) {
            Err(cause) => cause.into(),
            Ok(_) => error.clone().into(),
        };
        NotRead { line, message, cause }
    }
}

fn twice(column: &str) -> String {
    format!("column `{column}` is there twice, and which one is meant cannot be known")
}

/// What to do if a header of one column has what may be another delimiter.
fn hint(header: &csv::StringRecord, delimiter: u8) -> String {
    let only = if header.len() == 1 { header.get(0).unwrap_or_default() } else { "" };
    let other = [b';', b'\t', b'|', b',']
        .into_iter()
        .find(|&other| other != delimiter && only.contains(char::from(other)) && !only.contains(['{', '<']));
    other.map_or_else(String::new, |other| {
        let shown = char::from(other).escape_default();
        format!(
            "; the only column is `{only}`: are the columns separated by `{shown}`? `.delimiter(b'{shown}')` says so"
        )
    })
}

fn not_read(bytes: &[u8], error: csv::Error) -> NotRead {
    let line = error.position().map(|position| line_of_record(bytes, position));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, but the rows before it have {expected_len}")
        }
        _ => error.to_string(),
    };
    NotRead { line, message, cause: error.into() }
}

/// The line on which a record begins: its position is that before empty lines, which are passed
/// over.
fn line_of_record(text: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let empty = rest.iter().take_while(|&&byte| byte == b'\n' || byte == b'\r').filter(|&&byte| byte == b'\n').count();
    position.line() + empty as u64
}
