//! What an editor shows inside the macros: see `editor.rs`. Here is what it is asked with: a client that speaks to rust-analyzer, as an
//! editor does, about one file.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use serde_json::{Value, json};

/// How long rust-analyzer may take to load the crate, the build of the macros included.
const LOADING: Duration = Duration::from_secs(300);
/// How long it may take to answer.
const ANSWERING: Duration = Duration::from_secs(60);

/// An error of the talk with rust-analyzer; a wrong answer is none.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// rust-analyzer with one open file. It is killed when this is dropped.
#[derive(Debug)]
pub struct Editor {
    server: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    id: u64,
    file: String,
    text: String,
    version: u64,
}

/// An error as an editor shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is shown.
    pub range: Range<usize>,
    /// What is said.
    pub message: String,
}

impl Editor {
    /// Starts `server` and opens `file` of the crate in `folder`. Returns when all is loaded.
    ///
    /// # Errors
    ///
    /// Fails if the server does, or takes too long.
    pub fn open(server: &Path, folder: &Path, file: &str, options: &Value) -> Result<Self> {
        let mut server = Command::new(server)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(to), Some(out)) = (server.stdin.take(), server.stdout.take()) else { unreachable!("both are piped") };
        let (sender, from) = channel();
        // Ends when the server does, or the editor.
        thread::spawn(move || {
            let mut out = BufReader::new(out);
            while let Ok(message) = read(&mut out) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let path = folder.join(file);
        let text = fs::read_to_string(&path)?;
        let uri = |path: &Path| format!("file://{}", path.display());
        let mut editor = Self { server, to, from, id: 0, file: uri(&path), text, version: 1 };
        let capabilities = json!({
            "experimental": { "serverStatusNotification": true },
            "textDocument": {
                "definition": { "linkSupport": true },
                "hover": { "contentFormat": ["plaintext"] },
                "diagnostic": {},
                "completion": { "completionItem": {} },
            },
            "workspace": { "workspaceEdit": { "documentChanges": false } },
            "window": { "workDoneProgress": false },
            "general": { "positionEncodings": ["utf-8"] },
        });
        editor.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri(folder),
                "workspaceFolders": [{ "uri": uri(folder), "name": "fixture" }],
                "capabilities": capabilities,
                "initializationOptions": options,
            }),
        )?;
        editor.notify("initialized", &json!({}))?;
        let document = json!({ "uri": editor.file, "languageId": "rust", "version": 1, "text": editor.text });
        editor.notify("textDocument/didOpen", &json!({ "textDocument": document }))?;
        editor.wait_until_loaded()?;
        Ok(editor)
    }

    fn wait_until_loaded(&mut self) -> Result<()> {
        let end = Instant::now() + LOADING;
        loop {
            let message = self.receive(end)?;
            if message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true {
                let params = &message["params"];
                return if params["health"] == "ok" { Ok(()) } else { Err(params["message"].to_string().into()) };
            }
        }
    }

    /// The text of the file as it is now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text, as typing does.
    ///
    /// # Errors
    ///
    /// Fails if the server is gone.
    pub fn set_text(&mut self, text: String) -> Result<()> {
        self.version += 1;
        self.text = text;
        let document = json!({ "uri": self.file, "version": self.version });
        let changes = json!([{ "text": self.text }]);
        self.notify("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": changes }))
    }

    /// The errors that rust-analyzer finds by itself.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn problems(&mut self) -> Result<Vec<Problem>> {
        let answer = self.request("textDocument/diagnostic", &json!({ "textDocument": { "uri": self.file } }))?;
        let errors = list(&answer["items"]).filter(|item| item["severity"] == 1);
        Ok(errors
            .map(|item| Problem { range: self.range(&item["range"]), message: string(&item["message"]) })
            .collect())
    }

    /// Where "go to definition" leads: the ranges in this file, or names of other files.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn definitions(&mut self, at: usize) -> Result<Vec<std::result::Result<Range<usize>, String>>> {
        let answer = self.ask("textDocument/definition", at, &json!({}))?;
        let links = list(&answer).map(|link| {
            let uri = string(&link["targetUri"]);
            if uri == self.file { Ok(self.range(&link["targetSelectionRange"])) } else { Err(uri) }
        });
        Ok(links.collect())
    }

    /// What is shown under the pointer; empty if nothing is.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn hover(&mut self, at: usize) -> Result<String> {
        let answer = self.ask("textDocument/hover", at, &json!({}))?;
        Ok(string(&answer["contents"]["value"]))
    }

    /// All places of a name in this file, in order.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn references(&mut self, at: usize) -> Result<Vec<Range<usize>>> {
        let context = json!({ "context": { "includeDeclaration": true } });
        let answer = self.ask("textDocument/references", at, &context)?;
        let here = list(&answer).filter(|place| place["uri"] == *self.file);
        let mut ranges: Vec<_> = here.map(|place| self.range(&place["range"])).collect();
        ranges.sort_by_key(|range| range.start);
        Ok(ranges)
    }

    /// The text of the file after a rename.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer, or refuses.
    pub fn rename(&mut self, at: usize, name: &str) -> Result<String> {
        let answer = self.ask("textDocument/rename", at, &json!({ "newName": name }))?;
        let mut edits = BTreeMap::new();
        let changes = list(&answer["documentChanges"]).filter(|change| change["textDocument"]["uri"] == *self.file);
        let edits_here = changes.flat_map(|change| list(&change["edits"])).chain(list(&answer["changes"][&self.file]));
        for edit in edits_here {
            let range = self.range(&edit["range"]);
            edits.insert(range.start, (range, string(&edit["newText"])));
        }
        let mut text = self.text.clone();
        for (range, new) in edits.into_values().rev() {
            text.replace_range(range, &new);
        }
        Ok(text)
    }

    /// The names that are offered.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn completions(&mut self, at: usize) -> Result<Vec<String>> {
        let answer = self.ask("textDocument/completion", at, &json!({ "context": { "triggerKind": 1 } }))?;
        let items = if answer.is_array() { &answer } else { &answer["items"] };
        Ok(list(items).map(|item| string(&item["label"])).collect())
    }

    /// The file with all macros at a place expanded.
    ///
    /// # Errors
    ///
    /// Fails if the server does not answer.
    pub fn expansion(&mut self, at: usize) -> Result<String> {
        let answer = self.ask("rust-analyzer/expandMacro", at, &json!({}))?;
        Ok(string(&answer["expansion"]))
    }

    fn ask(&mut self, method: &str, at: usize, more: &Value) -> Result<Value> {
        let mut params = json!({ "textDocument": { "uri": self.file }, "position": self.position(at) });
        if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
            params.extend(more.clone());
        }
        self.request(method, &params)
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        /// The text has changed, or is still being read: ask again.
        const CONTENT_MODIFIED: i64 = -32801;
        let end = Instant::now() + ANSWERING;
        loop {
            self.id += 1;
            self.send(&json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }))?;
            let mut answer = loop {
                let message = self.receive(end)?;
                if message["id"] == self.id && message.get("method").is_none() {
                    break message;
                }
            };
            match answer.get("error") {
                None => return Ok(answer["result"].take()),
                Some(error) if error["code"] == CONTENT_MODIFIED => thread::sleep(Duration::from_millis(50)),
                Some(error) => return Err(string(&error["message"]).into()),
            }
        }
    }

    fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let message = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{message}", message.len())?;
        Ok(self.to.flush()?)
    }

    /// The next message. What the server asks is answered with nothing.
    fn receive(&mut self, end: Instant) -> Result<Value> {
        let message = self
            .from
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .map_err(|error| format!("rust-analyzer does not answer: {error}"))?;
        if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))?;
        }
        Ok(message)
    }

    fn position(&self, at: usize) -> Value {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        json!({ "line": before.matches('\n').count(), "character": at - line_start })
    }

    fn range(&self, range: &Value) -> Range<usize> {
        let offset = |position: &Value| {
            let number = |key: &str| position[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
            let lines = self.text.split_inclusive('\n').take(number("line"));
            lines.map(str::len).sum::<usize>() + number("character")
        };
        offset(&range["start"])..offset(&range["end"])
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may be gone already.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn read(out: &mut impl BufRead) -> io::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if out.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    out.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
