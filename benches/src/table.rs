//! Markdown tables.

use std::fmt;

pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(corner: &str, columns: impl IntoIterator<Item = &'static str>) -> Self {
        let mut head = vec![corner.to_string()];
        head.extend(columns.into_iter().map(String::from));
        Self { rows: vec![head] }
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = String>) {
        let mut row = vec![name.into()];
        row.extend(cells);
        self.rows.push(row);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|c| c.chars().count())
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.rows[0].len()).map(|at| self.width(at)).collect();
        for (line, row) in self.rows.iter().enumerate() {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if at == 0 {
                    write!(f, "| {cell:<width$} |")?
                } else {
                    write!(f, " {cell:>width$} |")?
                }
            }
            writeln!(f)?;
            if line == 0 {
                for (at, width) in widths.iter().enumerate() {
                    let (open, close) = if at == 0 { ("|", "-") } else { ("", ":") };
                    write!(f, "{open}{:-<1$}{close}|", "", width + 1)?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
