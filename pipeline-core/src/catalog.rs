//! What `catalog!` writes about a catalog, beside the struct itself.

use crate::dataset::AnyDataset;

/// A catalog: a struct with a dataset in each field, declared with [`catalog!`](crate::catalog!), which implements this.
pub trait Catalog {
    /// The datasets, with their names, in the order of declaration. Parameters are not among them.
    fn datasets(&self) -> Vec<(&'static str, &dyn AnyDataset)>;

    /// The dataset of this name.
    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset> {
        self.datasets().into_iter().find_map(|(known, dataset)| (known == name).then_some(dataset))
    }
}
