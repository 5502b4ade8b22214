//! Files that no other can be put in the place of are overwritten.

use std::io::Write;
use std::process::Command;

use pipeline_tests::{folder, names_in};
use tempfile::TempDir;

use super::saver::{NOBODY, Saver};
use super::*;

/// A file that anybody may write, in a folder that its saver may not.
fn in_a_closed_folder(content: &str) -> TempDir {
    let folder = folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, content).unwrap();
    set_mode(&file, 0o666);
    set_mode(folder.path(), 0o555);
    folder
}

#[test]
fn a_file_in_a_folder_that_is_not_writable() {
    // Shorter than the earlier one, longer, as long, empty.
    let longer = "longer ".repeat(15_000);
    for later in ["later", longer.as_str(), "as long", ""] {
        let folder = in_a_closed_folder("earlier");
        let file = folder.path().join("file.txt");
        assert_eq!(Saver::without_rights(&file, later).told(), "saved 0");
        assert_eq!(text(&file), later);
        assert_eq!(names_in(folder.path()), ["file.txt"]);
        set_mode(folder.path(), 0o755);
    }
}

#[test]
fn a_file_that_is_not_there_in_a_folder_that_is_not_writable_is_an_error() {
    let folder = in_a_closed_folder("earlier");
    let told = Saver::without_rights(&folder.path().join("new.txt"), "text").told();
    assert!(told.contains("new.txt: Permission denied"), "{told}");
    assert_eq!(names_in(folder.path()), ["file.txt"]);
    set_mode(folder.path(), 0o755);
}

#[test]
fn a_file_of_another_user_in_a_folder_with_the_sticky_bit() {
    if !is_root() {
        return;
    }
    let folder = folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, "earlier").unwrap();
    set_mode(&file, 0o666);
    // So that its owner can be kept, and only the bit is in the way.
    rustix::fs::chown(&file, None, Some(rustix::process::Gid::from_raw(NOBODY))).unwrap();
    set_mode(folder.path(), 0o1777);
    assert_eq!(Saver::without_rights(&file, "later").told(), "saved 0");
    assert_eq!((text(&file).as_str(), owner(&file)), ("later", (0, NOBODY)));
    assert_eq!(names_in(folder.path()), ["file.txt"]);
}

#[test]
fn a_file_whose_writing_fails_stays_as_it_was() {
    // As much as the limit lets in, which is less than is written.
    let folder = in_a_closed_folder("earlier");
    let file = folder.path().join("file.txt");
    let told = Saver::without_rights(&file, &"x".repeat(100_000)).limited(64).told();
    assert!(told.contains("File too large"), "{told}");
    assert_eq!(text(&file), "earlier");
    set_mode(folder.path(), 0o755);
}

#[test]
fn where_the_disk_has_no_more_room_the_earlier_file_stays_and_nothing_is_left() {
    let folder = folder();
    let file = folder.path().join("file.txt");
    fs::write(&file, "earlier").unwrap();
    let told = Saver::new(&file, &"x".repeat(100_000)).limited(64).told();
    assert!(told.contains("File too large"), "{told}");
    assert_eq!(text(&file), "earlier");
    assert_eq!(names_in(folder.path()), ["file.txt"]);
}

#[test]
fn a_file_that_is_mounted_by_itself() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("outside.txt"), "earlier").unwrap();
    fs::write(path("mounted.txt"), "").unwrap();
    // In a space of mounts of its own, of which nothing stays.
    let script = "mount --bind outside.txt mounted.txt && exec \"$0\" \"$@\"";
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(program).args(["saver::saver", "--exact", "--nocapture"]);
    command.current_dir(folder.path()).env("SAVER_PATH", "mounted.txt").env("SAVER_TEXT", "later");
    let out = command.output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout);
    if !told.contains("saved") {
        // This system lets the test mount nothing.
        assert!(!out.status.success());
        return;
    }
    assert!(told.contains("saved 0"), "{told}");
    assert_eq!((text(path("outside.txt")).as_str(), text(path("mounted.txt")).as_str()), ("later", ""));
    assert_eq!(names_in(folder.path()), ["mounted.txt", "outside.txt"]);
}

#[test]
fn a_file_of_the_system_beside_which_none_can_be_made() {
    // The name of a thread, which ends at 15 bytes.
    let name = "/proc/thread-self/comm";
    save(name, "a_saving_thread").unwrap();
    assert_eq!(text(name), "a_saving_thread\n");
}

#[test]
fn what_is_written_can_be_gone_back_in() {
    use std::io::{Seek, SeekFrom};

    let fill = |file: &mut pipeline_core::dataset::Writer| {
        file.write_all(b"????, then the rest")?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(b"head")
    };
    let folder = folder();
    write_file(folder.path().join("a"), fill).unwrap();
    assert_eq!(text(folder.path().join("a")), "head, then the rest");
}
