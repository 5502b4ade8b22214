use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        shuttles: Memory<Vec<String>>,
        r#type: Memory<String>,
    }
}

pipeline! {
    pub data_processing for Catalog {
        node(most_common, [shuttles] -> [r#type]),
    }
}

fn most_common(shuttles: &[String]) -> String {
    shuttles[0].clone()
}

fn main() {
    let catalog = Catalog { shuttles: Memory::new(vec!["Type V5".to_owned()]), ..Catalog::default() };
    SequentialRunner::new().run(&data_processing(), &catalog).unwrap();
    assert_eq!(catalog.r#type.load().unwrap(), "Type V5".to_owned());
}
