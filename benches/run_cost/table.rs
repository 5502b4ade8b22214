//! A table that reads well as it is and as Markdown.

use std::fmt;

/// Names stand to the left, figures to the right.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<String>,
    n_names: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table whose first `n_names` columns hold names, and the others figures.
    pub(crate) fn new<'h>(n_names: usize, heading: impl IntoIterator<Item = &'h str>) -> Self {
        Self { heading: heading.into_iter().map(str::to_owned).collect(), n_names, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = vec![3; self.heading.len()];
        for row in self.rows.iter().chain([&self.heading]) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column < self.n_names {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.heading)?;
        for (column, &width) in widths.iter().enumerate() {
            let dashes = "-".repeat(width);
            if column < self.n_names { write!(f, "|-{dashes}-")? } else { write!(f, "|-{dashes}:")? }
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}
