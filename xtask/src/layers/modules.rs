//! Which file is which module of which crate, and in which file a name is defined.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::paths::{self, Mention, Stands};

/// The modules of a crate, by their paths from its root.
#[derive(Default)]
pub(super) struct Modules {
    by_path: BTreeMap<Vec<String>, Module>,
}

/// A module, inline ones included.
#[derive(Default)]
pub(super) struct Module {
    /// Its files: several, where a cfg chooses.
    pub(super) files: BTreeSet<String>,
    /// What its files name; nothing in an inline one, whose mentions are its file's.
    pub(super) mentions: Vec<(String, Mention)>,
    /// The names of what it defines.
    defines: BTreeSet<String>,
    is_inline: bool,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A module.
    Module(Vec<String>),
    /// Something that this module defines.
    Item(Vec<String>),
}

/// Where `mod name;` is declared.
struct Declared {
    name: String,
    /// What `#[path]` says.
    at: Option<String>,
    /// Its body, where it is inline.
    body: Option<TokenStream>,
}

/// What begins an item, before its name.
const DEFINERS: [&str; 8] = ["struct", "enum", "union", "trait", "fn", "const", "static", "type"];

/// Reads the crate whose root is `root`; `texts` has the repository's files.
///
/// # Errors
/// Where a file is not made of Rust's tokens.
pub(super) fn read(root: &str, texts: &BTreeMap<&str, &str>) -> Result<Modules> {
    let mut modules = Modules::default();
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    modules.file(root, folder, &[], texts)?;
    Ok(modules)
}

impl Modules {
    /// All modules with their paths.
    pub(super) fn all(&self) -> impl Iterator<Item = (&[String], &Module)> {
        self.by_path.iter().map(|(path, module)| (&**path, module))
    }

    /// The files of a module.
    pub(super) fn files(&self, path: &[String]) -> &BTreeSet<String> {
        &self.by_path[path].files
    }

    /// Adds a file and what it declares; `folder` is where its children lie.
    fn file(
        &mut self,
        file: &str,
        folder: &str,
        path: &[String],
        texts: &BTreeMap<&str, &str>,
    ) -> Result<()> {
        let text = texts[file];
        let tokens = text.parse().map_err(|error| anyhow!("{file} is not Rust: {error}"))?;
        let mentions = paths::mentions(text).with_context(|| file.to_string())?;
        let module = self.by_path.entry(path.to_vec()).or_default();
        module.mentions.extend(mentions.into_iter().map(|mention| (file.to_string(), mention)));
        self.stream(tokens, file, folder, path, texts)
    }

    /// Adds what a file, or the body of an inline module in it, declares.
    fn stream(
        &mut self,
        tokens: TokenStream,
        file: &str,
        folder: &str,
        path: &[String],
        texts: &BTreeMap<&str, &str>,
    ) -> Result<()> {
        let (declared, defines) = items(tokens);
        let module = self.by_path.entry(path.to_vec()).or_default();
        module.files.insert(file.into());
        module.defines.extend(defines);
        for Declared { name, at, body } in declared {
            let path = [path, core::slice::from_ref(&name)].concat();
            let inside = join(folder, &name);
            if let Some(body) = body {
                self.stream(body, file, &inside, &path, texts)?;
                self.by_path.get_mut(&path).expect("just added").is_inline = true;
                continue;
            }
            // `#[path]` counts from the folder of the file that says it.
            let of_file = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let candidates = match at {
                Some(at) => vec![join(of_file, &at)],
                None => vec![format!("{inside}.rs"), format!("{inside}/mod.rs")],
            };
            if let Some(child) = candidates.iter().find(|child| texts.contains_key(&***child)) {
                self.file(child, &inside, &path, texts)?;
            }
        }
        Ok(())
    }

    /// What a mention in the module at `from` leads to, if it is something of this crate.
    pub(super) fn resolve(&self, from: &[String], mention: &Mention) -> Option<Target> {
        let head = mention.path.first()?;
        let supers = mention.path.iter().take_while(|segment| *segment == "super").count();
        // Inline modules are counted, not named: what does not lead out of them stays in the file.
        if mention.inline > 0 && head != "crate" && supers < mention.inline {
            return None;
        }
        let up = supers.saturating_sub(mention.inline);
        let base = from.len().checked_sub(up)?;
        match &**head {
            "crate" => self.follow(&[], &mention.path[1..], &mut Vec::new()),
            "self" => self.follow(from, &mention.path[1..], &mut Vec::new()),
            "super" => self.follow(&from[..base], &mention.path[supers..], &mut Vec::new()),
            _ if self.knows(from, head) => self.follow(from, &mention.path, &mut Vec::new()),
            _ => None,
        }
    }

    /// Whether `name` stands for something in the module without that the module defines it.
    fn knows(&self, module: &[String], name: &str) -> bool {
        let child = [module, &[name.to_string()]].concat();
        self.by_path.contains_key(&child) || self.imports(module).any(|(_, m)| m.name == name)
    }

    fn imports(&self, module: &[String]) -> impl Iterator<Item = &(String, Mention)> {
        let module = self.by_path.get(module).into_iter().flat_map(|module| &module.mentions);
        module.filter(|(_, m)| m.stands != Stands::Code && m.inline == 0 && !m.in_test)
    }

    /// Follows `path` from a module, through what modules export again.
    fn follow(
        &self,
        module: &[String],
        path: &[String],
        seen: &mut Vec<(Vec<String>, String)>,
    ) -> Option<Target> {
        let Some((name, rest)) = path.split_first() else {
            return Some(Target::Module(module.to_vec()));
        };
        if name == "self" {
            return self.follow(module, rest, seen);
        }
        if name == "*" {
            return Some(Target::Item(module.to_vec()));
        }
        let name = name.trim_end_matches('!').to_string();
        let child = [module, core::slice::from_ref(&name)].concat();
        if self.by_path.contains_key(&child) {
            return self.follow(&child, rest, seen);
        }
        let here = Some(Target::Item(module.to_vec()));
        if self.by_path[module].is_inline || self.by_path[module].defines.contains(&name) {
            return here;
        }
        let step = (module.to_vec(), name.clone());
        if seen.contains(&step) {
            return here;
        }
        seen.push(step);
        for (_, import) in self.imports(module) {
            let is_glob = import.path.last().is_some_and(|last| last == "*");
            if !is_glob && import.name != name {
                continue;
            }
            let Some((start, path)) = self.start(module, &import.path) else {
                if is_glob {
                    continue;
                }
                return None;
            };
            if is_glob {
                let Some(Target::Module(of)) = self.follow(start, &path[..path.len() - 1], seen)
                else {
                    continue;
                };
                if self.by_path[&of].defines.contains(&name) || self.knows(&of, &name) {
                    return self.follow(&of, &[core::slice::from_ref(&name), rest].concat(), seen);
                }
            } else {
                return self.follow(start, &[path, rest].concat(), seen);
            }
        }
        here
    }

    /// Where the path of an import begins. None: in another crate.
    fn start<'a>(
        &self,
        module: &'a [String],
        path: &'a [String],
    ) -> Option<(&'a [String], &'a [String])> {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        match &*path[0] {
            "crate" => Some((&[], &path[1..])),
            "self" => Some((module, &path[1..])),
            "super" => Some((&module[..module.len().checked_sub(supers)?], &path[supers..])),
            head => self.knows(module, head).then_some((module, path)),
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// The modules that a file declares, those for tests apart, and the names of what it defines.
fn items(tokens: TokenStream) -> (Vec<Declared>, Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let text = |at: usize| tokens.get(at).map(ToString::to_string).unwrap_or_default();
    let (mut declared, mut defined) = (Vec::new(), Vec::new());
    let (mut path, mut in_test) = (None, false);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(attribute) if at > 0 && text(at - 1) == "#" => {
                in_test |= paths::is_cfg_test(attribute);
                let inside = attribute.stream().to_string();
                if let Some(value) = inside.strip_prefix("path = ") {
                    path = Some(value.trim_matches('"').to_string());
                }
            }
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                (path, in_test) = (None, false);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => (path, in_test) = (None, false),
            TokenTree::Ident(word) if *word == "mod" && !in_test => {
                let body = match tokens.get(at + 2) {
                    Some(TokenTree::Group(body)) => Some(body.stream()),
                    _ => None,
                };
                declared.push(Declared { name: text(at + 1), at: path.take(), body });
            }
            TokenTree::Ident(word) if *word == "macro_rules" => defined.push(text(at + 2)),
            TokenTree::Ident(word) if DEFINERS.contains(&&*word.to_string()) => {
                defined.push(text(at + 1));
            }
            _ => {}
        }
    }
    (declared, defined)
}
