//! What a file has beside its content: who may write to it, its mode, its owner, its extended
//! attributes.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// Checks that this user may write to a file, as a plain write would have to; and a file that its
/// mode keeps everyone from writing stays, for root too.
pub(super) fn check_writable(path: &Path, file: &Metadata) -> io::Result<()> {
    if file.permissions().readonly() {
        let problem = "the file is read-only; make it writable to have it replaced";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    #[cfg(unix)]
    rustix::fs::accessat(rustix::fs::CWD, path, rustix::fs::Access::WRITE_OK, rustix::fs::AtFlags::EACCESS)?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Gives a new file what the earlier one has. The content comes later, so it is never more readable
/// than that.
pub(super) fn keep(new: &File, path: &Path, earlier: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    keep_owner(new, earlier)?;
    #[cfg(target_os = "linux")]
    extended::keep(new, path)?;
    #[cfg(not(target_os = "linux"))]
    let _ = path;
    new.set_permissions(earlier.permissions())
}

#[cfg(unix)]
fn keep_owner(new: &File, earlier: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{Gid, Uid, fchown};

    let made = new.metadata()?;
    let owner = (made.uid() != earlier.uid()).then(|| Uid::from_raw(earlier.uid()));
    let group = (made.gid() != earlier.gid()).then(|| Gid::from_raw(earlier.gid()));
    if owner.is_some() || group.is_some() {
        fchown(new, owner, group)?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod extended {
    //! Extended attributes, of which an ACL is one.

    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, getxattr, getxattr_query, listxattr, listxattr_query};
    use rustix::io::Errno;

    const ACL: &str = "system.posix_acl_access";

    pub(super) fn keep(new: &File, path: &Path) -> io::Result<()> {
        let names = names(path)?;
        let names = || names.split(|&byte| byte == 0);
        if !names().any(|name| name == ACL.as_bytes()) {
            // A new file may have one from its folder.
            match fremovexattr(new, ACL) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for name in names().filter(|name| is_users(name)) {
            let name = OsStr::from_bytes(name);
            let mut value = vec![0; getxattr_query(path, name)?];
            let length = getxattr(path, name, &mut value[..])?;
            fsetxattr(new, name, &value[..length], XattrFlags::empty())?;
        }
        Ok(())
    }

    /// The names, each with a 0 behind it.
    fn names(path: &Path) -> io::Result<Vec<u8>> {
        let length = match listxattr_query(path) {
            Err(Errno::NOTSUP) => 0,
            length => length?,
        };
        let mut names = vec![0; length];
        if length > 0 {
            let length = listxattr(path, &mut names[..])?;
            names.truncate(length);
        }
        Ok(names)
    }

    /// Those in `security.` and `trusted.` the system sets by rules of its own: they belong to a
    /// content or to a program.
    fn is_users(name: &[u8]) -> bool {
        name.starts_with(b"user.") || name == ACL.as_bytes()
    }
}
