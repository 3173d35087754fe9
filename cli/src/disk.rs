//! Files that are whole or not there, and locks.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file beside its place and renames it, so that no reader ever sees half of it.
///
/// # Errors
/// If the disk refuses.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Waits until nobody else holds the lock called `path`, and holds it until what is returned is dropped.
///
/// # Errors
/// If the disk refuses.
pub fn lock(path: &Path) -> std::io::Result<File> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    let file = File::create(path)?;
    file.lock()?;
    Ok(file)
}
