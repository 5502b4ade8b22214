//! The files of a run: that no two entries are one file by mistake, that they can be asked whether
//! they exist, and that they are on the disk.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::Run;
use crate::dag::{Dag, Dataset, Kind, Node, Selection};
use crate::dataset::AnyDataset;
use crate::dataset::save::{MOST_LINKS, follow, is_descriptor, sync_file, sync_folder};
use crate::memory::State;
use crate::panics::caught;
use crate::pipeline::Plan;
use crate::{Catalog, DatasetError, Error};

/// An entry of the catalog that nodes of a run use.
struct Entry<'r> {
    name: &'r str,
    file: PathBuf,
    writer: Option<Node<'r>>,
    reader: Option<Node<'r>>,
    shares: bool,
}

/// Checks before a run that no two entries that its nodes use are one file, if one of them is
/// written: nothing orders the readers of the other after that.
pub(super) fn check<C: Catalog>(
    pipeline: Option<&str>,
    plan: &Plan<C>,
    dag: &Dag,
    catalog: &C,
    selection: Option<&Selection>,
) -> Result<(), Error> {
    // A run whose catalog is in memory does not list it.
    let Outside { n_used: 2.., is_written: true } = plan.outside(|| outside(dag, catalog)) else { return Ok(()) };
    let entries = entries(pipeline, dag, catalog, selection)?;
    if !entries.iter().any(|entry| entry.writer.is_some()) {
        return Ok(());
    }
    let mut at_place: HashMap<Place, Vec<Entry<'_>>> = HashMap::with_capacity(entries.len());
    for entry in entries.into_iter().filter(|entry| !entry.shares) {
        if let Some(place) = Place::of(&entry.file) {
            at_place.entry(place).or_default().push(entry);
        }
    }
    let is_clash = |entries: &&Vec<Entry<'_>>| entries.len() > 1 && entries.iter().any(|entry| entry.writer.is_some());
    // Of several clashes, always the same one is reported.
    let first = at_place.values().filter(is_clash).min_by_key(|entries| entries[0].name);
    first.map_or(Ok(()), |entries| Err(clash(pipeline, entries)))
}

/// What nodes of a pipeline use of the catalog that it does not keep in memory, and that may be in
/// files therefore. This follows from the types of the datasets, so it is the same in all runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outside {
    n_used: usize,
    is_written: bool,
}

fn outside<C: Catalog>(dag: &Dag, catalog: &C) -> Outside {
    let known: HashMap<&str, &dyn AnyDataset> = catalog.datasets().into_iter().collect();
    let is_outside = |name: &str| known.get(name).is_some_and(|dataset| !dataset.is_kept_in_memory());
    let used = dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog && is_outside(dataset.name()));
    used.fold(Outside { n_used: 0, is_written: false }, |Outside { n_used, is_written }, dataset| Outside {
        n_used: n_used + 1,
        is_written: is_written || dataset.writer().is_some(),
    })
}

/// The entries in files that the nodes of a run use.
fn entries<'r, C: Catalog>(
    pipeline: Option<&str>,
    dag: &'r Dag,
    catalog: &C,
    selection: Option<&Selection>,
) -> Result<Vec<Entry<'r>>, Error> {
    let known: HashMap<&str, &dyn AnyDataset> = catalog.datasets().into_iter().collect();
    let runs = |node: &Node<'_>| selection.is_none_or(|selection| selection.contains(node.id()));
    let mut entries = Vec::new();
    for dataset in dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog) {
        let (writer, reader) = (dataset.writer().filter(runs), dataset.readers().find(runs));
        let (Some(node), Some(any)) = (writer.or(reader), known.get(dataset.name())) else { continue };
        let asked = caught(|| any.file().map(|file| (file.to_owned(), any.shares_its_place())));
        let asked = asked.map_err(|message| {
            let pipeline = pipeline.map(str::to_owned);
            Error::Panicked { pipeline, node: node.to_string(), message }
        })?;
        if let Some((file, shares)) = asked {
            entries.push(Entry { name: dataset.name(), file, writer, reader, shares });
        }
    }
    Ok(entries)
}

#[cold]
fn clash(pipeline: Option<&str>, entries: &[Entry<'_>]) -> Error {
    let tell = |entry: &Entry<'_>| {
        let node = entry.writer.map(|node| format!("written by node `{node}`"));
        let node = node.or_else(|| entry.reader.map(|node| format!("read by node `{node}`")));
        (entry.name.to_owned(), format!("{}, {}", entry.file.display(), node.unwrap_or_default()))
    };
    // The one that is written first, whose file it is.
    let mut entries: Vec<&Entry<'_>> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.writer.is_none());
    let place = entries.first().map(|entry| absolute(&entry.file)).unwrap_or_default();
    let datasets = entries.into_iter().map(tell).collect();
    Error::SharedPlace { pipeline: pipeline.map(str::to_owned), place, datasets }
}

/// Where a file is, whatever path leads there.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

impl Place {
    /// None if the path leads to a stream, such as a pipe or `/dev/null`: it holds nothing that a
    /// reader could find.
    fn of(file: &Path) -> Option<Self> {
        // A loop of links is no place; that it cannot be read or written is told when it is.
        let target = follow(file).ok()?;
        if is_descriptor(&target) {
            return None;
        }
        match fs::metadata(file) {
            Ok(found) if holds_data(&found) => Some(Self::of_existing(file, &found)),
            Ok(_) => None,
            Err(_) => Some(Self::Path(with_folded_case(resolved(&target)))),
        }
    }

    #[cfg(unix)]
    fn of_existing(_: &Path, found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Inode(found.dev(), found.ino())
    }

    #[cfg(not(unix))]
    fn of_existing(file: &Path, _: &fs::Metadata) -> Self {
        Self::Path(fs::canonicalize(file).unwrap_or_else(|_| resolved(file)))
    }
}

#[cfg(unix)]
fn holds_data(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.is_file() || found.is_dir() || found.file_type().is_block_device()
}

#[cfg(not(unix))]
fn holds_data(found: &fs::Metadata) -> bool {
    found.is_file() || found.is_dir()
}

/// The path of a file that is not there yet, without links: those of its folders may lead to what
/// is not there either.
fn resolved(file: &Path) -> PathBuf {
    let components = |path: &Path| path.components().rev().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    let (mut path, mut rest, mut n_links) = (PathBuf::new(), components(&absolute(file)), 0);
    while let Some(part) = rest.pop() {
        if part == "." {
            continue;
        }
        if part == ".." {
            path.pop();
            continue;
        }
        let next = path.join(part);
        match fs::read_link(&next) {
            // A loop of links is no place; that it cannot be read or written is reported when it is.
            Ok(link) if n_links < MOST_LINKS => {
                n_links += 1;
                rest.extend(components(&link));
            }
            _ => path = next,
        }
    }
    path
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// Where most file systems do not tell upper from lower case, names of files that are not there yet
/// are compared so. Names of those that are there need no rule: they lead to one file or to two.
fn with_folded_case(path: PathBuf) -> PathBuf {
    if cfg!(any(windows, target_vendor = "apple")) { path.to_string_lossy().to_lowercase().into() } else { path }
}

/// Asks a dataset of the catalog whether it exists, for a run that makes only what is missing.
pub(super) fn exists<C: Catalog>(pipeline: Option<&str>, dag: &Dag, catalog: &C, name: &str) -> Result<bool, Error> {
    let Some(dataset) = catalog.dataset(name) else { return Ok(false) };
    dataset.exists().map_err(|source| {
        let writer = dag.datasets().find(|dataset| dataset.name() == name).and_then(Dataset::writer);
        Error::Exists {
            pipeline: pipeline.map(str::to_owned),
            node: writer.map_or_else(String::new, |node| node.to_string()),
            dataset: name.to_owned(),
            source: source.named_around(name),
        }
    })
}

/// Waits until what a run has saved is on the disk, as far as that was asked for: each file and
/// each folder once.
///
/// A dataset that is durable by itself has waited already, unless another process has saved it with
/// a catalog in which it may not be.
pub(super) fn sync<C: Catalog>(run: &Run<'_>, plan: &Plan<C>, catalog: &C, is_durable: bool) -> Result<(), Error> {
    if !is_durable && !run.is_elsewhere.load(Ordering::Relaxed) {
        return Ok(());
    }
    let Outside { is_written: true, .. } = plan.outside(|| outside(run.dag, catalog)) else { return Ok(()) };
    let known: HashMap<&str, &dyn AnyDataset> = catalog.datasets().into_iter().collect();
    let mut synced = HashSet::new();
    for node in run.nodes().filter(|node| run.memory.state(node.id().index()) == State::Completed) {
        for output in node.outputs().filter(|output| output.kind() == Kind::Catalog) {
            let Some(dataset) = known.get(output.name()) else { continue };
            let file = caught(|| dataset.file().filter(|_| is_durable || dataset.is_durable()).map(Path::to_path_buf));
            if let Ok(Some(file)) = file
                && let Err(error) = sync_with_folders(&file, &mut synced)
            {
                return Err(Error::Save {
                    pipeline: run.pipeline().map(str::to_owned),
                    node: node.to_string(),
                    dataset: output.name().to_owned(),
                    source: DatasetError::new(error).at_path(file).named_around(output.name()),
                });
            }
        }
    }
    Ok(())
}

/// A folder in which the run has made others names them, so the folders around are on the disk too.
fn sync_with_folders(file: &Path, synced: &mut HashSet<PathBuf>) -> io::Result<()> {
    let target = follow(file)?;
    if is_descriptor(&target) || !fs::metadata(file).is_ok_and(|found| holds_data(&found)) {
        return Ok(());
    }
    sync_file(file)?;
    let target = absolute(&target);
    for (depth, named) in target.ancestors().enumerate() {
        let Some(folder) = named.parent().filter(|&folder| !synced.contains(folder)) else { return Ok(()) };
        match sync_folder(named) {
            // One that this user cannot read is none in which the run has made others.
            Err(error) if depth > 0 && error.kind() == io::ErrorKind::PermissionDenied => {}
            result => result?,
        }
        synced.insert(folder.to_path_buf());
    }
    Ok(())
}
