//! Text for a terminal of a hundred columns.

/// Columns of a line, at the most.
pub(super) const WIDTH: usize = 100;

/// A sentence, in as many lines as it needs.
pub(super) fn sentence(text: &str) -> String {
    wrapped(text, "", "")
}

/// The same, as an item of a list.
pub(super) fn item(text: &str) -> String {
    wrapped(text, "- ", "  ")
}

fn wrapped(text: &str, first: &str, later: &str) -> String {
    let mut lines = Vec::new();
    let mut line = first.to_string();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(core::mem::replace(&mut line, later.to_string()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// Without blanks at the end of lines.
pub(super) fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_too_long_and_no_word_is_lost() {
        let text = "word ".repeat(60);
        for (text, done) in [(&text, sentence(&text)), (&text, item(&text))] {
            assert!(done.lines().all(|line| line.chars().count() <= WIDTH), "{done}");
            assert_eq!(done.matches("word").count(), text.matches("word").count());
        }
        assert_eq!(item("a b"), "- a b");
        assert!(item(&text).lines().skip(1).all(|line| line.starts_with("  word")));
    }
}
