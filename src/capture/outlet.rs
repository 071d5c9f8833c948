//! What happens to the bytes of a capture on their way out: check, redact, compress.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::completeness::{Completeness, Counts};
use crate::control::{Control, Phase, Progress};
use crate::error::{Error, Result};
use crate::redact::{Redactor, Salt};

/// The stages between V8 and a file or stream.
pub struct Outlet {
    completeness: Completeness,
    redactor: Option<Redactor>,
    redacted: Vec<u8>,
    encoder: Option<GzEncoder<Vec<u8>>>,
    phase: Phase,
}

/// What the stages do.
#[derive(Clone, Default)]
pub struct OutletOptions {
    /// The level of deflate, 0 to 9, if the output is to be gzip.
    pub gzip_level: Option<u32>,
    /// The salt, if values are to be replaced by tokens.
    pub redact: Option<Salt>,
    /// Whether the bytes are those of a file: V8 does not walk meanwhile.
    pub is_of_file: bool,
}

impl Outlet {
    /// Stages that have seen nothing yet.
    pub fn new(options: OutletOptions) -> Self {
        let OutletOptions { gzip_level, redact, is_of_file } = options;
        Self {
            completeness: Completeness::new(),
            redactor: redact.map(Redactor::new),
            redacted: Vec::new(),
            encoder: gzip_level
                .map(|level| GzEncoder::new(Vec::new(), Compression::new(level.min(9)))),
            phase: if is_of_file { Phase::Write } else { Phase::Capture },
        }
    }

    /// Takes the next bytes of the snapshot. Returns what can go out: `bytes` themselves where
    /// nothing is done to them.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` when they cannot belong to a snapshot.
    pub fn push<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        self.completeness.push(bytes)?;
        let plain = match &mut self.redactor {
            None => bytes,
            Some(redactor) => {
                self.redacted.clear();
                redactor.push(bytes, &mut self.redacted)?;
                &self.redacted
            }
        };
        match &mut self.encoder {
            None => Ok(plain),
            Some(encoder) => {
                encoder.get_mut().clear();
                encoder.write_all(plain).map_err(|error| Error::io("deflate", "memory", error))?;
                Ok(encoder.get_ref())
            }
        }
    }

    /// Checks that the snapshot is whole. Returns what is left to go out, and what it counted.
    ///
    /// # Errors
    ///
    /// `ERR_TRUNCATED_SNAPSHOT` or `ERR_INVALID_SNAPSHOT`.
    pub fn finish(&mut self) -> Result<(Vec<u8>, Counts)> {
        let counts = self.completeness.finish()?;
        let rest = match self.encoder.take() {
            None => Vec::new(),
            Some(mut encoder) => {
                encoder.get_mut().clear();
                encoder.finish().map_err(|error| Error::io("deflate", "memory", error))?
            }
        };
        Ok((rest, counts))
    }

    /// Tells of the bytes of the snapshot so far, and how many there will be, if that can be said yet.
    pub fn report(&self, control: &Control) {
        let (bytes, total_bytes) = (self.completeness.bytes(), self.completeness.expected_bytes());
        control.progress(Progress { phase: self.phase, bytes, total_bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::HeapGraph;
    use crate::snapshot::{Source, read};

    const DOCUMENT: &str = concat!(
        r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],"#,
        r#""node_types":[["hidden","object"],"string"],"#,
        r#""edge_fields":["type","name_or_index","to_node"],"edge_types":[["element","property"]],"#,
        r#""location_fields":["object_index","script_id","line","column"],"#,
        r#""sample_fields":["timestamp_us","last_assigned_id"]},"node_count":2,"edge_count":2},"#,
        r#""nodes":[0,1,1,0,1,1,2,3,16,1],"edges":[1,2,5,0,7,0],"trace_function_infos":[],"#,
        r#""trace_tree":[1,0,[2,{}]],"samples":[10,3],"locations":[5,9,-1,4],"novel":{},"#,
        r#""strings":["<dummy>","","Box"]}"#,
    );

    fn redact(document: &[u8], chunk: usize) -> Result<Vec<u8>> {
        let redact = Some(Salt::new(Some("salt")));
        let mut outlet = Outlet::new(OutletOptions { redact, ..Default::default() });
        let mut copy = Vec::new();
        for piece in document.chunks(chunk) {
            copy.extend_from_slice(outlet.push(piece)?);
        }
        copy.extend(outlet.finish()?.0);
        Ok(copy)
    }

    fn open(document: &[u8]) -> Result<HeapGraph> {
        read(Source::Bytes(document.into()), &Default::default(), &Default::default())
    }

    /// Every document that differs from the good one by a byte more, a byte less, or another byte.
    fn damaged() -> impl Iterator<Item = Vec<u8>> {
        let good = DOCUMENT.as_bytes();
        (0..good.len()).flat_map(move |at| {
            let with =
                move |bytes: &[u8], rest: usize| [&good[..at], bytes, &good[rest..]].concat();
            let bytes = b"019-,:.e[]{}\"\\n x".iter();
            let instead = bytes.flat_map(move |&byte| [with(&[byte], at), with(&[byte], at + 1)]);
            instead.chain([with(&[], at + 1)])
        })
    }

    #[test]
    fn no_damage_is_copied() {
        assert!(open(DOCUMENT.as_bytes()).is_ok());
        assert!(open(&redact(DOCUMENT.as_bytes(), 9).unwrap()).is_ok());
        for document in damaged() {
            let Ok(copy) = redact(&document, 64) else { continue };
            let text = String::from_utf8_lossy(&document);
            assert!(serde_json::from_slice::<serde_json::Value>(&copy).is_ok(), "{text}");
            assert!(open(&copy).is_ok(), "{text}");
        }
    }

    #[test]
    fn damage_is_told_where_it_is_however_it_is_cut() {
        for (good, bad) in [
            ("0,1,1,0,1,1", "9,1,1,0,1,1"),
            ("1,2,5,0", "9,2,5,0"),
            ("1,2,5,0", "1,2,6,0"),
            ("1,2,5,0", "1,2,10,0"),
            ("1,2,5,0", "1,3,5,0"),
            ("1,2,3,16", "1,3,3,16"),
            ("5,9,-1,4", "4,9,-1,4"),
            ("[10,3]", "[10,[3]]"),
            ("[1,0,[2,{}]]", "[1,,0,[2,{}]]"),
            ("[2,{}]]", "[2,{}}]"),
            (r#""novel":{}"#, r#""novel" {}"#),
            (r#""novel":{}"#, r#""novel":truth"#),
            (r#""novel":{},"#, r#""novel":{}"#),
        ] {
            let document = DOCUMENT.replace(good, bad);
            assert_ne!(document, DOCUMENT);
            let damage = document.bytes().zip(DOCUMENT.bytes()).position(|(a, b)| a != b).unwrap();
            let errors = [1, 9, document.len()].map(|chunk| {
                let error = redact(document.as_bytes(), chunk).unwrap_err();
                assert_eq!(error.code(), "ERR_INVALID_SNAPSHOT", "{error}");
                let offset = error.offset().unwrap() as usize;
                assert!(offset.abs_diff(damage) < 12, "{bad}: {error}, and not at {damage}");
                error.to_string()
            });
            assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
        }
    }
}
