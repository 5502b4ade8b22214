//! Words of a command line as a POSIX shell reads them, so that what an error advises can be
//! pasted.

/// A list of names as one word. In double quotes as Kedro's, unless something in them would not
/// stay what it is.
pub(crate) fn quoted(names: &[String]) -> String {
    let list = names.join(",");
    if list.contains(['"', '$', '`', '\\', '!']) { single_quoted(&list) } else { format!("\"{list}\"") }
}

/// A word, quoted if it must be.
#[cfg(feature = "cli")]
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-+=:,./@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { single_quoted(text) }
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    /// The words that a shell makes of a command line.
    fn words(line: &str) -> Vec<String> {
        let output =
            Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().expect("there is a shell");
        assert!(output.status.success(), "{line}");
        let text = String::from_utf8(output.stdout).expect("it is text");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    const NAMES: [&str; 12] = [
        "rank",
        "<closure>([A]) -> [B]",
        "f([a;params:x]) -> None",
        "two words",
        "it's",
        "\"quoted\"",
        "$HOME",
        "`id`",
        "back\\slash",
        "wow!",
        "a && b; c | d > e",
        "*?~#%{a,b}",
    ];

    #[test]
    fn a_shell_reads_names_as_they_are() {
        for name in NAMES {
            assert_eq!(words(&super::quoted(&[name.to_owned()])), [name]);
        }
        let all = NAMES.map(str::to_owned);
        assert_eq!(words(&super::quoted(&all)), [NAMES.join(",")]);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_shell_reads_words_as_they_are() {
        for name in NAMES.into_iter().chain([""]) {
            assert_eq!(words(&super::word(name)), [name]);
        }
        assert_eq!(super::word("target/release/app-1.0"), "target/release/app-1.0");
    }
}
