//! Links, and paths that name no file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use pipeline_tests::{folder, names_in};

use super::*;

#[test]
fn a_chain_of_links_is_followed_to_its_end() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("data")).unwrap();
    fs::write(path("data/real.txt"), "earlier").unwrap();
    symlink("data/real.txt", path("c")).unwrap();
    symlink(path("c"), path("b")).unwrap();
    symlink("./b", path("a")).unwrap();
    save(path("a"), "later").unwrap();
    assert_eq!(text(path("data/real.txt")), "later");
    assert!(["a", "b", "c"].iter().all(|link| fs::symlink_metadata(path(link)).unwrap().is_symlink()));
    assert_eq!(names_in(path("data")), ["real.txt"]);
}

#[test]
fn a_loop_of_links_is_an_error_and_stays() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    symlink("b", path("a")).unwrap();
    symlink("a", path("b")).unwrap();
    symlink("self", path("self")).unwrap();
    for name in ["a", "self"] {
        let error = save(path(name), "text").unwrap_err();
        assert_eq!(error.path(), Some(&*path(name)));
        assert!(error.to_string().contains("Too many levels of symbolic links"), "{error}");
    }
    assert!(["a", "b", "self"].iter().all(|link| fs::symlink_metadata(path(link)).unwrap().is_symlink()));
    assert_eq!(names_in(folder.path()), ["a", "b", "self"]);
}

#[test]
fn a_link_into_a_folder_that_is_not_there_yet_has_it_made() {
    let folder = folder();
    symlink("later/today/file.txt", folder.path().join("link")).unwrap();
    save(folder.path().join("link"), "text").unwrap();
    assert_eq!(text(folder.path().join("later/today/file.txt")), "text");
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
}

#[test]
fn a_link_to_a_folder_is_an_error_and_stays() {
    let folder = folder();
    fs::create_dir(folder.path().join("data")).unwrap();
    symlink("data", folder.path().join("link")).unwrap();
    symlink("none/", folder.path().join("dangling")).unwrap();
    save(folder.path().join("link"), "text").unwrap_err();
    save(folder.path().join("dangling"), "text").unwrap_err();
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    assert_eq!(names_in(folder.path()), ["dangling", "data", "link"]);
}

#[test]
fn of_several_hard_links_only_the_one_that_was_asked_for_is_replaced() {
    let folder = folder();
    let (file, backup) = (folder.path().join("file.txt"), folder.path().join("backup.txt"));
    fs::write(&file, "earlier").unwrap();
    fs::hard_link(&file, &backup).unwrap();
    save(&file, "later").unwrap();
    assert_eq!((text(&file), text(&backup)), ("later".to_owned(), "earlier".to_owned()));
    assert_eq!(names_in(folder.path()), ["backup.txt", "file.txt"]);
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    let folder = folder();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("file"), "earlier").unwrap();
    let at = folder.path().display();
    let paths =
        ["", ".", "..", "/", "none/", "none/.", "file/", "file/.", "file/..", "data", "data/", "data/.", "data/.."];
    for path in paths {
        let path = if path.is_empty() { String::new() } else { format!("{at}/{path}") };
        let error = save(&path, "text").unwrap_err();
        assert!(error.io_kind().is_some(), "{path:?}: {error}");
    }
    assert_eq!(names_in(folder.path()), ["data", "file"]);
    assert_eq!(names_in(folder.path().join("data")), Vec::<String>::new());
    assert_eq!(text(folder.path().join("file")), "earlier");
}

#[test]
fn any_name_that_the_file_system_takes_can_be_saved() {
    let folder = folder();
    let longest = "ä".repeat(127);
    let names: [&OsStr; 6] = [
        OsStr::from_bytes(b"not \xff utf8.txt"),
        OsStr::new(" a space and\na line "),
        OsStr::new("-rf"),
        OsStr::new(".hidden"),
        OsStr::new("Case"),
        OsStr::new(&longest),
    ];
    for name in names {
        for later in ["earlier", "later"] {
            save(folder.path().join(name), later).unwrap();
            assert_eq!(text(folder.path().join(name)), later);
        }
    }
    save(folder.path().join("case"), "another file").unwrap();
    assert_eq!(text(folder.path().join("Case")), "later");
    assert_eq!(names_in(folder.path()).len(), 7);
    let error = save(folder.path().join("n".repeat(256)), "text").unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::InvalidFilename));
    assert_eq!(names_in(folder.path()).len(), 7);
}

#[test]
fn entries_are_one_file_also_behind_a_link_to_a_folder_that_is_not_there_yet() {
    catalog! { struct Linked { a: Text = "", b: Text = "", c: Text = "" } }
    let folder = folder();
    symlink("real", folder.path().join("link")).unwrap();
    symlink("link", folder.path().join("again")).unwrap();
    let [a, b, c] =
        ["real/deep/x.txt", "link/deep/x.txt", "again/./deep/x.txt"].map(|name| Text::new(folder.path().join(name)));
    let catalog = Linked { a, b, c };
    let text = || "new".to_owned();
    let to_two = pipeline! { for Linked; node((text), [] -> [a]), node((text), [] -> [b]) }.without_outputs();
    let to_others = pipeline! { for Linked; node((text), [] -> [a]), node(|_: &str| (), [c] -> []) }.without_outputs();
    for pipeline in [to_two, to_others] {
        let error = SequentialRunner::new().run(&pipeline, &catalog).unwrap_err();
        assert!(matches!(error, pipeline_core::Error::SharedPlace { .. }), "{error:?}");
        assert!(!folder.path().join("real").exists());
    }
}
