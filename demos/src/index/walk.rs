//! What lies below a folder, one thing after the other.

use std::fs::{self, DirEntry, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Kind};
use super::summary::Skip;

/// One thing that the walk has come upon.
#[derive(Debug)]
pub(super) enum Found {
    /// To be read. `size` is what the folder says; it may be wrong by now.
    File { path: PathBuf, size: u64 },
    /// Not to be read.
    Skipped(Skip),
    /// It can't even be said what it is.
    Failed { path: PathBuf, failure: Failure },
}

/// Yields everything but the folders themselves. It holds one folder open, and remembers those
/// it still has to enter; symbolic links are never followed, so it ends.
#[derive(Debug)]
pub(super) struct Walk {
    to_enter: Vec<PathBuf>,
    entering: Option<(PathBuf, ReadDir)>,
    /// Our own database and its journal, which change with every row.
    own: Vec<PathBuf>,
}

impl Walk {
    pub(super) fn new(folder: PathBuf, own: Vec<PathBuf>) -> Self {
        Self { to_enter: vec![folder], entering: None, own }
    }

    fn look_at(&mut self, entry: &DirEntry) -> Option<Found> {
        let path = entry.path();
        match self.sort(entry, &path) {
            Ok(found) => found,
            Err(error) => Some(Found::Failed { path, failure: error.into() }),
        }
    }

    fn sort(&mut self, entry: &DirEntry, path: &Path) -> io::Result<Option<Found>> {
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            self.to_enter.push(path.to_path_buf());
            return Ok(None);
        }
        if file_type.is_symlink() {
            return Ok(Some(follow(path)));
        }
        if let Some(skip) = special(file_type) {
            return Ok(Some(Found::Skipped(skip)));
        }
        if self.own.iter().any(|own| own == path) {
            return Ok(Some(Found::Skipped(Skip::OwnDatabase)));
        }
        let size = entry.metadata()?.len();
        Ok(Some(Found::File { path: path.to_path_buf(), size }))
    }
}

/// A link is another name, not another content: what it leads to is counted where it lies.
fn follow(link: &Path) -> Found {
    match fs::metadata(link) {
        Ok(_) => Found::Skipped(Skip::Link),
        Err(error) => {
            let failure = match error.kind() {
                io::ErrorKind::PermissionDenied => error.into(),
                // Also a link that leads to itself.
                _ => Failure::new(Kind::DanglingLink, error),
            };
            Found::Failed { path: link.to_path_buf(), failure }
        }
    }
}

/// What must not even be opened: a device may act on it, or never end.
#[cfg(unix)]
fn special(file_type: FileType) -> Option<Skip> {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_socket() {
        Some(Skip::Socket)
    } else if file_type.is_block_device() || file_type.is_char_device() {
        Some(Skip::Device)
    } else {
        None
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> Option<Skip> {
    None
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let Some((folder, entries)) = &mut self.entering else {
                let folder = self.to_enter.pop()?;
                match fs::read_dir(&folder) {
                    Ok(entries) => self.entering = Some((folder, entries)),
                    Err(error) => return Some(unlistable(folder, error)),
                }
                continue;
            };
            match entries.next() {
                None => self.entering = None,
                Some(Ok(entry)) => match self.look_at(&entry) {
                    None => {}
                    found => return found,
                },
                Some(Err(error)) => {
                    // The listing broke off: some systems would repeat the error for ever.
                    let folder = std::mem::take(folder);
                    self.entering = None;
                    return Some(unlistable(folder, error));
                }
            }
        }
    }
}

fn unlistable(folder: PathBuf, error: io::Error) -> Found {
    Found::Failed { path: folder, failure: Failure::new(Kind::Folder, error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_gone_when_its_turn_comes_is_a_failure_and_no_end() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "x").unwrap();
        fs::create_dir(root.path().join("folder")).unwrap();
        let mut walk = Walk::new(root.path().into(), Vec::new());
        assert!(matches!(walk.next(), Some(Found::File { size: 1, .. })));
        fs::remove_dir(root.path().join("folder")).unwrap();
        let Some(Found::Failed { path, failure }) = walk.next() else { panic!("no failure") };
        assert_eq!((path, failure.kind), (root.path().join("folder"), Kind::Folder));
        assert!(walk.next().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_counted_and_not_followed() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        symlink(root.path(), root.path().join("to a folder")).unwrap();
        symlink("nowhere", root.path().join("dangling")).unwrap();
        symlink("itself", root.path().join("itself")).unwrap();
        let (mut skipped, mut dangling) = (0, 0);
        for found in Walk::new(root.path().into(), Vec::new()) {
            match found {
                Found::Skipped(Skip::Link) => skipped += 1,
                Found::Failed { failure: Failure { kind: Kind::DanglingLink, .. }, .. } => {
                    dangling += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((skipped, dangling), (1, 2));
    }

    #[test]
    fn our_own_database_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("index.db");
        fs::write(&own, "x").unwrap();
        let found: Vec<_> = Walk::new(root.path().into(), vec![own]).collect();
        assert!(matches!(found[..], [Found::Skipped(Skip::OwnDatabase)]));
    }
}
