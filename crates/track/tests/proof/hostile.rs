//! Files that somebody made to do harm: each repeats what is dear to read, as often as a size allows. Knows no reader.

/// Repeats a piece until it has about so many bytes.
fn many(piece: &str, size: usize) -> String {
    piece.repeat((size / piece.len()).max(1))
}

/// Pieces of XML that are repeated inside of a root element; `GPX` stands in one that belongs to GPX, `TCX` to TCX.
const REPEATED: &[(&str, &str, &str)] = &[
    ("elements never closed", "GPX", "<a>"),
    ("tags never ended", "GPX", "<a b='1' "),
    ("openings only", "GPX", "<"),
    ("endings of nothing", "GPX", "</a>"),
    ("endings of another", "GPX", "<a></b>"),
    ("references", "GPX", "&lt;"),
    ("unknown entities", "GPX", "&x;"),
    ("bare ampersands", "GPX", "&"),
    ("half references", "GPX", "&#x1"),
    ("comments", "GPX", "<!---->"),
    ("text between comments", "GPX", "a<!--->-->"),
    ("comments never ended", "GPX", "<!--"),
    ("character data", "GPX", "<![CDATA[x]]>"),
    ("character data never ended", "GPX", "<![CDATA["),
    ("instructions", "GPX", "<?a b?>"),
    ("instructions never ended", "GPX", "<?a "),
    ("text", "GPX", "x"),
    ("names", "GPX", "<trk><name>x</name>"),
    ("tracks", "GPX", "<trk><trkpt lat='1' lon='1'/></trk>"),
    (
        "timed tracks",
        "GPX",
        "<trk><trkpt lat='1' lon='1'><time>2020-01-01T00:00:00Z</time></trkpt></trk>",
    ),
    (
        "tracks never closed",
        "GPX",
        "<trk><trkseg><trkpt lat='1' lon='1'>",
    ),
    ("points", "GPX", "<trkpt lat='1'lon='1'/>"),
    ("points never closed", "GPX", "<trkpt lat='1'lon='1'>"),
    ("bad points", "GPX", "<trkpt><time>x</time></trkpt>"),
    (
        "routes",
        "GPX",
        "<rte><name>x</name><rtept lat='1' lon='1'/></rte>",
    ),
    ("waypoints", "GPX", "<wpt lat='1' lon='1'/>"),
    ("activities", "TCX", "<Activity><Lap/></Activity>"),
    (
        "multisports",
        "TCX",
        "<MultiSportSession><Activity/></MultiSportSession>",
    ),
    (
        "sports",
        "TCX",
        "<MultiSportSession><Activity Sport='Running'><Activity Sport='Biking'>",
    ),
    ("laps", "TCX", "<Activity><Lap/><Lap/><Lap/><Lap/><Lap/>"),
    ("laps never closed", "TCX", "<Lap>"),
    ("courses", "TCX", "<Course/>"),
    ("workouts", "TCX", "<Workout/>"),
    (
        "trackpoints",
        "TCX",
        "<Activity><Trackpoint><Cadence>1</Cadence></Trackpoint>",
    ),
    ("empty trackpoints", "TCX", "<Trackpoint/>"),
    ("notes", "TCX", "<Activity><Notes>x</Notes>"),
];

/// What stands before, again and again, and behind, inside of a GPX root: one thing that is huge.
const HUGE: &[(&str, &str, &str, &str)] = &[
    ("attributes", "<trkpt ", "a='1' ", "/>"),
    ("attributes without values", "<trkpt ", "a ", "/>"),
    ("one attribute", "<trkpt lat='", "1", "'/>"),
    ("references in an attribute", "<trkpt lat='", "&#49;", "'/>"),
    ("ampersands in an attribute", "<trkpt lat='", "&", "'/>"),
    ("quotes", "<trkpt a=", "'\"", "/>"),
    ("one name", "<", "a", "/>"),
    ("prefixes", "<", "a:", "b/>"),
    (
        "a long number",
        "<trk><trkpt lat='1' lon='1'><ele>",
        "1",
        "</ele></trkpt></trk>",
    ),
    (
        "a long time",
        "<trk><trkpt lat='1' lon='1'><time>2020-01-01T00:00:00.",
        "1",
        "Z</time></trkpt></trk>",
    ),
    ("pieces of a name", "<trk><name>", "&lt;a", "</name></trk>"),
];

fn file(format: &str, body: &str) -> Vec<u8> {
    let text = if format == "GPX" {
        format!("<gpx version='1.1'>{body}</gpx>")
    } else {
        format!("<TrainingCenterDatabase>{body}</TrainingCenterDatabase>")
    };
    text.into_bytes()
}

/// Hostile GPX and TCX files, each of about so many bytes.
pub(crate) fn xml(size: usize) -> Vec<(String, Vec<u8>)> {
    let half = size / 2;
    let repeated = REPEATED
        .iter()
        .map(|(name, format, piece)| (*name, file(format, &many(piece, size))));
    let huge = HUGE.iter().map(|(name, before, piece, behind)| {
        let body = format!("{before}{}{behind}", many(piece, size));
        (*name, file("GPX", &body))
    });
    let nested = format!("{}{}", many("<ab>", half), many("</ab>", half));
    let deep = format!("{}{}", many("<a>", 900), many("<a></a>", size));
    // Sixteen bits a character, low byte first; and a letter that is one byte in Latin-1.
    let wide = format!("<gpx>{}</gpx>", many("<trk><name>&lt;</name>", half));
    let wide = wide.bytes().flat_map(|byte| [byte, 0]).collect();
    let letters = b"<trk><name>\xe9</name>".repeat(size / 20);
    let latin = [
        b"<?xml version='1.0' encoding='latin1'?><gpx>",
        &letters[..],
    ]
    .concat();
    let others = [
        ("nested", file("GPX", &nested)),
        ("nested, then more", file("GPX", &deep)),
        ("sixteen bits a character", wide),
        ("another encoding", latin),
    ];
    let all = repeated.chain(huge).chain(others);
    all.map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

/// A FIT file around these messages: header of twelve bytes, and no checksum that is right.
fn fit_file(messages: &[u8]) -> Vec<u8> {
    let length = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let header = [&[12, 0x10, 0, 0][..], &length.to_le_bytes(), b".FIT"].concat();
    [&header, messages, &[0, 0]].concat()
}

/// A definition message of a local type: fields as number, size and base type.
fn definition(local: u8, message: u16, fields: &[[u8; 3]]) -> Vec<u8> {
    let count = u8::try_from(fields.len()).unwrap_or(u8::MAX);
    let [low, high] = message.to_le_bytes();
    let head = [0x40 | local, 0, 0, low, high, count];
    [&head[..], &fields.concat()].concat()
}

/// Number, size and base type of every field that makes a column; no time, which comes compressed.
const WIDE: &[[u8; 3]] = &[
    [0, 4, 0x85],
    [1, 4, 0x85],
    [2, 2, 0x84],
    [3, 1, 2],
    [4, 1, 2],
    [5, 4, 0x86],
    [6, 2, 0x84],
    [7, 2, 0x84],
    [13, 1, 1],
];

/// Hostile FIT files, each of about so many bytes.
pub(crate) fn fit(size: usize) -> Vec<(String, Vec<u8>)> {
    let many = |message: &[u8]| message.repeat((size / message.len()).max(1));
    let wide = definition(0, 20, WIDE);
    let bare = definition(1, 20, &[]);
    let time = [definition(2, 20, &[[253, 4, 0x86]]), vec![2, 0, 0, 0, 0x30]].concat();
    // Local type 0 with a compressed time, a second later each.
    let full = [&[0x81][..], &[1; 21], &[0x82], &[1; 21]].concat();
    let rate = [definition(0, 20, &[[3, 1, 2]]), vec![0, 60]].concat();
    let activity = [definition(0, 0, &[[0, 1, 0]]), vec![0, 4]].concat();
    let first = [&time[..], &wide, &full, &bare].concat();
    let files = [
        (
            "full records",
            fit_file(&[&time[..], &wide, &many(&full)].concat()),
        ),
        // A full record, then ones of a single byte: each of them is a point, too.
        (
            "records of one byte",
            fit_file(&[&first[..], &many(&[1])].concat()),
        ),
        (
            "records of a compressed time",
            fit_file(&[&first[..], &many(&[0xA1, 0xA2])].concat()),
        ),
        ("definitions", fit_file(&many(&wide))),
        ("definitions and a record", fit_file(&many(&first))),
        ("files of nothing", many(&fit_file(&[]))),
        ("files of one record", many(&fit_file(&rate))),
        ("files of an activity", many(&fit_file(&activity))),
    ];
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes));
    files.into_iter().chain(short_messages(size)).collect()
}

/// Messages beside records, as short as they can be: those of the profile that say something of an activity, and one that it
/// does not have.
fn short_messages(size: usize) -> Vec<(String, Vec<u8>)> {
    let numbers = [
        0, 12, 18, 19, 21, 23, 26, 31, 34, 49, 78, 101, 132, 206, 207, 216, 312, 999,
    ];
    let of = |number: u16| {
        let bare = [definition(0, number, &[]), [0].repeat(size)].concat();
        let field = [definition(0, number, &[[0, 1, 0]]), [0, 1].repeat(size / 2)].concat();
        [
            (format!("messages {number} of one byte"), fit_file(&bare)),
            (format!("messages {number} of two bytes"), fit_file(&field)),
        ]
    };
    numbers.into_iter().flat_map(of).collect()
}
