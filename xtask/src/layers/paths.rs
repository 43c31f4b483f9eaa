//! Every path that a source file names in its code, with the trees of `use` spelt out.
//!
//! Works on tokens, not on syntax: so the bodies of macros are read too, and comments are not.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path, as written: `crate::sync::{Arc, lock}` are two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// Its segments; a macro's name ends in `!`, a glob is `*`.
    pub(super) path: Vec<String>,
    /// Where it begins.
    pub(super) line: usize,
    /// How many inline modules are around it.
    pub(super) inline: usize,
    /// Whether it is under `#[cfg(test)]`.
    pub(super) in_test: bool,
    /// Where it stands.
    pub(super) stands: Stands,
    /// The name by which an import makes it known.
    pub(super) name: String,
    /// Whether arguments follow.
    pub(super) is_called: bool,
}

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// In code.
    Code,
    /// In a `use`.
    Import,
    /// In a `pub use`, of any visibility.
    Reexport,
}

/// Reads the paths of a file.
///
/// # Errors
/// Where the text is not made of Rust's tokens.
pub(super) fn mentions(text: &str) -> Result<Vec<Mention>> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut reader = Reader { found: Vec::new() };
    reader.walk(tokens, Place { inline: 0, in_test: false, stands: Stands::Code });
    Ok(reader.found)
}

#[derive(Clone, Copy)]
struct Place {
    inline: usize,
    in_test: bool,
    stands: Stands,
}

struct Reader {
    found: Vec<Mention>,
}

impl Reader {
    fn walk(&mut self, stream: TokenStream, place: Place) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        // A test attribute holds up to the end of its item: a body in braces, or a semicolon.
        let mut test_item = false;
        // An import holds up to its semicolon.
        let mut stands = place.stands;
        while at < tokens.len() {
            let here = Place { in_test: place.in_test || test_item, stands, ..place };
            match &tokens[at] {
                TokenTree::Ident(_) if !follows_dot(&tokens, at) => {
                    let begins = begins_import(&tokens, at);
                    at = self.path(&tokens, at, &[], here);
                    stands = begins.unwrap_or(stands);
                    continue;
                }
                TokenTree::Group(group) => {
                    test_item |= is_attribute(&tokens, at) && is_cfg_test(group);
                    let module = is_module_body(&tokens, at);
                    self.walk(
                        group.stream(),
                        Place { inline: here.inline + usize::from(module), ..here },
                    );
                    test_item &= group.delimiter() != Delimiter::Brace;
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    (test_item, stands) = (false, Stands::Code);
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads the path that begins `at`, behind `prefix`; returns where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize, prefix: &[String], place: Place) -> usize {
        let mut path = prefix.to_vec();
        let line = tokens[at].span().start().line;
        path.push(tokens[at].to_string());
        let mut next = at + 1;
        while is_punct(tokens, next, ':') && is_punct(tokens, next + 1, ':') {
            match tokens.get(next + 2) {
                Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
                Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                    self.tree(tree.stream(), &path, place);
                    return next + 3;
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
                _ => break,
            }
            next += 3;
        }
        if is_punct(tokens, next, '!') && matches!(tokens.get(next + 1), Some(TokenTree::Group(_)))
        {
            path.last_mut().expect("a path has a segment").push('!');
        }
        let is_called = matches!(tokens.get(next), Some(TokenTree::Group(arguments))
            if arguments.delimiter() == Delimiter::Parenthesis);
        let Place { inline, in_test, stands } = place;
        let mut name = path.iter().rev().find(|segment| *segment != "self").cloned();
        if stands != Stands::Code && is_ident(tokens, next, "as") {
            name = tokens.get(next + 1).map(ToString::to_string);
            next += 2;
        }
        let name = name.unwrap_or_default();
        self.found.push(Mention { path, line, inline, in_test, stands, name, is_called });
        next
    }

    /// The branches of a `use` tree.
    fn tree(&mut self, stream: TokenStream, prefix: &[String], place: Place) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for branch in tokens.split(|token| token.to_string() == ",") {
            if !branch.is_empty() {
                self.path(branch, 0, prefix, place);
            }
        }
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, char: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_ident(tokens: &[TokenTree], at: usize, name: &str) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if *ident == name)
}

/// What the paths behind a `use` are.
fn begins_import(tokens: &[TokenTree], at: usize) -> Option<Stands> {
    if !is_ident(tokens, at, "use") || is_punct(tokens, at + 1, '<') {
        return None;
    }
    let is_pub = |back| at >= back && is_ident(tokens, at - back, "pub");
    let restricted = at > 0 && matches!(tokens[at - 1], TokenTree::Group(_));
    Some(if is_pub(1) || restricted && is_pub(2) { Stands::Reexport } else { Stands::Import })
}

/// A field or a method, not a path. (`..x` is a range.)
fn follows_dot(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && is_punct(tokens, at - 1, '.') && !(at > 1 && is_punct(tokens, at - 2, '.'))
}

fn is_attribute(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && is_punct(tokens, at - 1, '#')
}

fn is_module_body(tokens: &[TokenTree], at: usize) -> bool {
    at > 1 && is_ident(tokens, at - 2, "mod")
}

pub(super) fn is_cfg_test(attribute: &Group) -> bool {
    let text = attribute.stream().to_string();
    let mut words = text.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    let (cfg, test) = (words.next() == Some("cfg"), words.clone().any(|word| word == "test"));
    cfg && test && !words.any(|word| word == "not")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        mentions(text).unwrap().into_iter().map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn trees_are_spelt_out() {
        assert_eq!(
            paths("use crate::{a::B, c::{self, D as E}, f::*};"),
            ["use", "crate::a::B", "crate::c::self", "crate::c::D", "crate::f::*"]
        );
        assert_eq!(paths("::core::x::<u8>::y()"), ["core::x", "u8", "y"]);
    }

    #[test]
    fn comments_strings_fields_and_methods_are_not_paths() {
        assert_eq!(
            paths("//! loom\n/// [x](crate::pool)\nx.loom(\"loom\").y"),
            ["doc", "doc", "x"]
        );
        assert_eq!(paths("..loom::X"), ["loom::X"]);
    }

    #[test]
    fn macros_and_their_bodies_are_read() {
        assert_eq!(paths("a::b! { c::d }"), ["a::b!", "c::d"]);
        assert_eq!(paths("a::b != (c)"), ["a::b", "c"]);
    }

    #[test]
    fn test_items_end_where_they_end() {
        let text = "a::b;\n#[cfg(test)]\nmod t { c::d }\ne::f;\n#[cfg(test)] use g::h;\ni::j";
        let in_test: Vec<String> = mentions(text)
            .unwrap()
            .into_iter()
            .filter(|mention| mention.in_test && mention.path.len() > 1)
            .map(|mention| mention.path.join("::"))
            .collect();
        assert_eq!(in_test, ["c::d", "g::h"]);
        assert!(mentions("#[cfg(not(test))] mod t { a }").unwrap().iter().all(|m| !m.in_test));
    }

    #[test]
    fn imports_and_reexports_are_told_from_code() {
        let text =
            "use a::{B as C, d::self}; pub(crate) use e::F; fn g() -> impl H + use<> { i() }";
        let found = mentions(text).unwrap();
        let of = |stands| {
            let found = found.iter().filter(move |mention| mention.stands == stands);
            found.map(|mention| format!("{}={}", mention.name, mention.path.join("::")))
        };
        assert_eq!(of(Stands::Import).collect::<Vec<_>>(), ["C=a::B", "d=a::d::self"]);
        assert_eq!(of(Stands::Reexport).collect::<Vec<_>>(), ["F=e::F"]);
        let called = found.iter().filter(|mention| mention.is_called && mention.path != ["pub"]);
        assert_eq!(called.map(|mention| &*mention.name).collect::<Vec<_>>(), ["g", "i"]);
    }

    #[test]
    fn lines_and_inline_modules_are_counted() {
        let found = mentions("a\nmod b {\n  c::d\n}").unwrap();
        let last = found.last().unwrap();
        assert_eq!((last.line, last.inline), (3, 1));
    }
}
