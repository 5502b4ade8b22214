//! Files that are of another format than their dataset's, told by their first bytes.

/// What a file seems to be that cannot be read as text: the hint of an error, with what to do.
pub(super) fn hint(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 10] = [
        (b"\x1f\x8b", "; it looks compressed with gzip: decompress it first"),
        (b"\x28\xb5\x2f\xfd", "; it looks compressed with zstd: decompress it first"),
        (b"\xfd7zXZ\0", "; it looks compressed with xz: decompress it first"),
        (b"BZh", "; it looks compressed with bzip2: decompress it first"),
        (b"PK\x03\x04", "; it looks like a zip archive or a spreadsheet: save it as text first"),
        (b"PAR1", "; it looks like a Parquet file"),
        (b"ARROW1", "; it looks like an Arrow file"),
        (b"SQLite format 3\0", "; it looks like an SQLite database"),
        (b"\xff\xfe", "; it looks like UTF-16: convert it to UTF-8 first"),
        (b"\xfe\xff", "; it looks like UTF-16: convert it to UTF-8 first"),
    ];
    SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)).map_or("", |(_, hint)| hint)
}
