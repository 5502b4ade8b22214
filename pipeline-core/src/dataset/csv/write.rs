//! Rows into the text of a table, with the names of the columns first.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::difference::{Path, Segment, Tree};
use super::super::fingerprint::Fingerprint;
use super::super::fold::fold;
use super::cells::{Columns, Written};
use super::columns::{self, RowKind};
use super::row::{self, Cells, RowError};
use super::{check_delimiter, quote};

/// The table of these rows, which loads as the same rows, or what is wrong with which row.
pub(super) fn to_bytes<T: Serialize + DeserializeOwned>(rows: &[T], delimiter: u8) -> Result<Vec<u8>, String> {
    check_delimiter(delimiter)?;
    let Some(first) = rows.first() else { return header_alone::<T>(delimiter) };
    let mut columns = Columns::default();
    find_columns(&mut columns, std::slice::from_ref(first), 0)?;
    loop {
        if columns.names().is_empty() {
            return Err(
                "row 1: it has no columns, and a CSV file without any cannot be told from an empty one".to_owned()
            );
        }
        match table(rows, &columns, delimiter)? {
            Table::Whole(text) => return Ok(text),
            // A row has columns that no row before it has: all of them are needed for the header.
            Table::MoreColumnsFrom(index) => find_columns(&mut columns, &rows[index..], index)?,
        }
    }
}

/// Adds the columns of these rows. The first has this index.
fn find_columns<T: Serialize>(columns: &mut Columns, rows: &[T], first: usize) -> Result<(), String> {
    let mut written = Written::default();
    for (index, row) in rows.iter().enumerate() {
        written.fill(row, columns, true).map_err(|error| at_row(first + index, columns.names(), &error))?;
    }
    Ok(())
}

enum Table {
    Whole(Vec<u8>),
    MoreColumnsFrom(usize),
}

fn table<T: Serialize + DeserializeOwned>(rows: &[T], columns: &Columns, delimiter: u8) -> Result<Table, String> {
    let kind = columns::kind::<T>();
    let names = columns.names();
    let mut writer = quote::writer(header(names, delimiter)?, delimiter);
    let mut written = Written::default();
    let mut columns = columns.clone();
    for (index, row) in rows.iter().enumerate() {
        written.fill(row, &mut columns, false).map_err(|error| at_row(index, names, &error))?;
        if written.has_more_columns() {
            return Ok(Table::MoreColumnsFrom(index));
        }
        check(row, kind, names, &written).map_err(|error| at_row(index, names, &with_absence(error, &written)))?;
        let cells = (0..names.len()).map(|column| written.cell(column).unwrap_or_default());
        writer.write_record(cells).map_err(|error| format!("row {}: {error}", index + 1))?;
    }
    writer.into_inner().map(Table::Whole).map_err(|error| error.to_string())
}

/// Reads a row again before it is written: it has to be the same.
fn check<T: Serialize + DeserializeOwned>(
    row: &T,
    kind: RowKind,
    names: &[String],
    written: &Written,
) -> Result<(), RowError> {
    let loaded: T = row::read(kind, names, written).map_err(|error| {
        let message = format!("it would be saved, but not loaded again: {}", error.message);
        RowError { message, ..error }
    })?;
    let refused = |error: super::super::fold::FoldError| RowError::new(error.to_string());
    if fold::<Fingerprint, T>(row).map_err(refused)? == fold::<Fingerprint, T>(&loaded).map_err(refused)? {
        return Ok(());
    }
    let (saved, loaded) = (fold::<Tree, T>(row).map_err(refused)?, fold::<Tree, T>(&loaded).map_err(refused)?);
    let Some(found) = saved.first_difference(&loaded) else {
        return Err(RowError::new("it would be loaded as another row"));
    };
    let column = column_of(&found.path, names);
    Err(RowError { column, ..RowError::new(found.message) })
}

/// The error of a row that leaves out a column that other rows have.
fn with_absence(error: RowError, written: &Written) -> RowError {
    match error.column {
        Some(column) if written.cell(column).is_none() => {
            let why = "the row has no value for it, which other rows have";
            RowError { message: format!("{why}; {}", error.message), ..error }
        }
        _ => error,
    }
}

/// The column of a part of a row.
fn column_of(path: &Path, names: &[String]) -> Option<usize> {
    match path.first() {
        Some(Segment::Index(index)) => Some(*index),
        Some(Segment::Name(part)) => names.iter().position(|name| name == part),
        None => None,
    }
}

fn at_row(index: usize, names: &[String], error: &RowError) -> String {
    // What a value itself says of why it cannot be written is about the only column, if there is
    // one.
    let only = (names.len() == 1 && error.missing.is_none()).then_some(0);
    match error.column.or(only).and_then(|column| names.get(column)) {
        Some(name) => format!("row {}, column `{name}`: {}", index + 1, error.message),
        None => format!("row {}: {}", index + 1, error.message),
    }
}

/// A table without rows. Only the type knows its columns.
fn header_alone<T: DeserializeOwned>(delimiter: u8) -> Result<Vec<u8>, String> {
    let names = columns::of_no_rows::<T>();
    if names.is_empty() {
        let why = "there are no rows, and what the columns would be is not known from the type";
        return Err(format!("{why}: a file without a header could not be told from one that was cut to nothing"));
    }
    header(&names, delimiter)
}

fn header(names: &[String], delimiter: u8) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    // A reader takes a byte order mark at the start of a file off, but not one in quotes.
    let is_marked = names.first().is_some_and(|name| name.starts_with('\u{feff}'));
    let mut writer = if is_marked { quote::always(&mut text, delimiter) } else { quote::writer(&mut text, delimiter) };
    writer.write_record(names).and_then(|()| Ok(writer.flush()?)).map_err(|error| error.to_string())?;
    drop(writer);
    Ok(text)
}

impl Cells for Written {
    fn len(&self) -> usize {
        self.n_columns()
    }

    fn cell(&self, index: usize) -> Option<&str> {
        let range: Range<usize> = self.range(index)?;
        self.text().get(range)
    }
}
