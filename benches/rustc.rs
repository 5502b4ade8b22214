//! Which rustc there is.

use std::error::Error;
use std::process::Command;

/// The version of rustc, as it tells it.
pub(crate) fn version() -> Result<String, Box<dyn Error>> {
    let output = Command::new("rustc").arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
