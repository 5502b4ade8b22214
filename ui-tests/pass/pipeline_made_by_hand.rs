#![forbid(unsafe_code)]

use pipeline_core::prelude::*;

catalog! {
    struct Catalog {}
}

pipeline! {
    text for Catalog { node(|| "42".to_owned(), [] -> [text: String]) }
}

fn main() -> Result<(), pipeline_core::Error> {
    println!("{}", SequentialRunner::new().run(&text(), &Catalog::default())?.text);
    Ok(())
}
