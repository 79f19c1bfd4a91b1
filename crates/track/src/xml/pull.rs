//! Goes through an XML text once and tells a sink of each element with its text, whatever is wrong with the text. Knows no
//! element by name: namespaces are not looked at, only what stands behind the prefix.

use std::borrow::Cow;
use std::io::BufRead as _;

use quick_xml::Error;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::attributes::{Attributes, local};
use super::reference::character;
use super::{Text, plain};
use crate::{ReadError, Skipped};

/// Elements may be nested this deep; what lies deeper is passed over.
const DEEPEST: usize = 64;

/// Takes what [`pull`] finds.
pub(crate) trait Sink {
    /// What the sink calls its elements.
    type Tag: Copy;

    /// An element begins below `parent` (of the root: `None`); `at` is its first byte. The answer is handed back at its end.
    fn open(
        &mut self,
        parent: Option<Self::Tag>,
        name: &str,
        attributes: Attributes<'_>,
        at: usize,
    ) -> Self::Tag;

    /// An element ends. `text` is what stood after its last child (all its text where it has none), references resolved.
    fn close(&mut self, tag: Self::Tag, parent: Option<Self::Tag>, text: &str, at: usize);
}

/// How the text ended.
pub(crate) struct Outcome {
    /// Whether the root element was closed.
    pub(crate) complete: bool,
    /// What was wrong with the text itself.
    pub(crate) skipped: Vec<Skipped>,
}

/// Goes through the text.
///
/// # Errors
/// Only for a document type declaration: it is refused unread.
pub(crate) fn pull<S: Sink>(text: &Text<'_>, sink: &mut S) -> Result<Outcome, ReadError> {
    let mut reader = Reader::from_str(&text.text);
    let config = reader.config_mut();
    // The stack below does this, and goes on after a wrong end.
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut walk = Walk {
        source: &text.text,
        offset: text.offset.unwrap_or(0),
        sink,
        stack: Vec::with_capacity(DEEPEST),
        deeper: 0,
        content: Cow::Borrowed(""),
        skipped: Vec::new(),
    };
    let complete = loop {
        let event = reader.read_event();
        let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let tag = matches!(event, Ok(Event::Start(_) | Event::Empty(_) | Event::End(_)));
        if walk.take(event, end)? {
            break walk.closed(end);
        }
        if tag {
            let after = walk.plain(end);
            reader.stream().consume(after - end);
        }
    };
    if !complete {
        walk.note("The file breaks off before its end", walk.source.len());
        // The text of the element that was cut may be half a number.
        walk.content = Cow::Borrowed("");
        walk.close_down_to(0, walk.source.len());
    }
    let mut skipped = walk.skipped;
    if text.offset.is_none() {
        skipped.iter_mut().for_each(|note| note.byte = None);
    }
    Ok(Outcome { complete, skipped })
}

/// An element that is open, and where its full name stands.
struct Open<T> {
    tag: T,
    name: (usize, usize),
    /// Whether it was read without quick-xml, which is not to hear of its end then either.
    plain: bool,
}

struct Walk<'a, 's, S: Sink> {
    source: &'a str,
    /// Where in the file the source begins.
    offset: usize,
    sink: &'s mut S,
    stack: Vec<Open<S::Tag>>,
    /// How many elements are open beyond the deepest that is looked at.
    deeper: usize,
    content: Cow<'a, str>,
    skipped: Vec<Skipped>,
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    /// Takes all tags from byte `from` on that are plain: most of a recording consists of them, and quick-xml would make up to
    /// three events of each. The answer is the byte behind them.
    fn plain(&mut self, from: usize) -> usize {
        let source = self.source;
        let mut at = from;
        loop {
            let start = plain::behind_blanks(source, at);
            let after = self.plain_end(start).or_else(|| self.plain_element(start));
            match after {
                Some(after) => at = after,
                // Blanks before anything but a tag may be part of a text.
                None if plain::is_tag(source, start) => return start,
                None => return at,
            }
        }
    }

    /// Takes the end of the innermost element, if it stands here and its beginning was plain, too.
    #[inline]
    fn plain_end(&mut self, start: usize) -> Option<usize> {
        let Some(Open {
            name, plain: true, ..
        }) = self.stack.last()
        else {
            return None;
        };
        let name = self.source.as_bytes().get(name.0..name.1)?;
        let end = plain::ends(self.source, start, name)?;
        self.close_top(end);
        Some(end)
    }

    /// Takes the plain beginning of an element, or a whole one that holds nothing but a text.
    #[inline]
    fn plain_element(&mut self, start: usize) -> Option<usize> {
        if self.stack.is_empty() || self.stack.len() >= DEEPEST || self.deeper > 0 {
            return None;
        }
        let tag = plain::begin(self.source, start)?;
        self.content = Cow::Borrowed("");
        let parent = self.stack.last().map(|open| open.tag);
        let (name, at) = (tag.name, self.offset + tag.start);
        let element = self.sink.open(parent, local(name), Attributes(""), at);
        if let Some((text, end)) = tag.leaf {
            self.sink.close(element, parent, text, self.offset + end);
            return Some(end);
        }
        self.stack.push(Open {
            tag: element,
            name: (start + 1, tag.end - 1),
            plain: true,
        });
        Some(tag.end)
    }

    /// Takes one event that ends before byte `end`. The answer is whether that was the last.
    fn take(&mut self, event: Result<Event<'a>, Error>, end: usize) -> Result<bool, ReadError> {
        match event {
            Ok(Event::Start(start)) => self.open(
                &start,
                start.name().0.len(),
                end.saturating_sub(start.len() + 2),
            ),
            Ok(Event::Empty(start)) => {
                self.open(
                    &start,
                    start.name().0.len(),
                    end.saturating_sub(start.len() + 3),
                );
                self.close_top(end);
                return Ok(self.stack.is_empty());
            }
            Ok(Event::End(name)) => {
                self.close(&name, end);
                return Ok(self.stack.is_empty() && self.deeper == 0);
            }
            Ok(Event::Text(text)) => self.text(text.into_inner()),
            Ok(Event::CData(text)) => self.text(text.into_inner()),
            Ok(Event::GeneralRef(name)) => self.reference(&name, end),
            Ok(Event::DocType(_))
            | Err(
                Error::Syntax(SyntaxError::UnclosedDoctype)
                | Error::IllFormed(IllFormedError::MissingDoctypeName),
            ) => return Err(ReadError::Doctype),
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) => return Ok(true),
            Err(Error::IllFormed(_)) => self.note("Something that is no XML", end),
            Err(_) => return Ok(true),
        }
        Ok(false)
    }

    /// Whether the text ended with its root, and a note on what follows that.
    fn closed(&mut self, end: usize) -> bool {
        let rest = self
            .source
            .get(end..)
            .unwrap_or_default()
            .trim_matches(['\0', ' ', '\t', '\r', '\n']);
        let complete = end > 0
            && self.stack.is_empty()
            && self.source.get(..end).is_some_and(|all| all.ends_with('>'));
        let rest_of_all = self.source.len() - end.min(self.source.len());
        if complete
            && rest_of_all > 0
            && (!rest.is_empty() || self.source.ends_with('\0'))
            && !rest.starts_with("<!--")
        {
            self.note("Something stands after the end", end);
        }
        complete
    }

    fn open(&mut self, content: &str, name: usize, at: usize) {
        self.content = Cow::Borrowed("");
        if self.stack.len() >= DEEPEST {
            self.deeper += 1;
            self.note("Elements nested too deep were passed over", at);
            return;
        }
        let (name, attributes) = content.split_at_checked(name).unwrap_or((content, ""));
        let parent = self.stack.last().map(|open| open.tag);
        let tag = self.sink.open(
            parent,
            local(name),
            Attributes(attributes),
            self.offset + at,
        );
        self.stack.push(Open {
            tag,
            name: (at + 1, at + 1 + name.len()),
            plain: false,
        });
    }

    fn close(&mut self, name: &str, end: usize) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let source = self.source;
        let same = |open: &Open<S::Tag>| source.get(open.name.0..open.name.1) == Some(name);
        if self.stack.last().is_some_and(same) {
            return self.close_top(end);
        }
        self.note("An element ends that is not open, or too late", end);
        if let Some(depth) = self.stack.iter().rposition(same) {
            self.close_down_to(depth, end);
        }
    }

    fn close_down_to(&mut self, depth: usize, end: usize) {
        self.deeper = 0;
        while self.stack.len() > depth {
            self.close_top(end);
        }
    }

    fn close_top(&mut self, end: usize) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        if let Some(open) = self.stack.pop() {
            let parent = self.stack.last().map(|open| open.tag);
            let text = std::mem::replace(&mut self.content, Cow::Borrowed(""));
            self.sink.close(open.tag, parent, &text, self.offset + end);
        }
    }

    #[inline]
    fn text(&mut self, text: Cow<'a, str>) {
        if self.deeper > 0 {
            return;
        }
        if self.content.is_empty() {
            self.content = text;
        } else {
            self.content.to_mut().push_str(&text);
        }
    }

    fn reference(&mut self, name: &str, end: usize) {
        match character(name) {
            Some(character) => self.content.to_mut().push(character),
            None => {
                self.note(
                    "An unknown entity was kept as it is written",
                    end.saturating_sub(name.len() + 2),
                );
                let content = self.content.to_mut();
                content.push('&');
                content.push_str(name);
                content.push(';');
            }
        }
    }

    #[cold]
    fn note(&mut self, what: &str, at: usize) {
        Skipped::add(&mut self.skipped, what, self.offset + at);
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    /// Writes down what it is told: names with their texts, as a tree.
    #[derive(Default)]
    struct Log(String);

    impl Sink for Log {
        type Tag = ();
        fn open(&mut self, _: Option<()>, name: &str, attributes: Attributes<'_>, _: usize) {
            self.0.push('(');
            self.0.push_str(name);
            for (name, value) in attributes {
                self.0.push_str(&format!(" {name}={value}"));
            }
        }
        fn close(&mut self, (): (), _: Option<()>, text: &str, _: usize) {
            self.0.push_str(&format!(":{})", text.trim()));
        }
    }

    #[track_caller]
    fn check(xml: &str, expected: &str, complete: bool, notes: &[&str]) {
        let mut log = Log::default();
        let outcome = pull(&decode(xml.as_bytes()), &mut log).unwrap();
        assert_eq!(log.0, expected, "{xml}");
        assert_eq!(outcome.complete, complete, "{xml}");
        let said: Vec<_> = outcome
            .skipped
            .iter()
            .map(|note| note.what.as_str())
            .collect();
        assert_eq!(said, notes, "{xml}");
    }

    const CUT: &str = "The file breaks off before its end";
    const WRONG_END: &str = "An element ends that is not open, or too late";
    const AFTER: &str = "Something stands after the end";

    /// Pieces that texts are made of in the next test.
    const PIECES: [&str; 22] = [
        "<b>",
        "</b>",
        "<b>",
        "</b>",
        "<c>",
        "</c>",
        "<c>2</c>",
        "<n:d>3.5</n:d>",
        "<c>&amp;</c>",
        "<c>x &lt; y</c>",
        "<d/>",
        "<d e='1'>",
        "</d>",
        "<![CDATA[<b &lt;]]>",
        "&x;",
        "&",
        "text",
        " \n ",
        "<c> é </c>",
        "<c></c>",
        "<c>1</b>",
        "<?pi?>",
    ];

    #[test]
    fn plain_tags_are_read_as_quick_xml_reads_them() {
        let mut random = 7_u32;
        for round in 0..4000 {
            let (mut plain, mut general) = ("<a>".to_owned(), "<a><!---->".to_owned());
            for _ in 0..1 + round % 24 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let piece = PIECES[(random >> 16) as usize % PIECES.len()];
                plain.push_str(piece);
                // Behind a comment nothing passes for plain.
                general.push_str(&piece.replace('>', "><!---->"));
            }
            let [(one, first), (other, second)] = [plain.as_str(), general.as_str()].map(|xml| {
                let mut log = Log::default();
                let outcome = pull(&decode(xml.as_bytes()), &mut log).unwrap();
                let notes = outcome
                    .skipped
                    .into_iter()
                    .map(|note| (note.what, note.count));
                (log.0, (outcome.complete, notes.collect::<Vec<_>>()))
            });
            assert_eq!((one, first), (other, second), "{plain}");
        }
    }

    #[test]
    fn sound_text() {
        check("<a><b>1</b><c/></a>", "(a(b:1)(c:):)", true, &[]);
        check(
            " <?xml version='1.0'?><n:a x:y = 'z&#45;1' w=\"'\"></n:a>\n<!-- end -->",
            "(a y=z-1 w=':)",
            true,
            &[],
        );
        check(
            "<a><![CDATA[<x>]]> &amp; &#65;</a>",
            "(a:<x> & A)",
            true,
            &[],
        );
        check("<a/>", "(a:)", true, &[]);
    }

    #[test]
    fn unsound_text_is_read_as_far_as_it_goes() {
        check(
            "<a>1 & 2 &eacute;</a>",
            "(a:1 & 2 &eacute;)",
            true,
            &["An unknown entity was kept as it is written"],
        );
        check("<a><b>1</a>", "(a(b:1):)", true, &[WRONG_END]);
        check("<a></b><c>2</c></a>", "(a(c:2):)", true, &[WRONG_END]);
        check("<a><b>1</b><c", "(a(b:1):)", false, &[CUT]);
        check("<a><b>1", "(a(b:):)", false, &[CUT]);
        check("<a></a>\0\0", "(a:)", true, &[AFTER]);
        check("<a></a><b/>", "(a:)", true, &[AFTER]);
        check("<a \u{1}b=1><c x=></c></a>", "(a(c:):)", true, &[]);
        check("", "", false, &[CUT]);
        check("text", "", false, &[CUT]);
        check("<a><!-- never ends </a>", "(a:)", false, &[CUT]);
    }

    #[test]
    fn a_document_type_is_refused() {
        for xml in [
            "<!DOCTYPE gpx [<!ENTITY a 'b'>]><gpx/>",
            "<gpx><!doctype x></gpx>",
            "<!DOCTYPE gpx [<!ENTITY a",
        ] {
            let refused = pull(&decode(xml.as_bytes()), &mut Log::default());
            assert!(matches!(refused, Err(ReadError::Doctype)), "{xml}");
        }
    }

    #[test]
    fn depth_is_capped_and_what_follows_is_read() {
        let xml = format!(
            "<a>{}{}<z>1</z></a>",
            "<b>".repeat(5000),
            "</b>".repeat(5000)
        );
        let mut log = Log::default();
        let outcome = pull(&decode(xml.as_bytes()), &mut log).unwrap();
        assert!(outcome.complete && log.0.ends_with("(z:1):)"));
        assert_eq!(log.0.matches('(').count(), DEEPEST + 1);
        assert_eq!(
            outcome.skipped.first().map(|note| note.count),
            Some(5000 + 1 - DEEPEST as u64)
        );
    }

    #[test]
    fn places_are_bytes_of_the_file() {
        let outcome = pull(&decode(b"\xef\xbb\xbf<a>&x;</a>"), &mut Log::default()).unwrap();
        assert_eq!(outcome.skipped.first().and_then(|note| note.byte), Some(6));
        let latin = b"<?xml version='1.0' encoding='latin1'?><a>\xe9&x;</a>";
        let outcome = pull(&decode(latin), &mut Log::default()).unwrap();
        assert_eq!(outcome.skipped.first().and_then(|note| note.byte), None);
    }
}
