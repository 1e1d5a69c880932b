//! `--log FORMAT=FILE`: the provisioning log of a simulation, entry by entry, for spreadsheets and scripts.
//!
//! Unlike a report it is written while the run goes on, entry by entry, so that it can be followed and that nothing is lost when
//! the program is killed. The JSON form is one array with one entry a line. In a file it is closed after each entry, and
//! the next one is written over its end: what stands there is always valid JSON.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::message::clean;
use super::provisioning::kind_word;
use crate::diagnostic::nearest;
use crate::event::provisioning::Entry;
use crate::event::{Event, Observer};

/// The columns of the CSV form.
const COLUMNS: [&str; 11] =
    ["cycle", "time", "kind", "key", "name", "action", "status", "reason", "targetId", "changes", "requests"];

/// The formats of provisioning logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A table with a heading (RFC 4180).
    Csv,
    /// An array, one entry a line.
    Json,
}

impl LogFormat {
    const NAMES: [(&'static str, LogFormat); 2] = [("csv", LogFormat::Csv), ("json", LogFormat::Json)];

    /// What stands before the first entry.
    fn opening(self) -> String {
        match self {
            LogFormat::Csv => format!("{}\n", COLUMNS.join(",")),
            LogFormat::Json => "[".to_owned(),
        }
    }

    /// What makes the log whole after any entry.
    fn closing(self) -> &'static [u8] {
        match self {
            LogFormat::Csv => b"",
            LogFormat::Json => b"\n]\n",
        }
    }
}

/// A log that was asked for: `csv=out.csv`; `-` stands for standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRequest {
    /// In which format.
    pub format: LogFormat,
    /// Where to.
    pub path: PathBuf,
}

impl LogRequest {
    /// Whether the log takes standard output for itself.
    pub fn takes_stdout(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

impl FromStr for LogRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("write `FORMAT=FILE`, such as `csv=log.csv`")?;
        let Some((_, format)) = LogFormat::NAMES.iter().find(|(name, _)| *name == format) else {
            return Err(match nearest(format, LogFormat::NAMES.map(|(name, _)| name)) {
                Some(near) => format!("unknown format `{format}`; did you mean `{near}`?"),
                None => format!("unknown format `{format}`; known are `csv` and `json`"),
            });
        };
        match path.is_empty() {
            true => Err("the file is missing: write `FORMAT=FILE`, such as `csv=log.csv`".to_owned()),
            false => Ok(Self { format: *format, path: path.into() }),
        }
    }
}

/// A provisioning log could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the provisioning log `{path}` cannot be written: {reason}")]
pub struct LogError {
    /// Where it should have gone, as it was given.
    pub path: String,
    /// Why not.
    pub reason: String,
}

/// Where a log goes.
enum Sink {
    /// A file that can be written over.
    File(File),
    /// Standard output, a pipe, a device.
    Stream(Box<dyn Write + Send>),
}

/// A provisioning log that is being written.
pub struct ProvisioningLog {
    request: LogRequest,
    /// `None` once it is closed.
    sink: Option<Sink>,
    gathered: Vec<u8>,
    is_first: bool,
    error: Option<io::Error>,
}

impl ProvisioningLog {
    /// Begins the log; what stood in the file is gone. Relative paths start at `directory`, and `-` is `stdout`.
    ///
    /// # Errors
    /// The folder is missing, or the file may not be written.
    pub fn create(
        request: LogRequest,
        directory: &Path,
        stdout: impl FnOnce() -> Box<dyn Write + Send>,
    ) -> Result<Self, LogError> {
        let sink = match request.takes_stdout() {
            true => Ok(Sink::Stream(stdout())),
            false => open(&directory.join(&request.path)),
        };
        let sink = sink.map_err(|error| failed(&request, &error))?;
        let gathered = request.format.opening().into_bytes();
        let mut log = Self { request, sink: Some(sink), gathered, is_first: true, error: None };
        log.write();
        match log.error.take() {
            Some(error) => Err(failed(&log.request, &error)),
            None => Ok(log),
        }
    }

    /// Ends the log.
    ///
    /// # Errors
    /// Something could not be written, now or before.
    pub fn finish(mut self) -> Result<(), LogError> {
        self.close();
        match self.error.take() {
            // Nobody reads it any more.
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(failed(&self.request, &error)),
            None => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry) {
        if self.error.is_some() {
            return;
        }
        let added = match self.request.format {
            LogFormat::Csv => row(&mut self.gathered, entry),
            LogFormat::Json => {
                let separator: &[u8] = if self.is_first { b"\n" } else { b",\n" };
                self.gathered.extend_from_slice(separator);
                serde_json::to_writer(&mut self.gathered, entry).map_err(io::Error::from)
            }
        };
        self.is_first = false;
        match added {
            Err(error) => self.error = Some(error),
            Ok(()) => self.write(),
        }
    }

    /// Writes what was gathered. After the first failure nothing more is tried.
    fn write(&mut self) {
        let mut gathered = std::mem::take(&mut self.gathered);
        if self.error.is_some() || gathered.is_empty() {
            return;
        }
        let written = match &mut self.sink {
            None => Ok(()),
            Some(Sink::Stream(stream)) => stream.write_all(&gathered).and_then(|()| stream.flush()),
            Some(Sink::File(file)) => {
                let closing = self.request.format.closing();
                gathered.extend_from_slice(closing);
                let back = -(closing.len() as i64);
                file.write_all(&gathered).and_then(|()| file.seek(SeekFrom::Current(back)).map(drop))
            }
        };
        self.error = written.err();
        gathered.clear();
        self.gathered = gathered;
    }

    fn close(&mut self) {
        self.write();
        let closed = match self.sink.take() {
            Some(Sink::Stream(mut stream)) if self.error.is_none() => {
                stream.write_all(self.request.format.closing()).and_then(|()| stream.flush())
            }
            _ => Ok(()),
        };
        if let Err(error) = closed {
            self.error = Some(error);
        }
    }
}

impl Observer for ProvisioningLog {
    fn observe(&mut self, event: &Event) {
        if let Event::Provisioned(entry) = event {
            self.entry(entry);
        }
    }
}

impl Drop for ProvisioningLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn open(path: &Path) -> io::Result<Sink> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"))
        }
        Ok(metadata) if !metadata.is_file() => {
            Ok(Sink::Stream(Box::new(File::options().write(true).open(path)?)))
        }
        _ => Ok(Sink::File(File::create(path)?)),
    }
}

/// One row of the CSV form.
fn row(to: &mut Vec<u8>, entry: &Entry) -> io::Result<()> {
    let Entry { cycle, time, kind, key, name, action, status, reason, target_id, changes, requests } = entry;
    let mut writer = csv::WriterBuilder::new().buffer_capacity(512).from_writer(to);
    writer.write_record([
        &cycle.to_string(),
        &time.to_string(),
        kind_word(*kind),
        &clean(key),
        &clean(name),
        action.word(),
        status.word(),
        &clean(reason.as_deref().unwrap_or_default()),
        &clean(target_id.as_deref().unwrap_or_default()),
        &clean(&changes.join("; ")),
        &requests.to_string(),
    ])?;
    writer.flush()
}

fn failed(request: &LogRequest, error: &io::Error) -> LogError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        _ => error.to_string(),
    };
    LogError { path: request.path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::samples;
    use super::*;

    fn written(format: &str, events: &[Event]) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let request: LogRequest = format!("{format}=log").parse().unwrap();
        let mut log = ProvisioningLog::create(request, folder.path(), || unreachable!()).unwrap();
        events.iter().for_each(|event| log.observe(event));
        log.finish().unwrap();
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        (folder, text)
    }

    #[test]
    fn a_table_has_a_row_an_entry() {
        let (_folder, text) = written("csv", &samples::simulate::events());
        insta::assert_snapshot!(text, @r#"
        cycle,time,kind,key,name,action,status,reason,targetId,changes,requests
        1,1970-01-01T00:00:00Z,user,jun,jun@acme.example.com,none,skipped,not assigned,,,0
        1,1970-01-01T00:00:00Z,user,ada,ada@acme.example.com,create,success,,0004a737-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,user,grace,grace@acme.example.com,create,success,the target did not keep title,11d2ac11-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,user,alan,alan.okeefe@acme.example.com,create,failure,POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken,,,2
        1,1970-01-01T00:00:00Z,user,zoe,zoe@acme.example.com,create,success,,00050669-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,user,lin,lin@acme.example.com,match,success,,0004d12a-7f76-453a-919d-413861904646,"displayName; emails[type eq ""work""].value",2
        1,1970-01-01T00:00:00Z,group,engineering,Engineering,create,success,,9b9454ac-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,group,everyone,"</script><script>alert('x')</script>�[31m� ""quoted"" | `tick` ``` --> ]]>",create,success,,1eadaa72-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,group,security,Security,match,success,,46718047-7f76-453a-919d-413861904646,,2
        1,1970-01-01T00:00:00Z,user,ada,ada@acme.example.com,manager,success,,0004a737-7f76-453a-919d-413861904646,,1
        1,1970-01-01T00:00:00Z,group,engineering,Engineering,members,success,,9b9454ac-7f76-453a-919d-413861904646,3 added,2
        1,1970-01-01T00:00:00Z,group,everyone,"</script><script>alert('x')</script>�[31m� ""quoted"" | `tick` ``` --> ]]>",members,success,,1eadaa72-7f76-453a-919d-413861904646,5 added,2
        1,1970-01-01T00:00:00Z,group,security,Security,members,failure,PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member,46718047-7f76-453a-919d-413861904646,,2
        2,1970-01-01T00:40:00Z,user,jun,jun@acme.example.com,none,skipped,not assigned,,,0
        2,1970-01-01T00:40:00Z,user,grace,grace@acme.example.com,update,success,,11d2ac11-7f76-453a-919d-413861904646,title,1
        2,1970-01-01T00:40:00Z,user,lin,lin@acme.example.com,disable,success,,0004d12a-7f76-453a-919d-413861904646,,1
        2,1970-01-01T00:40:00Z,user,alan,alan.okeefe@acme.example.com,create,failure,POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken,,,1
        "#);
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
    }

    #[test]
    fn an_array_has_a_line_an_entry() {
        let (_folder, text) = written("json", &samples::simulate::events());
        insta::assert_snapshot!(text.replace('\u{202e}', "<turned>"), @r#"
        [
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"jun","name":"jun@acme.example.com","action":"none","status":"skipped","reason":"not assigned","requests":0},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"ada","name":"ada@acme.example.com","action":"create","status":"success","targetId":"0004a737-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"grace","name":"grace@acme.example.com","action":"create","status":"success","reason":"the target did not keep title","targetId":"11d2ac11-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"alan","name":"alan.okeefe@acme.example.com","action":"create","status":"failure","reason":"POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"zoe","name":"zoe@acme.example.com","action":"create","status":"success","targetId":"00050669-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"lin","name":"lin@acme.example.com","action":"match","status":"success","targetId":"0004d12a-7f76-453a-919d-413861904646","changes":["displayName","emails[type eq \"work\"].value"],"requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"engineering","name":"Engineering","action":"create","status":"success","targetId":"9b9454ac-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"everyone","name":"</script><script>alert('x')</script>\u001b[31m<turned> \"quoted\" | `tick` ``` --> ]]>","action":"create","status":"success","targetId":"1eadaa72-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"security","name":"Security","action":"match","status":"success","targetId":"46718047-7f76-453a-919d-413861904646","requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"user","key":"ada","name":"ada@acme.example.com","action":"manager","status":"success","targetId":"0004a737-7f76-453a-919d-413861904646","requests":1},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"engineering","name":"Engineering","action":"members","status":"success","targetId":"9b9454ac-7f76-453a-919d-413861904646","changes":["3 added"],"requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"everyone","name":"</script><script>alert('x')</script>\u001b[31m<turned> \"quoted\" | `tick` ``` --> ]]>","action":"members","status":"success","targetId":"1eadaa72-7f76-453a-919d-413861904646","changes":["5 added"],"requests":2},
        {"cycle":1,"time":"1970-01-01T00:00:00Z","kind":"group","key":"security","name":"Security","action":"members","status":"failure","reason":"PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member","targetId":"46718047-7f76-453a-919d-413861904646","requests":2},
        {"cycle":2,"time":"1970-01-01T00:40:00Z","kind":"user","key":"jun","name":"jun@acme.example.com","action":"none","status":"skipped","reason":"not assigned","requests":0},
        {"cycle":2,"time":"1970-01-01T00:40:00Z","kind":"user","key":"grace","name":"grace@acme.example.com","action":"update","status":"success","targetId":"11d2ac11-7f76-453a-919d-413861904646","changes":["title"],"requests":1},
        {"cycle":2,"time":"1970-01-01T00:40:00Z","kind":"user","key":"lin","name":"lin@acme.example.com","action":"disable","status":"success","targetId":"0004d12a-7f76-453a-919d-413861904646","requests":1},
        {"cycle":2,"time":"1970-01-01T00:40:00Z","kind":"user","key":"alan","name":"alan.okeefe@acme.example.com","action":"create","status":"failure","reason":"POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken","requests":1}
        ]
        "#);
        let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(entries.len(), text.lines().count() - 2);
        assert_eq!(written("json", &[]).1, "[\n]\n");
    }

    #[test]
    fn the_array_in_a_file_is_whole_at_any_time() {
        let folder = tempfile::tempdir().unwrap();
        let read = || -> Vec<serde_json::Value> {
            serde_json::from_str(&fs::read_to_string(folder.path().join("log")).unwrap()).unwrap()
        };
        let request: LogRequest = "json=log".parse().unwrap();
        let mut log = ProvisioningLog::create(request, folder.path(), || unreachable!()).unwrap();
        assert_eq!(read().len(), 0);
        let mut most = 0;
        for _ in 0..40 {
            samples::simulate::events().iter().for_each(|event| log.observe(event));
            most = most.max(read().len());
        }
        assert!(most > 100);
        // Killed: not even dropped.
        std::mem::forget(log);
        assert_eq!(read().len(), most);
    }

    /// A stream whose text can be looked at afterwards.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_is_closed_when_it_is_dropped() {
        let out = Shared::default();
        let request: LogRequest = "json=-".parse().unwrap();
        assert!(request.takes_stdout());
        let stdout = || Box::new(out.clone()) as Box<dyn Write + Send>;
        let mut log = ProvisioningLog::create(request, Path::new("."), stdout).unwrap();
        samples::simulate::events().iter().for_each(|event| log.observe(event));
        drop(log);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert!(entries.len() > 5);
    }

    #[test]
    fn a_request_names_format_and_file_and_a_wrong_path_is_found_early() {
        let refused = ["csv", "csv=", "cvs=x", "xml=x"].map(|text| text.parse::<LogRequest>().unwrap_err());
        insta::assert_snapshot!(refused.join("\n"), @"
        write `FORMAT=FILE`, such as `csv=log.csv`
        the file is missing: write `FORMAT=FILE`, such as `csv=log.csv`
        unknown format `cvs`; did you mean `csv`?
        unknown format `xml`; known are `csv` and `json`
        ");
        let folder = tempfile::tempdir().unwrap();
        for (text, reason) in [("csv=no/log.csv", "its folder does not exist"), ("csv=.", "it is a folder")] {
            let made = ProvisioningLog::create(text.parse().unwrap(), folder.path(), || Box::new(io::sink()));
            assert_eq!(made.err().unwrap().reason, reason);
        }
    }
}
