//! Whether a file may steer or enter the process: configuration, profiles and libraries pass the same rule.
//! Looks at owners and permission bits only, never at content. Not the owner of a folder: only who else may write it.
//!
//! Unix: every folder on the way is looked at, links are followed one by one, so that the folder holding a link counts
//! as much as the one holding the file. Windows: only that the path is absolute and names an existing file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file is refused. The text names the path and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// A relative name would depend on the folder the host happens to be in.
    #[error("{path}: not an absolute path")]
    Relative {
        /// The path as given.
        path: PathBuf,
    },
    /// A part of the path is missing or closed to the caller.
    #[error("{path}: {source}")]
    Unreachable {
        /// The part that could not be looked at.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A folder, a device, a socket.
    #[error("{path}: not a regular file")]
    NotAFile {
        /// The path with its links followed.
        path: PathBuf,
    },
    /// Links that lead in a circle, or too many of them.
    #[error("{path}: too many symbolic links")]
    TooManyLinks {
        /// The path as given.
        path: PathBuf,
    },
    /// Everyone can change the file.
    #[error("{path}: everyone may write this file; remedy: chmod o-w '{path}'", path = path.display())]
    WorldWritableFile {
        /// The path with its links followed.
        path: PathBuf,
    },
    /// Everyone can put another file in its place.
    #[error("{path}: everyone may replace files in the folder {folder}; remedy: chmod o-w '{folder}'",
        path = path.display(), folder = folder.display())]
    WorldWritableFolder {
        /// The path as given.
        path: PathBuf,
        /// The folder that is open to everyone and has no sticky bit.
        folder: PathBuf,
    },
    /// The file (or, in a folder like /tmp, the link or folder on the way) is another user's.
    #[error("{path}: belongs to user {owner}, who is neither root nor the caller (user {caller}); \
        remedy: chown {caller} '{path}'", path = path.display())]
    ForeignOwner {
        /// The path of that entry.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user who would have used it.
        caller: u32,
    },
}

/// Checks `path` for the effective user of this process.
///
/// # Errors
/// The first rule that is broken on the way from the root folder to the file. For root only root's files pass.
pub fn check(path: &Path) -> Result<(), Distrust> {
    check_for(path, crate::places::caller())
}

/// Checks `path` for the user `caller`. On Windows `caller` is not used.
///
/// # Errors
/// As [`check`].
#[cfg(unix)]
pub fn check_for(path: &Path, caller: u32) -> Result<(), Distrust> {
    use std::os::unix::fs::MetadataExt;

    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    /// As many as the kernel follows.
    const MOST_LINKS: u32 = 40;

    if !path.is_absolute() {
        return Err(Distrust::Relative { path: path.into() });
    }
    let look =
        |at: &Path| std::fs::symlink_metadata(at).map_err(|source| Distrust::Unreachable { path: at.into(), source });
    let owned = |at: &Path, owner: u32| {
        let is_ours = owner == 0 || owner == caller;
        if is_ours { Ok(()) } else { Err(Distrust::ForeignOwner { path: at.into(), owner, caller }) }
    };
    let mut here = PathBuf::from("/");
    let mut ahead = parts_reversed(path);
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        let name = match part {
            Part::Down(name) => name,
            Part::Root => {
                here = PathBuf::from("/");
                continue;
            }
            Part::Up => {
                // Links before it are followed already: the text of `here` is the real place.
                here.pop();
                continue;
            }
        };
        let mode = look(&here)?.mode();
        let is_open = mode & OTHERS_WRITE != 0;
        if is_open && mode & STICKY == 0 {
            return Err(Distrust::WorldWritableFolder { path: path.into(), folder: here });
        }
        let entry = here.join(name);
        let metadata = look(&entry)?;
        if is_open {
            // Everyone may have put this entry there.
            owned(&entry, metadata.uid())?;
        }
        if !metadata.is_symlink() {
            here = entry;
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(Distrust::TooManyLinks { path: path.into() });
        }
        match std::fs::read_link(&entry) {
            Ok(target) => ahead.extend(parts_reversed(&target)),
            Err(source) => return Err(Distrust::Unreachable { path: entry, source }),
        }
    }
    let metadata = look(&here)?;
    if !metadata.is_file() {
        return Err(Distrust::NotAFile { path: here });
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(Distrust::WorldWritableFile { path: here });
    }
    owned(&here, metadata.uid())
}

/// A step of a path. Owned, because the steps of links are mixed with those of the path.
#[cfg(unix)]
enum Part {
    Root,
    Up,
    Down(std::ffi::OsString),
}

#[cfg(unix)]
fn parts_reversed(path: &Path) -> Vec<Part> {
    use std::path::Component;
    let part = |component| match component {
        Component::RootDir => Some(Part::Root),
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Down(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(part).collect()
}

/// Checks that `path` is absolute and names an existing file; owners and access lists of Windows are not looked at.
///
/// # Errors
/// [`Distrust::Relative`], [`Distrust::Unreachable`] or [`Distrust::NotAFile`].
#[cfg(not(unix))]
pub fn check_for(path: &Path, _caller: u32) -> Result<(), Distrust> {
    if !path.is_absolute() {
        return Err(Distrust::Relative { path: path.into() });
    }
    let metadata = std::fs::metadata(path).map_err(|source| Distrust::Unreachable { path: path.into(), source })?;
    if metadata.is_file() { Ok(()) } else { Err(Distrust::NotAFile { path: path.into() }) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    /// A folder with `lib/key.so` in it, nobody else's to write.
    fn house() -> (tempfile::TempDir, PathBuf, u32) {
        let house = tempfile::tempdir().unwrap();
        fs::create_dir(house.path().join("lib")).unwrap();
        let file = house.path().join("lib/key.so");
        fs::write(&file, "x").unwrap();
        set_mode(&house.path().join("lib"), 0o755);
        set_mode(&file, 0o644);
        let owner = fs::metadata(&file).unwrap().uid();
        (house, file, owner)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn own_files_pass_also_in_a_folder_like_tmp() {
        let (house, file, owner) = house();
        check(&file).unwrap();
        check_for(&file, owner).unwrap();
        set_mode(house.path(), 0o1777);
        check(&file).unwrap();
    }

    #[test]
    fn a_world_writable_file_is_refused_with_the_remedy() {
        let (_house, file, _) = house();
        set_mode(&file, 0o646);
        let distrust = check(&file).unwrap_err();
        assert!(matches!(distrust, Distrust::WorldWritableFile { .. }), "{distrust}");
        assert!(distrust.to_string().contains(&format!("chmod o-w '{}'", file.display())), "{distrust}");
    }

    #[test]
    fn a_world_writable_folder_is_refused_wherever_it_is_on_the_way() {
        let (house, file, _) = house();
        for folder in [house.path().join("lib"), house.path().to_path_buf()] {
            set_mode(&folder, 0o757);
            match check(&file) {
                Err(Distrust::WorldWritableFolder { folder: named, .. }) => assert_eq!(named, folder),
                other => panic!("{other:?}"),
            }
            set_mode(&folder, 0o1777);
            check(&file).unwrap();
            set_mode(&folder, 0o755);
        }
    }

    #[test]
    fn the_folder_of_every_link_counts() {
        let (house, file, _) = house();
        let [first, second] = ["first", "second"].map(|name| house.path().join(name));
        fs::create_dir(&first).unwrap();
        fs::create_dir(&second).unwrap();
        symlink(&file, second.join("link")).unwrap();
        symlink("../second/link", first.join("link")).unwrap();
        symlink(&second, first.join("folder")).unwrap();
        let ways = [first.join("link"), first.join("folder/link"), first.join("../first/./link")];
        for way in &ways {
            check(way).unwrap();
        }
        for open in [&first, &second, &house.path().join("lib")] {
            set_mode(open, 0o777);
            for way in &ways {
                assert!(
                    matches!(check(way), Err(Distrust::WorldWritableFolder { .. })),
                    "{} {}",
                    way.display(),
                    open.display()
                );
            }
            set_mode(open, 0o755);
        }
        set_mode(&file, 0o666);
        assert!(matches!(check(&ways[0]), Err(Distrust::WorldWritableFile { .. })));
    }

    #[test]
    fn links_in_a_circle_end() {
        let (house, _, _) = house();
        symlink("loop", house.path().join("loop")).unwrap();
        assert!(matches!(check(&house.path().join("loop")), Err(Distrust::TooManyLinks { .. })));
    }

    /// The caller is injected: the file belongs to whoever runs the test, and "another user" is asked.
    #[test]
    fn only_root_and_the_caller_may_own_the_file() {
        let (_house, file, owner) = house();
        if owner == 0 {
            // Root's files pass for everyone; so give this one away.
            check_for(&file, 4242).unwrap();
            std::os::unix::fs::chown(&file, Some(4242), None).unwrap();
            check_for(&file, 4242).unwrap();
            let for_root = check_for(&file, 0).unwrap_err();
            assert!(for_root.to_string().contains("belongs to user 4242"), "{for_root}");
            assert!(matches!(check_for(&file, 4343), Err(Distrust::ForeignOwner { owner: 4242, caller: 4343, .. })));
        } else {
            assert!(matches!(check_for(&file, owner + 1), Err(Distrust::ForeignOwner { .. })));
            assert!(matches!(check_for(&file, 0), Err(Distrust::ForeignOwner { .. })), "root takes root's files only");
        }
    }

    /// The temporary folder is sticky and open; what another user put there leads nowhere, whoever owns the target.
    #[test]
    fn an_entry_planted_in_a_sticky_folder_is_refused() {
        let (house, file, owner) = house();
        let shared = house.path().join("shared");
        fs::create_dir(&shared).unwrap();
        symlink(&file, shared.join("link")).unwrap();
        set_mode(&shared, 0o1777);
        check_for(&shared.join("link"), owner).unwrap();
        if owner == 0 {
            std::os::unix::fs::lchown(shared.join("link"), Some(4242), None).unwrap();
        }
        let stranger = if owner == 0 { 4343 } else { owner + 1 };
        assert!(matches!(check_for(&shared.join("link"), stranger), Err(Distrust::ForeignOwner { .. })));
    }

    #[test]
    fn only_existing_regular_files_with_absolute_names_pass() {
        let (house, file, _) = house();
        assert!(matches!(check(Path::new("key.so")), Err(Distrust::Relative { .. })));
        assert!(matches!(check(&house.path().join("lib/none.so")), Err(Distrust::Unreachable { .. })));
        assert!(matches!(check(&file.join("below")), Err(Distrust::Unreachable { .. })));
        for folder in [house.path().join("lib"), house.path().join("lib/.."), PathBuf::from("/")] {
            assert!(matches!(check(&folder), Err(Distrust::NotAFile { .. })), "{}", folder.display());
        }
        assert!(matches!(check(Path::new("/dev/null")), Err(Distrust::NotAFile { .. })));
    }
}
