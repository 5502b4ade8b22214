//! What `catalog!` writes about a catalog, beside the struct itself.

use crate::dataset::AnyDataset;

/// A catalog: a struct with a dataset in each field, declared with [`catalog!`](crate::catalog!), which implements this.
pub trait Catalog {
    /// Whether its fields are datasets. If one is not, this does not compile, and whatever needs it is silent about what follows.
    #[doc(hidden)]
    const HAS_DATASETS: bool = true;

    /// The datasets, with their names, in the order of declaration. Parameters are not among them.
    fn datasets(&self) -> Vec<(&'static str, &dyn AnyDataset)>;

    /// The dataset of this name.
    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset> {
        self.datasets().into_iter().find_map(|(known, dataset)| (known == name).then_some(dataset))
    }
}

/// The catalog that nodes see: `C`, as far as rustc can work that out. It cannot where `HAS_DATASETS` does not compile; then it reports
/// the field that is no dataset, and not each node that uses one too.
pub type Seen<const HAS_DATASETS: bool, C> = <If<HAS_DATASETS> as Sees<C>>::Catalog;

/// See [`Seen`].
#[derive(Debug)]
pub struct If<const HAS_DATASETS: bool>;

/// See [`Seen`].
pub trait Sees<C> {
    /// `C`.
    type Catalog;
}

impl<const HAS_DATASETS: bool, C> Sees<C> for If<HAS_DATASETS> {
    type Catalog = C;
}
