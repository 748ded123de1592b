//! Compressed twins of files.

use std::io::Write as _;

use anyhow::Result;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// The most that Brotli can do; it is done once per build.
const BROTLI_QUALITY: i32 = 11;
/// 4 MiB: more than any file here.
const BROTLI_WINDOW_BITS: i32 = 22;

/// With Brotli.
pub fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        ..Default::default()
    };
    let mut squeezed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut squeezed, &parameters)?;
    Ok(squeezed)
}

/// With gzip. The header carries no time, so that the same content gives the same file.
pub fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_come_back_as_they_were() {
        let content = "编钟 ".repeat(1000).into_bytes();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &brotli(&content).unwrap()[..], &mut back).unwrap();
        assert_eq!(back, content);
        back.clear();
        flate2::read::GzDecoder::new(&gzip(&content).unwrap()[..])
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, content);
    }
}
