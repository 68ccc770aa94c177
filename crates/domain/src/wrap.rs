//! Text that fits a terminal: broken at spaces, never cut.

use crate::text::is_hidden;

/// The deepest place at which the rest of a line begins; a deeper one would leave no room for it.
const DEEPEST: usize = 32;

/// Columns of a text on a terminal: pictures take two.
pub fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

fn column(c: char) -> usize {
    match c {
        _ if is_hidden(c) => 0,
        '\u{231a}'..='\u{231b}'
        | '\u{23e9}'..='\u{23f3}'
        | '\u{26a0}'..='\u{26ff}'
        | '\u{2705}'
        | '\u{270a}'..='\u{270b}'
        | '\u{2728}'
        | '\u{274c}' => 2,
        '\u{1f000}'.. => 2,
        _ => 1,
    }
}

/// Lines that are at most `width` wide. What is broken goes on below the place where its words began: after the first gap
/// of two spaces, as of a name before its value, else below the line's own beginning. A line of one word, as a link or a
/// key, stays whole: it is to be copied, and a terminal breaks it without adding anything.
pub fn fitting(text: &str, width: usize) -> String {
    let fit = |line: &str| hung(line, width, hang(line).min(width / 2));
    text.split('\n').map(fit).collect::<Vec<_>>().join("\n")
}

/// The same for one line whose rest goes on at column `hang`.
pub fn hung(line: &str, width: usize, hang: usize) -> String {
    if columns(line) <= width || !line.trim().contains(' ') {
        return line.to_owned();
    }
    // With the spaces behind it: what is broken begins with a word.
    let spaces = line.chars().skip(hang).take_while(|c| *c == ' ').count();
    let lead: String = line.chars().take(hang + spaces).collect();
    let rest: String = line.chars().skip(hang + spaces).collect();
    let rows = words(&rest, width.saturating_sub(columns(&lead).max(hang)).max(1));
    format!("{lead}{}", rows.join(&format!("\n{:hang$}", "")))
}

/// Where the words of a line begin.
fn hang(line: &str) -> usize {
    let chars: Vec<char> = line.chars().collect();
    let lead = chars.iter().take_while(|c| **c == ' ').count();
    let is_gap = |at: &usize| chars[at - 2] == ' ' && chars[at - 1] == ' ' && chars[*at] != ' ';
    let end = chars.len().min(DEEPEST + 1);
    (lead.max(2)..end).rev().filter(|at| *at > lead).find(is_gap).unwrap_or(lead)
}

/// Breaks a long line at spaces, and a word that is longer than a line anywhere.
pub fn words(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        for (number, part) in pieces(word, width).into_iter().enumerate() {
            let last = lines.last().map_or("", String::as_str);
            let gap = if last.is_empty() || number > 0 { "" } else { " " };
            let full = columns(last) + gap.len() + columns(&part) > width;
            match lines.last_mut() {
                Some(last) if !full || last.is_empty() => {
                    last.push_str(gap);
                    last.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
    }
    lines
}

/// A word in pieces that fit.
pub fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        match pieces.last_mut() {
            Some(piece) if columns(piece) + column(c) <= width => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces_and_nothing_is_lost() {
        let text = "word ".repeat(60);
        let lines = words(text.trim(), 74);
        assert!(lines.len() > 1 && lines.iter().all(|line| columns(line) <= 74));
        assert_eq!(lines.join(" "), text.trim());
        let link = format!("see https://example.org/{} now", "x".repeat(200));
        let lines = words(&link, 74);
        assert!(lines.iter().all(|line| columns(line) <= 74), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), link.replace(' ', ""));
    }

    #[test]
    fn the_rest_of_a_value_stands_below_its_beginning() {
        assert_eq!(fitting("mode       live, because you", 24), "mode       live, because\n           you");
        assert_eq!(fitting("  ask again later", 12), "  ask again\n  later");
        assert_eq!(fitting("a b c\nd e", 3), "a b\nc\nd e");
        assert_eq!(fitting("✓ ab  c d", 8), "✓ ab  c\n    d", "a tick is one column");
        assert_eq!(hung("fyers-keeper: one two", 17, 14), "fyers-keeper: one\n              two");
    }

    #[test]
    fn a_link_stays_whole_and_a_long_word_among_others_is_broken() {
        let link = "https://example.org/a-long-way";
        assert_eq!(fitting(&format!("  {link}"), 20), format!("  {link}"));
        let broken = fitting(&format!("see {link}"), 20);
        assert!(broken.lines().all(|line| columns(line) <= 20), "{broken}");
        assert_eq!(broken.replace('\n', ""), format!("see{link}"));
    }
}
