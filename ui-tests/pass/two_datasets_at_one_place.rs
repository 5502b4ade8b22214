use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        raw: Text = "raw.txt",
        clean: Text = "data/table.txt",
        report: Text = "report.txt",
    }
}

pipeline! {
    pub cleaning for Catalog {
        node(upper, [clean] -> [report]),
        node(lower, [raw] -> [clean]),
    }
}

fn upper(text: &str) -> String {
    text.to_uppercase()
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn main() {
    let _ = cleaning();
}
