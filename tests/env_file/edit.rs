//! The `.env` line editor against an oracle that never parses: it builds the text from known parts.

use fyers_keeper::env_file::{EditError, parse, set};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use secrecy::ExposeSecret;

const OURS: [&str; 2] = ["FYERS_ACCESS_TOKEN", "FYERS_REFRESH_TOKEN"];

/// A part of a file whose meaning is known because we made it.
#[derive(Debug, Clone)]
enum Line {
    /// Any text that is not an assignment of one of our keys.
    Other(String),
    /// Text before the value, key, value, text after it.
    Ours { before: String, key: &'static str, value: String, after: String },
}

fn other() -> impl Strategy<Value = Line> {
    let plain = select(vec![
        "",
        "   ",
        "# FYERS_ACCESS_TOKEN=commented",
        "  # it's \"quoted\" here",
        "OTHER=1",
        "export PATH_X='/a b' # c",
        "FYERS_ACCESS_TOKEN_OLD=x",
        "MY_FYERS_ACCESS_TOKEN=\"y\"",
        "not an assignment",
        "=nokey",
        "9BAD=1",
        "JSON={\"a\": \"b\"}",
        "NOTE=\"two\nFYERS_ACCESS_TOKEN=inside a quoted value\nlines\"",
        "हिन्दी # not ascii",
        "EMPTY=",
        "TAIL='it\\'s'",
    ]);
    plain.prop_map(|text| Line::Other(text.to_owned()))
}

fn ours() -> impl Strategy<Value = Line> {
    let lead = select(vec!["", " ", "\t", "export ", "  export\t"]);
    let equals = select(vec!["=", " = ", "= ", " =", "\t=\t"]);
    let tail = select(vec!["", " ", " # note", "\t# it's \"x\"", "   "]);
    let value = "[A-Za-z0-9._~:+/=-]{1,30}|[a-z]{1,3} [a-z]{1,3}|[a-z]#[a-z]|[$]\\{X\\}";
    (lead, select(OURS.to_vec()), equals, select(vec!["", "'", "\""]), value, tail).prop_map(
        |(lead, key, equals, quote, value, tail)| Line::Ours {
            before: format!("{lead}{key}{equals}{quote}"),
            key,
            value,
            after: format!("{quote}{tail}"),
        },
    )
}

#[derive(Debug, Clone)]
struct File {
    bom: bool,
    end: &'static str,
    last_end: bool,
    lines: Vec<Line>,
}

fn file() -> impl Strategy<Value = File> {
    let lines = vec(prop_oneof![3 => other(), 2 => ours()], 0..12);
    (any::<bool>(), select(vec!["\n", "\r\n"]), any::<bool>(), lines)
        .prop_map(|(bom, end, last_end, lines)| File { bom, end, last_end, lines })
}

impl File {
    fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| match line {
            Line::Other(text) => text.clone(),
            Line::Ours { before, value, after, .. } => format!("{before}{value}{after}"),
        });
        let mut text = if self.bom { "\u{feff}".to_owned() } else { String::new() };
        text.push_str(&lines.collect::<Vec<_>>().join(self.end));
        if self.last_end && !self.lines.is_empty() {
            text.push_str(self.end);
        }
        text
    }

    /// The file after setting `key`: every line of that key gets the value, or a new line comes at the end.
    fn with(&self, key: &'static str, new: &str) -> File {
        let mut file = self.clone();
        let ours = file.lines.iter_mut().filter_map(|line| match line {
            Line::Ours { key: k, value, .. } if *k == key => Some(value),
            _ => None,
        });
        if ours.map(|value| new.clone_into(value)).count() > 0 {
            return file;
        }
        let (before, value, after) = (format!("{key}="), new.to_owned(), String::new());
        // A text without any line end is a text of "\n" lines; one empty last line is no line at all.
        let text = file.text();
        if !text.contains(['\n', '\r']) {
            file.end = "\n";
        }
        if text.trim_start_matches('\u{feff}').is_empty() || text.ends_with('\n') {
            if !file.last_end {
                file.lines.pop();
            }
            file.last_end = true;
        }
        file.lines.push(Line::Ours { before, key, value, after });
        file.last_end = true;
        file
    }
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._~:+/=-]{1,60}"
}

/// An oracle for line ends only: inside quotes the generated text always uses "\n", so such files keep "\n".
fn settled(file: &File) -> File {
    let mut file = file.clone();
    if file.lines.iter().any(|l| matches!(l, Line::Other(t) if t.contains('\n'))) {
        file.end = "\n";
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_our_values_change(file in file(), access in token(), refresh in token()) {
        let file = settled(&file);
        let changes = [(OURS[0], access.as_str()), (OURS[1], refresh.as_str())];
        let edited = set(&file.text(), &changes).unwrap();
        let expected = file.with(OURS[0], &access).with(OURS[1], &refresh).text();
        prop_assert_eq!(&edited, &expected);

        let parsed = parse(&edited);
        for (key, value) in changes {
            prop_assert_eq!(parsed.get(key).unwrap().expose_secret(), value);
        }
        prop_assert_eq!(set(&edited, &changes).unwrap(), edited);
    }

    #[test]
    fn any_text_at_all_can_be_edited(
        parts in vec(select(vec![
            "K", "KEY", "=", "'", "\"", "\\", "#", " ", "\t", "\n", "\r", "\r\n", "export ", "x", "é", "\u{feff}", "KEY=", "\nKEY='",
        ]), 0..40),
        value in prop_oneof![token(), "[0-9._~:+/-]{1,60}"],
    ) {
        let text = parts.concat();
        let edited = set(&text, &[("KEY", &value)]).unwrap();
        let parsed = parse(&edited);
        prop_assert_eq!(parsed.get("KEY").unwrap().expose_secret(), value.as_str());
        prop_assert_eq!(set(&edited, &[("KEY", &value)]).unwrap(), edited.clone());

        // Only stretches were replaced, each by the value, and perhaps a line of our own came at the end. A value with
        // characters of the text around it cannot be told from that text.
        if !value.contains(|c: char| c.is_ascii_alphabetic() || c == '=') {
            let own = format!("KEY={value}");
            let kept = edited.trim_end().strip_suffix(own.as_str()).unwrap_or(&edited);
            prop_assert!([edited.as_str(), kept].iter().any(|edited| only_stretches_changed(&text, edited, &value)));
        }

        // Nobody else's value changed.
        let others = |text: &str| {
            let parsed = parse(text);
            let entries = parsed.entries.into_iter().filter(|e| e.key != "KEY");
            entries.map(|e| (e.key, e.value.expose_secret().to_owned(), e.line)).collect::<Vec<_>>()
        };
        prop_assert_eq!(others(&edited), others(&text));
    }
}

/// Whether `edited` is `text` with some stretches replaced by `value` (blanks at the end do not matter).
fn only_stretches_changed(text: &str, edited: &str, value: &str) -> bool {
    let (text, edited) = (text.trim_end(), edited.trim_end());
    let pieces: Vec<&str> = edited.split(value).collect();
    let (first, last) = (pieces[0], pieces[pieces.len() - 1]);
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in pieces.iter().skip(1) {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    pieces.len() == 1 && rest.is_empty() || pieces.len() > 1 && text.ends_with(last)
}

fn values(text: &str) -> Vec<(String, String, usize)> {
    parse(text).entries.into_iter().map(|e| (e.key, e.value.expose_secret().to_owned(), e.line)).collect()
}

#[test]
fn values_are_read_as_other_readers_read_them() {
    let cases = [
        ("A=1", "1"),
        ("\u{feff}A=1\r\n", "1"),
        ("export A=1", "1"),
        ("  export\tA\t=\t1\t", "1"),
        ("A=a b  # comment", "a b"),
        ("A=a#b", "a#b"),
        ("A=#b", "#b"),
        ("A= # comment", ""),
        ("A=", ""),
        ("A='a # b' # c", "a # b"),
        ("A=\"a # b\"# c", "a # b"),
        ("A=\"a\\nb\\\"c\\\\d\"", "a\nb\"c\\d"),
        ("A='a\\nb'", "a\\nb"),
        ("A='C:\\'", "C:\\"),
        ("A='it\\'s'", "it's"),
        ("A=\"one\ntwo\"", "one\ntwo"),
        ("A='${B}'", "${B}"),
        ("A=first\nA=last", "last"),
        ("A=first\nA='open", "first"),
    ];
    for (text, value) in cases {
        assert_eq!(parse(text).get("A").unwrap().expose_secret(), value, "{text:?}");
    }
    assert_eq!(
        values("# c\n\nA='1\n2'\r\nB=3\rC=4"),
        [
            ("A".to_owned(), "1\n2".to_owned(), 3),
            ("B".to_owned(), "3".to_owned(), 5),
            ("C".to_owned(), "4".to_owned(), 6),
        ]
    );
}

#[test]
fn edits_keep_the_style_of_the_line_and_the_file() {
    let cases = [
        ("", "A=new\n"),
        ("\u{feff}", "\u{feff}A=new\n"),
        ("B=1", "B=1\nA=new\n"),
        ("B=1\r\nC=2", "B=1\r\nC=2\r\nA=new\r\n"),
        ("B=1\rC=2\r", "B=1\rC=2\rA=new\r"),
        ("A=old", "A=new"),
        ("export A = 'old' # c\r\nB=1", "export A = 'new' # c\r\nB=1"),
        ("A=  # fill me in\n", "A=new  # fill me in\n"),
        // Readers disagree on which of several counts, so all of them change.
        ("A=1\nA=2\n", "A=new\nA=new\n"),
        ("A=1 # c\r\nB=2\r\nexport A='3'\r\nA=\r\n", "A=new # c\r\nB=2\r\nexport A='new'\r\nA=new\r\n"),
        ("A=1\nA='\nB=2\nC='\n", "A=new\nA='\nB=2\nC='\nA=new\n"),
        // Two open quotes more likely than a token of several lines: nothing between them may get lost.
        ("A='\nB=1\nC='\n", "A='\nB=1\nC='\nA=new\n"),
        ("A='open\n", "A='open\nA=new\n"),
        ("#A=1\n", "#A=1\nA=new\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(set(text, &[("A", "new")]).unwrap(), expected, "{text:?}");
    }
    assert_eq!(set("A=1 # c\n", &[("A", "")]).unwrap(), "A= # c\n");
}

#[test]
fn a_quote_in_the_old_value_does_not_let_a_broken_line_swallow_the_new_one() {
    let text = "BROKEN='x\nA=it's\nB=y'\n";
    let edited = set(text, &[("A", "new")]).unwrap();
    assert_eq!(parse(&edited).get("A").unwrap().expose_secret(), "new");
    assert_eq!(parse(&edited).get("B").unwrap().expose_secret(), "y'");
}

#[test]
fn problems_and_errors_name_lines_and_keys_but_never_values() {
    let secret = "SEKRET";
    let text = format!("{secret} text\nA='{secret}\nA=\"{secret}\" {secret}\n={secret}\nB={secret}\n");
    let parsed = parse(&text);
    assert_eq!(
        parsed.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "line 1: no '=' after the name; the line is ignored",
            "line 2: the quote is not closed; the line is ignored",
            "line 3: text after the closing quote; the line is ignored",
            "line 4: no valid name at the start; the line is ignored",
        ]
    );
    assert!(!format!("{parsed:?}").contains(secret));

    for bad in ["a b", "a\n", "a#", "a'", "a\"", "a$", "a\\", "é", "`"] {
        let error = set("", &[("A", &format!("{secret}{bad}"))]).unwrap_err();
        assert_eq!(error, EditError::BadValue { key: "A".to_owned() });
        assert!(!format!("{error}{error:?}").contains(secret));
    }
    for bad in ["", "1A", "A B", "A=", "A-B"] {
        assert_eq!(set("", &[(bad, "x")]).unwrap_err(), EditError::BadKey);
    }
}

#[test]
fn duplicates_are_reported_with_their_lines_and_without_values() {
    let parsed = parse("B=SEKRET\nA=1\n# A=no\nexport A=SEKRET\nB='x\ny'\nC=1\nA=3\n");
    let found = parsed.duplicates();
    let keys: Vec<_> = found.iter().map(|d| (d.key.as_str(), d.lines.as_slice())).collect();
    assert_eq!(keys, [("A", &[2, 4, 8][..]), ("B", &[1, 5][..])]);
    assert_eq!(found[0].to_string(), "A is set in lines 2, 4, 8; the last one counts, remove the others");
    assert!(!format!("{found:?}").contains("SEKRET"));
    assert_eq!(parse("A=1\nB=1\n#A=2\n").duplicates(), []);
}

#[test]
fn a_large_file_of_duplicates_is_edited() {
    // Work that grows with the square of the lines would take minutes here.
    let text = "A=1\n".repeat(200_000);
    assert_eq!(set(&text, &[("A", "new")]).unwrap(), "A=new\n".repeat(200_000));
}
