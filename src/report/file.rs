//! `--report FORMAT=FILE`: reports that are written to files.
//!
//! A file is opened before the run begins, so that a wrong path is found early, and written whole at the end: a
//! reader sees the old report or the new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::collected::Collected;
use super::{html, json, junit, markdown};
use crate::diagnostic::nearest;

/// The formats of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The envelope of [`json`].
    Json,
    /// JUnit XML.
    Junit,
    /// One page that a browser shows, complete by itself.
    Html,
    /// A comment on a pull request.
    Markdown,
}

impl Format {
    const NAMES: [(&'static str, Format); 4] = [
        ("json", Format::Json),
        ("junit", Format::Junit),
        ("html", Format::Html),
        ("markdown", Format::Markdown),
    ];

    fn render(self, run: &Collected) -> Result<String, String> {
        match self {
            Format::Json => json::render(run).map_err(|error| error.to_string()),
            Format::Junit => junit::render(run).map_err(|error| error.to_string()),
            Format::Html => Ok(html::render(run)),
            Format::Markdown => Ok(markdown::render(run, markdown::COMMENT)),
        }
    }
}

/// A report that was asked for: `json=out.json`; `-` stands for standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// In which format.
    pub format: Format,
    /// Where to.
    pub path: PathBuf,
}

impl ReportRequest {
    /// Whether the report takes standard output for itself.
    pub fn takes_stdout(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

impl FromStr for ReportRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("write `FORMAT=FILE`, such as `json=report.json`")?;
        let Some((_, format)) = Format::NAMES.iter().find(|(name, _)| *name == format) else {
            return Err(match nearest(format, Format::NAMES.map(|(name, _)| name)) {
                Some(near) => format!("unknown format `{format}`; did you mean `{near}`?"),
                None => {
                    format!("unknown format `{format}`; known are `json`, `junit`, `html` and `markdown`")
                }
            });
        };
        match path.is_empty() {
            true => Err("the file is missing: write `FORMAT=FILE`, such as `json=report.json`".to_owned()),
            false => Ok(Self { format: *format, path: path.into() }),
        }
    }
}

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report `{path}` cannot be written: {reason}")]
pub struct ReportError {
    /// Where it should have gone, as it was given.
    pub path: String,
    /// Why not.
    pub reason: String,
}

/// A report that is going to be written.
#[derive(Debug)]
pub struct ReportFile {
    request: ReportRequest,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Stdout,
    /// A device or a pipe: written as it is.
    Special(File),
    /// A file beside the final one, which it replaces at the end.
    Beside {
        file: File,
        temporary: PathBuf,
        path: PathBuf,
    },
    /// Nothing left to do.
    Written,
}

impl ReportFile {
    /// Opens what the report will be written to. Relative paths start at `directory`.
    ///
    /// # Errors
    /// The folder is missing or may not be written.
    pub fn open(request: ReportRequest, directory: &Path) -> Result<Self, ReportError> {
        match place(&request, directory) {
            Ok(place) => Ok(Self { request, place }),
            Err(error) => Err(failed(&request, &error)),
        }
    }

    /// Writes the report and puts it in its place. `stdout` is where standard output goes.
    ///
    /// # Errors
    /// The disk is full, for instance. What stood there before is still there.
    pub fn write(mut self, run: &Collected, stdout: &mut dyn Write) -> Result<(), ReportError> {
        let text = self
            .request
            .format
            .render(run)
            .map_err(|reason| ReportError { path: self.request.path.display().to_string(), reason })?;
        let written = match &mut self.place {
            Place::Stdout => match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written,
            },
            Place::Special(file) => file.write_all(text.as_bytes()).and_then(|()| file.flush()),
            Place::Beside { file, temporary, path } => file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .and_then(|()| fs::rename(temporary, path)),
            Place::Written => Ok(()),
        };
        written.map_err(|error| failed(&self.request, &error))?;
        self.place = Place::Written;
        Ok(())
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        if let Place::Beside { temporary, .. } = &self.place {
            // Nothing was written, and there is nobody left to tell that even this does not work.
            let _ = fs::remove_file(temporary);
        }
    }
}

fn place(request: &ReportRequest, directory: &Path) -> io::Result<Place> {
    if request.takes_stdout() {
        return Ok(Place::Stdout);
    }
    let path = directory.join(&request.path);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"))
        }
        Ok(metadata) if !metadata.is_file() => Ok(Place::Special(File::options().write(true).open(&path)?)),
        _ => {
            // Behind a link, the file that it points to is replaced, not the link.
            let path = fs::canonicalize(&path).unwrap_or(path);
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{}.tmp", std::process::id()));
            let temporary = path.with_file_name(name);
            let file = File::create(&temporary)?;
            Ok(Place::Beside { file, temporary, path })
        }
    }
}

fn failed(request: &ReportRequest, error: &io::Error) -> ReportError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        _ => error.to_string(),
    };
    ReportError { path: request.path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<ReportRequest>().unwrap_err()
    }

    #[test]
    fn a_request_names_format_and_file() {
        let request: ReportRequest = "junit=a=b.xml".parse().unwrap();
        assert_eq!(request, ReportRequest { format: Format::Junit, path: "a=b.xml".into() });
        let refused: Vec<String> = ["json", "json=", "htm=x", "jsn=x", "yaml=x", ""].map(refused).into();
        insta::assert_snapshot!(refused.join("\n"), @r"
        write `FORMAT=FILE`, such as `json=report.json`
        the file is missing: write `FORMAT=FILE`, such as `json=report.json`
        unknown format `htm`; did you mean `html`?
        unknown format `jsn`; did you mean `json`?
        unknown format `yaml`; known are `json`, `junit`, `html` and `markdown`
        write `FORMAT=FILE`, such as `json=report.json`
        ");
    }

    #[test]
    fn the_old_report_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let request: ReportRequest = "json=report.json".parse().unwrap();
        let file = ReportFile::open(request.clone(), folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        drop(file);
        let file = ReportFile::open(request, folder.path()).unwrap();
        file.write(&samples::run(), &mut io::sink()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with('{'));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_wrong_path_is_found_before_the_run() {
        let folder = tempfile::tempdir().unwrap();
        for (text, reason) in [("json=no/r.json", "its folder does not exist"), ("json=.", "it is a folder")]
        {
            let error = ReportFile::open(text.parse().unwrap(), folder.path()).unwrap_err();
            assert_eq!(error.reason, reason);
        }
    }
}
