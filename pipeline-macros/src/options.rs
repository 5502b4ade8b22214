//! The options of a node: what stands behind its outputs, `name = "…"` and so on.

use proc_macro2::{Ident, Span};
use syn::parse::ParseStream;
use syn::{LitInt, LitStr, Token};

use crate::ast::{Node, Setting};
use crate::diagnostics::Diagnostics;
use crate::parse::comma;
use crate::scan::skip_to_comma;

/// Reads one option.
pub(crate) fn option(input: ParseStream<'_>, node: &mut Node, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    let key = input.parse::<Ident>()?;
    let known = ["name", "tags", "retries", "backoff", "timeout"];
    let name = key.to_string();
    if !known.contains(&name.as_str()) {
        let hint = pipeline_graph::did_you_mean(&name, &known, "the options of a node");
        diagnostics.error(key.span(), &format!("a node has no option `{key}`"), &hint);
        skip_to_comma(input);
        return Ok(());
    }
    if !input.peek(Token![=]) {
        return Err(input.error(format!("expected `=` after `{key}`")));
    }
    input.parse::<Token![=]>()?;
    let twice = match name.as_str() {
        "name" => node.name.is_some(),
        "tags" => !node.tags.is_empty(),
        "retries" => node.retries.is_some(),
        "backoff" => node.backoff.is_some(),
        _ => node.timeout.is_some(),
    };
    if twice {
        diagnostics.error(key.span(), &format!("the node has the option `{key}` already"), "");
    }
    match name.as_str() {
        "name" => node.name = Some(text(input, "a name in quotes, as in `name = \"split_data\"`")?),
        "tags" => tags(input, node, diagnostics)?,
        "retries" => {
            // Also where the number is a mistake, there are some.
            let setting = node.retries.insert(Setting { at: key.span(), value: 0 });
            setting.value = retries(input)?;
        }
        "backoff" => {
            let (at, value) = (key.span(), time(input, "backoff = \"1s\"")?);
            node.backoff = Some(Setting { at, value });
        }
        _ => {
            let (at, value) = (input.span(), time(input, "timeout = \"30s\"")?);
            if value == 0 {
                return Err(syn::Error::new(at, "no node is done in no time: a timeout is at least a millisecond"));
            }
            node.timeout = Some(Setting { at, value });
        }
    }
    Ok(())
}

fn tags(input: ParseStream<'_>, node: &mut Node, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    if !input.peek(syn::token::Bracket) {
        return Err(input.error("expected tags in brackets, as in `tags = [\"prepare\"]`"));
    }
    let content;
    syn::bracketed!(content in input);
    while !content.is_empty() {
        node.tags.push(text(&content, "a tag in quotes")?);
        if !content.is_empty() {
            comma(&content, "between tags", diagnostics);
        }
    }
    Ok(())
}

fn text(input: ParseStream<'_>, wanted: &str) -> syn::Result<LitStr> {
    if input.peek(LitStr) { input.parse() } else { Err(input.error(format!("expected {wanted}"))) }
}

/// How many more times a node is tried.
fn retries(input: ParseStream<'_>) -> syn::Result<u32> {
    let wanted = "expected how many more times to try, a whole number as in `retries = 3`";
    if !input.peek(LitInt) {
        return Err(input.error(wanted));
    }
    let number: LitInt = input.parse()?;
    number.base10_parse().map_err(|_| syn::Error::new(number.span(), wanted))
}

/// A time in quotes, in milliseconds.
fn time(input: ParseStream<'_>, example: &str) -> syn::Result<u64> {
    let text = text(input, &format!("a time in quotes, a number and its unit, as in `{example}`"))?;
    let (written, at) = (text.value(), text.span());
    in_milliseconds(&written).map_err(|wrong| wrong.error(&written, at))
}

/// What is wrong with a time.
#[derive(Debug, PartialEq, Eq)]
enum WrongTime {
    NoNumber,
    /// None, if there is no unit at all.
    UnknownUnit(Option<String>),
    TooFine,
    TooLong,
}

impl WrongTime {
    fn error(self, written: &str, at: Span) -> syn::Error {
        let units = "the units are `ms`, `s`, `m` and `h`";
        let message = match self {
            Self::NoNumber => format!("`{written}` is not a time: a time is a number and its unit, as in `1.5s`"),
            Self::UnknownUnit(Some(unit)) => format!("`{unit}` is not a unit of time: {units}"),
            Self::UnknownUnit(None) => format!("`{written}` has no unit: {units}, as in `{}s`", written.trim()),
            Self::TooFine => format!("`{written}` is finer than a millisecond"),
            Self::TooLong => format!("`{written}` is longer than can be counted in milliseconds"),
        };
        syn::Error::new(at, message)
    }
}

/// Whole milliseconds have no more decimals than this, in any unit.
const MOST_DECIMALS: u32 = 7;

/// `1.5s` is 1500.
fn in_milliseconds(written: &str) -> Result<u64, WrongTime> {
    let written = written.trim();
    let end = written.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(written.len());
    let (number, unit) = written.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(WrongTime::NoNumber);
    }
    let unit: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" => return Err(WrongTime::UnknownUnit(None)),
        other => return Err(WrongTime::UnknownUnit(Some(other.to_owned()))),
    };
    let whole = whole.parse().ok().and_then(|whole: u64| whole.checked_mul(unit)).ok_or(WrongTime::TooLong)?;
    let fraction = fraction.trim_end_matches('0');
    let n_decimals = u32::try_from(fraction.len()).ok().filter(|n| *n <= MOST_DECIMALS).ok_or(WrongTime::TooFine)?;
    let (parts, of) = (fraction.parse::<u64>().unwrap_or(0) * unit, 10_u64.pow(n_decimals));
    if parts % of != 0 {
        return Err(WrongTime::TooFine);
    }
    whole.checked_add(parts / of).ok_or(WrongTime::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        let times = [
            ("1s", 1_000),
            ("0s", 0),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("0.1s", 100),
            ("0.001s", 1),
            ("2 m", 120_000),
            ("0.25h", 900_000),
            (" 10.50s ", 10_500),
            ("1.0ms", 1),
        ];
        for (written, milliseconds) in times {
            assert_eq!(in_milliseconds(written), Ok(milliseconds), "{written}");
        }
    }

    #[test]
    fn what_is_not_a_time_says_why() {
        let unknown = |unit: &str| WrongTime::UnknownUnit(Some(unit.to_owned()));
        let wrong = [
            ("", WrongTime::NoNumber),
            ("s", WrongTime::NoNumber),
            ("-1s", WrongTime::NoNumber),
            ("1.s", WrongTime::NoNumber),
            ("1.2.3s", WrongTime::NoNumber),
            ("1e3s", unknown("e3s")),
            ("3", WrongTime::UnknownUnit(None)),
            ("3sec", unknown("sec")),
            ("3 days", unknown("days")),
            ("0.5ms", WrongTime::TooFine),
            ("0.0001s", WrongTime::TooFine),
            ("99999999999999999999s", WrongTime::TooLong),
            ("9999999999999999h", WrongTime::TooLong),
        ];
        for (written, why) in wrong {
            assert_eq!(in_milliseconds(written), Err(why), "{written}");
        }
    }
}
