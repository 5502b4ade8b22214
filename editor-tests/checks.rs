//! A check is a question with a name, and what came of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pipeline_editor_tests::{Editor, Result};

/// The checks that fail today, and why, a line each: `NAME # WHY`.
const LIMITS: &str = include_str!("limits.txt");

/// What has been asked, and whether the answer was right.
pub(crate) struct Checks {
    editor: Editor,
    /// The code before anything was typed.
    complete: String,
    results: Vec<(String, std::result::Result<(), String>)>,
}

impl Checks {
    pub(crate) fn new(editor: Editor) -> Self {
        let complete = editor.text().to_owned();
        Self { editor, complete, results: Vec::new() }
    }

    fn note(&mut self, name: &str, result: std::result::Result<(), String>) {
        self.results.push((name.to_owned(), result));
    }

    /// The offset of a place, of which there is one.
    fn at(&self, place: &str) -> usize {
        let (before, after) = place.split_once("$0").expect("a place has a cursor");
        let wanted = format!("{before}{after}");
        let mut found = self.editor.text().match_indices(&wanted).map(|(at, _)| at + before.len());
        match (found.next(), found.next()) {
            (Some(at), None) => at,
            (at, _) => panic!("`{place}` is there {}", if at.is_some() { "twice" } else { "nowhere" }),
        }
    }

    /// The line and what stands there, for people.
    fn describe(&self, at: usize) -> String {
        let text = self.editor.text();
        let line = text[..at].matches('\n').count();
        format!(
            "line {}, `{}`",
            line + 1,
            text[at..].chars().take_while(|c| c.is_alphanumeric() || "_!".contains(*c)).collect::<String>()
        )
    }

    /// The code has no errors.
    pub(crate) fn finds_no_errors(&mut self) -> Result<()> {
        let problems = self.editor.problems()?;
        self.note(
            "no errors in complete code",
            if problems.is_empty() { Ok(()) } else { Err(format!("{problems:?}")) },
        );
        Ok(())
    }

    /// "Go to definition" leads to one place, this one.
    pub(crate) fn leads(&mut self, name: &str, from: &str, to: &str) -> Result<()> {
        let found = self.editor.definitions(self.at(from))?;
        let wanted = self.at(to);
        let result = match found.as_slice() {
            [Ok(range)] if range.start == wanted => Ok(()),
            found => {
                let found = found.iter().map(|place| match place {
                    Ok(range) => self.describe(range.start),
                    Err(file) => file.rsplit('/').next().unwrap_or_default().to_owned(),
                });
                Err(format!("leads to {:?}", found.collect::<Vec<_>>()))
            }
        };
        self.note(name, result);
        Ok(())
    }

    /// The hover says this, and nothing of what the macros generate.
    pub(crate) fn shows(&mut self, name: &str, at: &str, wanted: &str) -> Result<()> {
        let found = self.editor.hover(self.at(at))?;
        let generated = [
            "pipeline_core::",
            "macro_rules",
            "{unknown}",
            "Out0",
            "let in_",
            "let out_",
            "let slot_",
            "\nio:",
            "returned",
        ];
        let is_alone = found.matches(wanted).count() == 1
            && generated.iter().all(|text| !found.replace(wanted, "").contains(text));
        self.note(name, if is_alone { Ok(()) } else { Err(format!("shows {found:?}")) });
        Ok(())
    }

    /// These places are all references, and a rename changes them and nothing else.
    pub(crate) fn renames(&mut self, name: &str, at: &str, places: &[&str]) -> Result<()> {
        const NEW: &str = "renamed";
        let at = self.at(at);
        let wanted: BTreeSet<usize> = places.iter().map(|place| self.at(place)).collect();
        let references = self.editor.references(at)?;
        let starts: BTreeSet<usize> = references.iter().map(|range| range.start).collect();
        let found = starts.iter().map(|&start| self.describe(start)).collect::<Vec<_>>();
        self.note(
            &format!("references of a {name}"),
            if starts == wanted { Ok(()) } else { Err(format!("finds {found:?}")) },
        );
        let text = self.editor.text();
        let length = text[*wanted.iter().next().expect("there is a place")..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .count();
        let mut renamed = text.to_owned();
        for &start in wanted.iter().rev() {
            renamed.replace_range(start..start + length, NEW);
        }
        let result = match self.editor.rename(at, NEW) {
            Ok(text) if text == renamed => Ok(()),
            Ok(text) => Err(format!("changes {} of {} places", text.matches(NEW).count(), wanted.len())),
            Err(error) => Err(error.to_string()),
        };
        self.note(&format!("rename of a {name}"), result);
        Ok(())
    }

    /// Changes the complete code in one place; the offset is that of the cursor then.
    pub(crate) fn type_instead(&mut self, from: &str, to: &str) -> Result<usize> {
        assert_eq!(self.complete.matches(from).count(), 1, "`{from}` is there once");
        let (start, cursor) = (self.complete.find(from), to.find("$0"));
        self.editor.set_text(self.complete.replace(from, &to.replace("$0", "")))?;
        Ok(start.unwrap_or_default() + cursor.expect("what is typed has a cursor"))
    }

    /// Goes back to the complete code.
    pub(crate) fn undo(&mut self) -> Result<()> {
        self.editor.set_text(self.complete.clone())
    }

    /// These names are offered.
    pub(crate) fn offers(&mut self, name: &str, at: usize, wanted: &[&str]) -> Result<()> {
        let found = self.editor.completions(at)?;
        let missing: Vec<_> = wanted.iter().filter(|wanted| !found.iter().any(|found| found == *wanted)).collect();
        let result = if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("does not offer {missing:?}, but {} others", found.len()))
        };
        self.note(name, result);
        Ok(())
    }

    /// These names are not offered in changed code.
    pub(crate) fn hides(&mut self, name: &str, from: &str, to: &str, unwanted: &[&str]) -> Result<()> {
        let at = self.type_instead(from, to)?;
        let found = self.editor.completions(at)?;
        let offered: Vec<_> = unwanted.iter().filter(|unwanted| found.iter().any(|found| found == *unwanted)).collect();
        let result = if found.is_empty() {
            Err("offers nothing at all".to_owned())
        } else if offered.is_empty() {
            Ok(())
        } else {
            Err(format!("offers {offered:?}"))
        };
        self.note(&format!("no completion with {name}"), result);
        Ok(())
    }

    /// One error that says this is shown at a place.
    pub(crate) fn finds(&mut self, name: &str, at: &str, wanted: &str) -> Result<()> {
        let at = self.at(at);
        let problems = self.editor.problems()?;
        let count =
            problems.iter().filter(|problem| problem.range.start == at && problem.message.contains(wanted)).count();
        self.note(&format!("error of {name}"), if count == 1 { Ok(()) } else { Err(format!("{problems:?}")) });
        Ok(())
    }

    pub(crate) fn compare_with_limits(self) -> Result<()> {
        let limits: Vec<(&str, &str)> = LIMITS.lines().filter_map(|line| line.split_once(" # ")).collect();
        let mut report = String::new();
        let mut is_right = true;
        for (name, result) in &self.results {
            let limit = limits.iter().find(|(limit, _)| limit == name);
            let line = match (result, limit) {
                (Ok(()), None) => format!("works      {name}"),
                (Err(found), None) => format!("BROKEN     {name}: {found}"),
                (Err(_), Some((_, why))) => format!("limit      {name}: {why}"),
                (Ok(()), Some(_)) => format!("WORKS NOW  {name}: take it off limits.txt"),
            };
            is_right &= result.is_ok() == limit.is_none();
            writeln!(report, "{line}")?;
        }
        for (limit, _) in limits.iter().filter(|(limit, _)| self.results.iter().all(|(name, _)| name != limit)) {
            writeln!(report, "UNKNOWN    {limit}: no check has this name")?;
            is_right = false;
        }
        eprintln!("{report}{} checks, {} limits", self.results.len(), limits.len());
        assert!(is_right, "the list above has lines in capitals");
        Ok(())
    }
}
