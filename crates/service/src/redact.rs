//! Takes our own secrets out of what a service says: an unkind one sends back what it was sent. Knows no service.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::secret::Secret;

/// Shorter secrets are no secrets; taking them out would tear holes into ordinary words.
const SHORTEST: usize = 4;
/// A beginning of a secret at the end of a text that was cut off counts from this length on.
const SHORTEST_BEGINNING: usize = 6;
/// Stands where a secret was.
const GONE: &str = "…";

/// The text without the secrets, as they are, as forms and as base64 and hex show them; also where the text was cut off in the
/// middle of one.
pub(crate) fn redacted<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        for form in forms(secret.expose()) {
            if form.len() >= SHORTEST && clean.contains(&form) {
                clean = clean.replace(&form, GONE);
            }
            without_beginning(&mut clean, &form);
        }
    }
    clean
}

/// What a secret may look like.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex = |digits: &dyn Fn(&u8) -> String| bytes.iter().map(digits).collect();
    let mut forms = vec![
        secret.to_owned(),
        url::form_urlencoded::byte_serialize(bytes).collect(),
        hex(&|byte| format!("{byte:02x}")),
        hex(&|byte| format!("{byte:02X}")),
    ];
    forms.extend((0..3).map(|before| base64_behind(before, bytes)));
    forms
}

/// The characters of a base64 text that depend on these bytes alone, with so many bytes before them: as in a `Basic` pair.
fn base64_behind(before: usize, bytes: &[u8]) -> String {
    let mut all = vec![0; before];
    all.extend(bytes);
    let encoded = BASE64_STANDARD.encode(&all);
    // Six bits a character: those that share none with the bytes around.
    let (first, end) = ((before * 8).div_ceil(6), all.len() * 8 / 6);
    encoded.get(first..end).unwrap_or_default().to_owned()
}

/// Takes away the beginning of a secret that a text ends with.
fn without_beginning(text: &mut String, form: &str) {
    let kept = text.trim_end_matches(GONE).len();
    let beginnings = form.char_indices().map(|(end, _)| end).rev();
    let mut beginnings = beginnings.take_while(|end| *end >= SHORTEST_BEGINNING);
    let found = beginnings.find(|end| {
        let beginning = form.get(..*end).unwrap_or_default();
        text.get(..kept)
            .is_some_and(|text| text.ends_with(beginning))
    });
    if let Some(length) = found {
        text.truncate(kept - length);
        text.push_str(GONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let secrets = [Secret::new("s3cret/+token=value"), Secret::new("abc")];
        assert_eq!(redacted(text, &secrets), expected);
    }

    #[test]
    fn secrets_are_taken_out_in_every_form() {
        check(
            "bad header Bearer s3cret/+token=value (E)",
            "bad header Bearer … (E)",
        );
        check("token=s3cret%2F%2Btoken%3Dvalue&x", "token=…&x");
        check("7333637265742f2b746f6b656e3d76616c7565!", "…!");
        check("7333637265742F2B746F6B656E3D76616C7565!", "…!");
        for name in ["", "a", "ab", "abc", "client-id"] {
            let pair = BASE64_STANDARD.encode(format!("{name}:s3cret/+token=value:more"));
            let clean = redacted(&pair, [&Secret::new("s3cret/+token=value")]);
            let taken = pair.len() - clean.chars().count();
            assert!(clean.contains(GONE) && taken >= 22, "{name}: {clean}");
        }
        check("abc and other words stay", "abc and other words stay");
    }

    #[test]
    fn a_secret_that_was_cut_off_is_taken_out_too() {
        check("it was s3cret/+tok…", "it was …");
        check("it was s3cret/", "it was …");
        check("it was s3cre", "it was s3cre"); // too short to tell from a word
        check("it was s3cret%2F%2Bto", "it was …");
    }
}
