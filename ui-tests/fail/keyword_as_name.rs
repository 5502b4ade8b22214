use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        shuttles: Memory<Vec<String>>,
        r#type: Memory<String>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(most_common, [shuttles] -> [type]),
    }
}

fn most_common(shuttles: &[String]) -> String {
    shuttles[0].clone()
}

fn main() {}
