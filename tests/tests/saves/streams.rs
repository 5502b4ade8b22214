//! What is no regular file is written into.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::process::Stdio;
use std::thread;

use pipeline_tests::{folder, names_in};
use rustix::fs::FileType;

use super::saver::Saver;
use super::*;

#[test]
fn a_pipe_stays_one_and_its_reader_gets_what_is_saved() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    make(&pipe, FileType::Fifo, 0);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || text(pipe)
    });
    let report = "a report\n".repeat(20_000);
    save(&pipe, &report).unwrap();
    assert_eq!(reader.join().unwrap(), report);
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(names_in(folder.path()), ["pipe"]);
}

#[test]
fn a_link_to_a_pipe_leads_to_the_pipe() {
    let folder = folder();
    let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
    make(&pipe, FileType::Fifo, 0);
    std::os::unix::fs::symlink("pipe", &link).unwrap();
    let reader = thread::spawn(move || text(pipe));
    save(&link, "through a link").unwrap();
    assert_eq!(reader.join().unwrap(), "through a link");
    assert_eq!(names_in(folder.path()), ["link", "pipe"]);
}

#[test]
fn a_pipe_whose_writing_fails_stays_one() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    make(&pipe, FileType::Fifo, 0);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || text(pipe)
    });
    write_file(&pipe, |file| {
        file.write_all(b"half")?;
        Err::<(), _>(std::io::Error::other("no more"))
    })
    .unwrap_err();
    reader.join().unwrap();
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_reader_that_comes_late_gets_all_and_a_pipe_without_one_is_an_error() {
    let folder = folder();
    let (pipe, unread) = (folder.path().join("pipe"), folder.path().join("unread"));
    make(&pipe, FileType::Fifo, 0);
    make(&unread, FileType::Fifo, 0);
    let report = "a report\n".repeat(20_000);
    thread::scope(|scope| {
        let saving = scope.spawn(|| save(&pipe, &report));
        let in_vain = scope.spawn(|| save(&unread, &report));
        thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(text(&pipe), report);
        saving.join().unwrap().unwrap();
        let error = in_vain.join().unwrap().unwrap_err();
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::TimedOut), "{error}");
    });
    assert!(fs::symlink_metadata(&unread).unwrap().file_type().is_fifo());
}

#[test]
fn a_device_stays_one() {
    if !is_root() {
        return save("/dev/null", "nothing is left of this").unwrap();
    }
    // A copy of `/dev/null`: as root, a save that replaced it would take it from all.
    let folder = folder();
    let null = folder.path().join("null");
    make(&null, FileType::CharacterDevice, rustix::fs::makedev(1, 3));
    save(&null, "nothing is left of this").unwrap();
    assert!(fs::symlink_metadata(&null).unwrap().file_type().is_char_device());
    assert_eq!(names_in(folder.path()), ["null"]);
}

#[test]
fn a_full_device_is_an_error() {
    let error = save("/dev/full", &"x".repeat(100_000)).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull));
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
}

#[test]
fn a_socket_is_an_error_and_stays() {
    let folder = folder();
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    save(&socket, "text").unwrap_err();
    assert!(fs::symlink_metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!(names_in(folder.path()), ["socket"]);
}

#[test]
fn standard_output_in_a_file_keeps_what_was_printed_before_and_after() {
    let folder = folder();
    for stream in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"] {
        std::os::unix::fs::symlink("/dev/stdout", folder.path().join("link")).ok();
        let path = if stream == "link" { folder.path().join("link") } else { stream.into() };
        let out = folder.path().join("out.txt");
        let mut saver = Saver::new(&path, "the report\n");
        saver.command_mut().stdout(File::create(&out).unwrap());
        assert!(saver.command_mut().status().unwrap().success());
        let out = text(&out);
        let place = |part: &str| out.find(part).unwrap_or_else(|| panic!("{stream}: `{part}` is lost: {out}"));
        let (before, report, after) = (place("running 1 test"), place("the report\n"), place("saved 0"));
        assert!(before < report && report < after && out.ends_with("\n\n"), "{stream}: {out}");
        assert_eq!(names_in(folder.path()), ["link", "out.txt"]);
    }
}

#[test]
fn standard_output_in_a_pipe_gets_what_is_saved() {
    let mut saver = Saver::new("/dev/stdout".as_ref(), "the report\n");
    let out = saver.command_mut().output().unwrap().stdout;
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("the report\nsaved 0"), "{out}");
}

#[test]
fn standard_error_in_a_file_gets_what_is_saved() {
    let folder = folder();
    let err = folder.path().join("err.txt");
    fs::write(&err, "earlier\n").unwrap();
    let mut saver = Saver::new("/dev/stderr".as_ref(), "the report\n");
    saver.command_mut().stdout(Stdio::null()).stderr(File::options().append(true).open(&err).unwrap());
    assert!(saver.command_mut().status().unwrap().success());
    assert_eq!(text(&err), "earlier\nthe report\n");
}

#[test]
fn another_open_file_is_written_at_its_end() {
    use std::os::fd::AsRawFd;

    let folder = folder();
    let log = folder.path().join("log.txt");
    fs::write(&log, "earlier\n").unwrap();
    let opened = File::open(&log).unwrap();
    save(format!("/dev/fd/{}", opened.as_raw_fd()), "later\n").unwrap();
    assert_eq!(text(&log), "earlier\nlater\n");
    let mut read = String::new();
    (&opened).read_to_string(&mut read).unwrap();
    assert_eq!(read, "earlier\nlater\n", "it is the same file");
}

#[test]
fn a_terminal_is_written_to() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let terminal = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
    let _open = File::options().read(true).write(true).open(&terminal).unwrap();
    save(&terminal, "on the screen").unwrap();
    let mut read = [0; 13];
    File::from(screen).read_exact(&mut read).unwrap();
    assert_eq!(&read, b"on the screen");
}
