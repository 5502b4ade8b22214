//! Who may write to a file, who may read it, and whose it is.

use std::io::Write;

use pipeline_core::RunOptions;
use pipeline_tests::{folder, names_in};
use rustix::fs::{XattrFlags, chown, getxattr, setxattr};
use rustix::process::{Gid, Uid};
use tempfile::TempDir;

use super::saver::{NOBODY, Saver};
use super::*;

/// A folder that any user may use.
fn open_folder() -> TempDir {
    let folder = folder();
    set_mode(folder.path(), 0o777);
    folder
}

fn give(path: impl AsRef<Path>, user: u32, group: u32) {
    chown(path.as_ref(), Some(Uid::from_raw(user)), Some(Gid::from_raw(group))).expect("the tests run as root");
}

#[test]
fn a_read_only_file_stays_also_for_root() {
    let folder = folder();
    let raw = folder.path().join("raw.txt");
    for read_only in [0o444, 0o400, 0o555] {
        fs::write(&raw, "raw").unwrap();
        set_mode(&raw, read_only);
        let error = save(&raw, "text").unwrap_err();
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::PermissionDenied));
        assert!(error.to_string().contains("read-only"), "{error}");
        assert_eq!((text(&raw).as_str(), mode(&raw)), ("raw", read_only));
        assert_eq!(names_in(folder.path()), ["raw.txt"]);
        set_mode(&raw, 0o644);
    }
}

#[test]
fn a_read_only_file_of_ones_own_stays() {
    let folder = open_folder();
    let raw = folder.path().join("raw.txt");
    fs::write(&raw, "raw").unwrap();
    set_mode(&raw, 0o444);
    if is_root() {
        give(&raw, NOBODY, NOBODY);
    }
    let told = Saver::without_rights(&raw, "text").told();
    assert!(told.starts_with("not saved") && told.contains("read-only"), "{told}");
    assert_eq!(text(&raw), "raw");
    assert_eq!(names_in(folder.path()), ["raw.txt"]);
}

#[test]
fn a_file_that_only_others_may_write_stays() {
    if !is_root() {
        return;
    }
    let folder = open_folder();
    let of_root = folder.path().join("of_root.txt");
    fs::write(&of_root, "earlier").unwrap();
    set_mode(&of_root, 0o644);
    let told = Saver::without_rights(&of_root, "text").told();
    assert!(told.contains("Permission denied"), "{told}");
    assert_eq!((text(&of_root).as_str(), owner(&of_root)), ("earlier", (0, 0)));
    assert_eq!(names_in(folder.path()), ["of_root.txt"]);
}

#[test]
fn owner_and_group_stay_where_root_saves() {
    if !is_root() {
        return;
    }
    let folder = folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, "earlier").unwrap();
    set_mode(&file, 0o640);
    give(&file, 1234, 2345);
    save(&file, "later").unwrap();
    assert_eq!((text(&file).as_str(), owner(&file), mode(&file)), ("later", (1234, 2345), 0o640));
}

#[test]
fn owner_and_group_stay_where_another_user_saves() {
    if !is_root() {
        return;
    }
    // Nobody can give a file to root, so the file is written in place.
    let folder = open_folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, "a longer earlier text").unwrap();
    set_mode(&file, 0o666);
    assert_eq!(Saver::without_rights(&file, "later").told(), "saved 0");
    assert_eq!((text(&file).as_str(), owner(&file), mode(&file)), ("later", (0, 0), 0o666));
    assert_eq!(names_in(folder.path()), ["file.txt"]);
}

#[test]
fn extended_attributes_stay() {
    let folder = folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, "earlier").unwrap();
    if setxattr(&file, "user.origin", b"a laboratory", XattrFlags::empty()).is_err() {
        // This file system has none.
        return;
    }
    save(&file, "later").unwrap();
    let mut value = [0; 64];
    let length = getxattr(&file, "user.origin", &mut value[..]).unwrap();
    assert_eq!((text(&file).as_str(), &value[..length]), ("later", &b"a laboratory"[..]));
}

/// An ACL as the system keeps it: version 2, then entries of tag, rights and id.
fn acl(of_user: u16) -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, u32::MAX), (2, of_user, NOBODY), (4, 0, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)];
    let entries = entries
        .into_iter()
        .flat_map(|(tag, rights, id)| [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat());
    2_u32.to_le_bytes().into_iter().chain(entries).collect()
}

#[test]
fn an_acl_stays_and_that_of_the_folder_adds_none() {
    let folder = folder();
    let (with, without) = (folder.path().join("with.txt"), folder.path().join("without.txt"));
    for file in [&with, &without] {
        fs::write(file, "earlier").unwrap();
        set_mode(file, 0o600);
    }
    if setxattr(&with, "system.posix_acl_access", &acl(4), XattrFlags::empty()).is_err() {
        // This file system has none.
        return;
    }
    setxattr(folder.path(), "system.posix_acl_default", &acl(6), XattrFlags::empty()).unwrap();
    save(&with, "later").unwrap();
    save(&without, "later").unwrap();
    let mut value = [0; 256];
    let length = getxattr(&with, "system.posix_acl_access", &mut value[..]).unwrap();
    assert_eq!(value[..length], acl(4)[..]);
    assert_eq!(getxattr(&without, "system.posix_acl_access", &mut value[..]), Err(rustix::io::Errno::NODATA));
    assert_eq!(mode(&without), 0o600);
}

#[test]
fn what_is_written_beside_is_never_more_readable_than_the_target() {
    let folder = folder();
    let key = folder.path().join("key.txt");
    fs::write(&key, "secret").unwrap();
    for private in [0o600, 0o640, 0o200, 0o660] {
        set_mode(&key, private);
        write_file(&key, |file| {
            file.write_all(b"secret ")?;
            file.flush()?;
            let names = names_in(folder.path());
            let beside: Vec<&String> = names.iter().filter(|name| *name != "key.txt").collect();
            assert_eq!(beside.len(), 1, "{names:?}");
            assert_eq!(mode(folder.path().join(beside[0])), private);
            Ok::<(), std::io::Error>(())
        })
        .unwrap();
        assert_eq!(mode(&key), private);
    }
}

#[test]
fn a_run_refuses_what_is_read_only_and_names_it() {
    catalog! { struct Catalog { report: Text = "no/such/file" } }
    let folder = folder();
    let path = folder.path().join("report.txt");
    fs::write(&path, "kept").unwrap();
    set_mode(&path, 0o444);
    let pipeline = pipeline! { for Catalog; node(|| "new".to_owned(), [] -> [report]) };
    let catalog = Catalog { report: Text::new(&path).named("report") };
    let report = SequentialRunner::new().run_with(&pipeline, &catalog, &RunOptions::new()).unwrap();
    let error = report.into_result().unwrap_err();
    let pipeline_core::Error::Save { dataset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((dataset.as_str(), source.io_kind()), ("report", Some(std::io::ErrorKind::PermissionDenied)));
    assert_eq!(text(&path), "kept");
}
