//! What the caller was told about each line: the caller's side of the settlement.

use super::source::LineKey;
use carillon_domain::ids::MessageId;
use compact_str::CompactString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// One line's fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Counts from 1 over the whole run.
    pub line: u64,
    pub marker: Option<u64>,
    pub phone: CompactString,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted(MessageId),
    Refused {
        code: CompactString,
        field: CompactString,
    },
    /// No answer ever came: the message may exist or not.
    Unanswered,
}

#[derive(Debug, thiserror::Error)]
pub enum AcknowledgementError {
    #[error("cannot open the acknowledgement log {path}")]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot write the acknowledgement log")]
    Write(#[source] io::Error),
    #[error("cannot read the acknowledgement log {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("line {line} of the acknowledgement log {path} cannot be understood")]
    Line { path: PathBuf, line: u64 },
}

/// Where acknowledgements go.
pub trait AcknowledgementSink: Send {
    /// These lines' request is on its way, or should have been at this moment, which may be over.
    fn begun(&mut self, _lines: &[LineKey], _at: SystemTime) {}

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError>;

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        Ok(())
    }
}

impl<S: AcknowledgementSink> AcknowledgementSink for &mut S {
    fn begun(&mut self, lines: &[LineKey], at: SystemTime) {
        (**self).begun(lines, at);
    }

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        (**self).acknowledge(acknowledgement)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        (**self).flush()
    }
}

impl AcknowledgementSink for Vec<Acknowledgement> {
    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        self.push(acknowledgement);
        Ok(())
    }
}

/// Nobody asked.
pub struct Discard;

impl AcknowledgementSink for Discard {
    fn acknowledge(&mut self, _: Acknowledgement) -> Result<(), AcknowledgementError> {
        Ok(())
    }
}

/// Tells two others.
pub struct Tee<A, B>(pub A, pub B);

impl<A: AcknowledgementSink, B: AcknowledgementSink> AcknowledgementSink for Tee<A, B> {
    fn begun(&mut self, lines: &[LineKey], at: SystemTime) {
        self.0.begun(lines, at);
        self.1.begun(lines, at);
    }

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        self.0.acknowledge(acknowledgement.clone())?;
        self.1.acknowledge(acknowledgement)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        self.0.flush()?;
        self.1.flush()
    }
}

/// A text file: line, marker, phone, and the id, `!code field`, or `?`, with tabs between.
pub struct AcknowledgementLog {
    file: BufWriter<File>,
}

impl AcknowledgementLog {
    pub fn create(path: &Path) -> Result<Self, AcknowledgementError> {
        let file = File::create(path).map_err(|source| AcknowledgementError::Open {
            path: path.to_owned(),
            source,
        })?;
        Ok(AcknowledgementLog {
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    fn write(&mut self, acknowledgement: &Acknowledgement) -> io::Result<()> {
        let Acknowledgement {
            line,
            marker,
            phone,
            outcome,
        } = acknowledgement;
        let phone = phone.replace(char::is_control, "");
        write!(self.file, "{line}\t")?;
        match marker {
            Some(marker) => write!(self.file, "{marker}\t{phone}\t")?,
            None => write!(self.file, "-\t{phone}\t")?,
        }
        match outcome {
            Outcome::Accepted(id) => writeln!(self.file, "{id}"),
            Outcome::Refused { code, field } => writeln!(self.file, "!{code} {field}"),
            Outcome::Unanswered => writeln!(self.file, "?"),
        }
    }
}

impl AcknowledgementSink for AcknowledgementLog {
    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        self.write(&acknowledgement).map_err(AcknowledgementError::Write)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        self.file.flush().map_err(AcknowledgementError::Write)
    }
}

/// Reads a log again.
pub fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Acknowledgement, AcknowledgementError>>, AcknowledgementError> {
    let file = File::open(path).map_err(|source| AcknowledgementError::Open {
        path: path.to_owned(),
        source,
    })?;
    let path = path.to_owned();
    let lines = BufReader::with_capacity(1 << 20, file).lines().enumerate();
    Ok(lines.map(move |(place, text)| {
        let text = text.map_err(|source| AcknowledgementError::Read {
            path: path.clone(),
            source,
        })?;
        parse(&text).ok_or_else(|| AcknowledgementError::Line {
            path: path.clone(),
            line: place as u64 + 1,
        })
    }))
}

fn parse(text: &str) -> Option<Acknowledgement> {
    let mut fields = text.splitn(4, '\t');
    let line = fields.next()?.parse().ok()?;
    let marker = match fields.next()? {
        "-" => None,
        number => Some(number.parse().ok()?),
    };
    let phone = fields.next()?.into();
    let outcome = match fields.next()? {
        "?" => Outcome::Unanswered,
        text => match text.strip_prefix('!') {
            None => Outcome::Accepted(text.parse().ok()?),
            Some(refusal) => {
                let (code, field) = refusal.split_once(' ')?;
                Outcome::Refused {
                    code: code.into(),
                    field: field.into(),
                }
            }
        },
    };
    Some(Acknowledgement {
        line,
        marker,
        phone,
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nonsense_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("acknowledged");
        let refused = Outcome::Refused {
            code: "invalid_phone".into(),
            field: "to".into(),
        };
        let outcomes = [Outcome::Accepted(MessageId(77)), refused, Outcome::Unanswered];
        let written: Vec<_> = (1..)
            .zip(outcomes)
            .map(|(line, outcome)| Acknowledgement {
                line,
                marker: (line > 1).then_some(line * 7),
                phone: "13800000001".into(),
                outcome,
            })
            .collect();
        let mut log = AcknowledgementLog::create(&path).expect("created");
        for acknowledgement in &written {
            log.acknowledge(acknowledgement.clone()).expect("written");
        }
        log.flush().expect("flushed");
        let read_again: Result<Vec<_>, _> = read(&path).expect("opened").collect();
        assert_eq!(read_again.expect("all lines"), written);
        for nonsense in ["", "1", "x\t1\t2\t?", "1\t-\t2\tmsg_", "1\t-\t2\t!code"] {
            std::fs::write(&path, format!("{nonsense}\n")).expect("written");
            let first = read(&path).expect("opened").next();
            assert!(
                matches!(first, Some(Err(AcknowledgementError::Line { line: 1, .. }))),
                "{nonsense}: {first:?}"
            );
        }
    }
}
