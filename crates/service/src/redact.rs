//! Takes our own secrets out of what a service says: an unkind one sends back what it was sent. Knows no service.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

use crate::secret::Secret;

/// Shorter secrets are no secrets; taking them out would tear holes into ordinary words.
const SHORTEST: usize = 4;
/// A beginning of a secret where a text was cut off counts from this length on.
const SHORTEST_BEGINNING: usize = 6;
/// Stands where a secret was, and where a text was cut off.
const GONE: &str = "…";

/// Takes the same secrets out of many texts.
pub(crate) struct Redactor {
    forms: Vec<String>,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let secrets = secrets.into_iter();
        let forms = secrets.flat_map(|secret| forms(secret.expose()));
        let mut forms: Vec<String> = forms.filter(|form| form.len() >= SHORTEST).collect();
        // The longer first: a secret that another one begins with leaves no rest of that.
        forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// The text without the secrets, as they are, as forms and as base64 and hex show them; also where the text was cut off in the
    /// middle of one, at its end or before a `…`.
    pub(crate) fn clean(&self, text: &str) -> String {
        let whole = |text: String, form: &String| text.replace(form.as_str(), GONE);
        let clean = self.forms.iter().fold(text.to_owned(), whole);
        // Words may have been put behind the cut, so it is looked for in front of every mark.
        let parts: Vec<_> = clean.split(GONE).collect();
        let kept: Vec<_> = parts
            .iter()
            .map(|part| without_end(part, &self.forms))
            .collect();
        let cut_at_the_end = parts.last() != kept.last();
        kept.join(GONE) + if cut_at_the_end { GONE } else { "" }
    }
}

/// As [`Redactor::clean`], once.
pub(crate) fn redacted<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    Redactor::new(secrets).clean(text)
}

/// What a secret may look like.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex = |digits: &dyn Fn(&u8) -> String| bytes.iter().map(digits).collect();
    let encoded: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let mut forms = vec![
        secret.to_owned(),
        lower_percent(&encoded),
        encoded,
        hex(&|byte| format!("{byte:02x}")),
        hex(&|byte| format!("{byte:02X}")),
    ];
    for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
        forms.extend((0..3).map(|before| base64_behind(&engine, before, bytes)));
    }
    forms
}

/// `%2F` → `%2f`: some write the digits so.
fn lower_percent(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2 } else { i32::max(digits - 1, 0) };
        if is_digit { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

/// The characters of a base64 text that depend on these bytes alone, with so many bytes before them: as in a `Basic` pair.
fn base64_behind(engine: &GeneralPurpose, before: usize, bytes: &[u8]) -> String {
    let mut all = vec![0; before];
    all.extend(bytes);
    let encoded = engine.encode(&all);
    // Six bits a character: those that share none with the bytes around.
    let (first, end) = ((before * 8).div_ceil(6), all.len() * 8 / 6);
    encoded.get(first..end).unwrap_or_default().to_owned()
}

/// The text without the beginning of a secret that it ends with.
fn without_end<'t>(text: &'t str, forms: &[String]) -> &'t str {
    let kept = forms.iter().filter_map(|form| {
        let longest = text.len().min(form.len().saturating_sub(1));
        let mut beginnings = (SHORTEST_BEGINNING..=longest).rev();
        beginnings.find_map(|end| text.strip_suffix(form.get(..end)?))
    });
    kept.min_by_key(|kept| kept.len()).unwrap_or(text)
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
        check("token=s3cret%2f%2btoken%3dvalue&x", "token=…&x");
        check("7333637265742f2b746f6b656e3d76616c7565!", "…!");
        check("7333637265742F2B746F6B656E3D76616C7565!", "…!");
        for name in ["", "a", "ab", "abc", "client-id"] {
            let pair = BASE64_STANDARD.encode(format!("{name}:s3cret/+token=value:more"));
            let clean = redacted(&pair, [&Secret::new("s3cret/+token=value")]);
            let taken = pair.len() - clean.chars().count();
            assert!(clean.contains(GONE) && taken >= 22, "{name}: {clean}");
        }
        // Of a secret whose base64 differs in the two alphabets.
        let odd = Secret::new("??>>??>>~~ö?>");
        for before in ["", "a", "ab"] {
            let text = BASE64_URL_SAFE.encode(format!("{before}??>>??>>~~ö?>more"));
            let clean = redacted(&text, [&odd]);
            let taken = text.len() - clean.chars().count();
            assert!(clean.contains(GONE) && taken >= 16, "{before}: {clean}");
        }
        check("abc and other words stay", "abc and other words stay");
    }

    #[test]
    fn a_secret_that_was_cut_off_is_taken_out_too() {
        check("it was s3cret/+tok…", "it was …");
        check("it was s3cret/", "it was …");
        check("it was s3cre", "it was s3cre"); // too short to tell from a word
        check("it was s3cret%2F%2Bto", "it was …");
        check("it was s3cret%2f%2bto…", "it was …");
    }

    #[test]
    fn a_cut_in_the_middle_of_the_words_is_seen_too() {
        check("it was s3cret/+tok… (code)", "it was … (code)");
        check("s3cret/… and s3cret/+to… (code)", "… and … (code)");
        check("s3cret/+… and s3cret/+token=value", "… and …");
        check("s3cret/+… s3cre… s3cret/", "… s3cre… …");
        check("words… and no more", "words… and no more");
    }
}
