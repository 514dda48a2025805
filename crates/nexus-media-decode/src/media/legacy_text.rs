//! Text whose encoding a file does not say, or says wrongly: UTF-8 if it is valid, otherwise the encoding that the
//! bytes of all texts of the file suggest.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1252};

/// Bytes outside of ASCII from which on a detected encoding is trusted. Fewer are read as Windows-1252, which
/// contains Latin-1.
const MIN_EVIDENCE: usize = 3;

/// Decodes a text that has no others beside it.
#[must_use]
pub fn decode_one(text: &[u8]) -> String {
    decode_with(detect([text].into_iter()), text)
}

/// Decodes texts of one file, which have the same encoding: the more text, the surer the detection.
#[must_use]
pub fn decode_all(texts: &[Vec<u8>]) -> Vec<String> {
    let encoding = detect(texts.iter().map(Vec::as_slice));
    texts.iter().map(|text| decode_with(encoding, text)).collect()
}

/// The bytes of a text that was read as Latin-1; `None` if it has characters that Latin-1 does not have, or only ASCII.
#[must_use]
pub fn latin1_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> =
        text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
    (!bytes.is_ascii()).then_some(bytes)
}

fn decode_with(encoding: &'static Encoding, text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding.decode_without_bom_handling(text).0.into_owned(),
    }
}

fn detect<'a>(texts: impl Iterator<Item = &'a [u8]>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut evidence = 0;
    let mut all = Vec::new();
    // Valid UTF-8 says nothing about the encoding of the others.
    for text in texts.filter(|text| std::str::from_utf8(text).is_err()) {
        evidence += text.iter().filter(|byte| !byte.is_ascii()).count();
        detector.feed(text, false);
        // A line break, so that characters of two texts are not taken for neighbors.
        detector.feed(b"\n", false);
        all.extend_from_slice(text);
    }
    detector.feed(b"", true);

    let guess = detector.guess(None, Utf8Detection::Deny);
    let is_valid = guess.decode_without_bom_handling_and_without_replacement(&all).is_some();
    if evidence >= MIN_EVIDENCE && is_valid { guess } else { WINDOWS_1252 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_KR, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251};

    #[test]
    fn old_encodings_are_detected_by_all_texts_of_a_file() {
        for (encoding, texts) in [
            (WINDOWS_1251, ["Группа крови на рукаве", "Кино"]),
            (SHIFT_JIS, ["夜に駆ける", "さくら"]),
            (GBK, ["月亮代表我的心", "邓丽君"]),
            (BIG5, ["月亮代表我的心", "鄧麗君"]),
            (EUC_KR, ["아리랑 목동", "조용필"]),
            (WINDOWS_1250, ["Dziesięć w skali Beauforta łódź żółć", "Krzysztof Klenczon"]),
        ] {
            let bytes: Vec<Vec<u8>> =
                texts.iter().map(|text| encoding.encode(text).0.into_owned()).collect();
            assert_eq!(decode_all(&bytes), texts, "{}", encoding.name());
        }
    }

    #[test]
    fn latin_1_and_utf_8_stay_what_they_are() {
        for text in ["Größe", "Müller am Zürisee", "Jörg Müßig", "Café", "naïve café Ø", "Ä"]
        {
            let bytes = latin1_bytes(text).unwrap();
            assert_eq!(decode_one(&bytes), text);
            assert_eq!(decode_one(text.as_bytes()), text);
        }
        assert_eq!(decode_one(b"don\x92t \x80 5"), "don’t € 5");
        assert_eq!(latin1_bytes("plain"), None);
        assert_eq!(latin1_bytes("Кино"), None);
    }
}
