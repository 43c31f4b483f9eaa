//! A page as a browser shows it: for tests. Needs chromium, and the feature `browser`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::POLICY;

const PROGRAMS: [&str; 2] = ["chromium", "chromium-browser"];

/// Asks the page how large everything came out, and writes that where `--dump-dom` shows it.
const QUESTION: &str = r#"<script>
addEventListener("load", () => {
  const box = one => one.getBoundingClientRect();
  const plots = [...document.querySelectorAll("figure")].map(figure => {
    const marks = [...figure.querySelectorAll("svg.plot .line, svg.plot .mark, svg.plot .bar, svg.plot .limit")];
    const plot = box(figure.querySelector("svg.plot"));
    return {
      title: figure.querySelector("strong").textContent,
      source: figure.querySelector("pre").textContent,
      folded: figure.closest("details") !== null,
      width: plot.width,
      height: plot.height,
      marks: marks.length,
      drawn: marks.filter(mark => box(mark).width > 0 || box(mark).height > 0).length,
      outside: marks.filter(mark => box(mark).left < plot.left || box(mark).right > plot.right).length,
      cut: [...figure.querySelectorAll("svg.plot text")].filter(text =>
        box(text).left < plot.left - 1 || box(text).right > plot.right + 1).map(text => text.textContent),
      dashed: [...figure.querySelectorAll("svg.plot .line")].filter(line =>
        !["none", ""].includes(getComputedStyle(line).strokeDasharray)).length,
    };
  });
  const cells = [...document.querySelectorAll("td")].map(cell => box(cell).right);
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify({
    plots, cells: cells.length, right: Math.max(0, ...cells),
    scroll: document.documentElement.scrollWidth, window: innerWidth,
    ground: getComputedStyle(document.body).backgroundColor,
  });
  document.body.append(answer);
});
</script>"#;

/// What a page looks like. Lengths are in pixels.
#[derive(Clone, Debug, Deserialize)]
pub struct Shown {
    /// Width of the window.
    pub window: u32,
    /// Width of what may be scrolled to.
    pub scroll: u32,
    /// Colour of the ground.
    pub ground: String,
    /// The figures, those that were folded too.
    pub plots: Vec<Plot>,
    /// Cells of tables.
    pub cells: usize,
    /// How far to the right these reach.
    pub right: f64,
}

/// What a figure looks like.
#[derive(Clone, Debug, Deserialize)]
pub struct Plot {
    /// Its title.
    pub title: String,
    /// The command that it names.
    pub source: String,
    /// Whether it is folded away at first.
    pub folded: bool,
    /// Width of the plot.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Lines, marks, bars and limits in it.
    pub marks: usize,
    /// Of these, those that have a size.
    pub drawn: usize,
    /// Of these, those that reach beyond it.
    pub outside: usize,
    /// Texts that reach beyond it.
    pub cut: Vec<String>,
    /// Lines that are dashed.
    pub dashed: usize,
}

impl Plot {
    /// What is wrong with it, if anything is.
    pub fn fault(&self) -> Option<&'static str> {
        let faults = [
            (self.width <= 200.0 || self.height <= 80.0, "it is too small"),
            (self.marks == 0, "nothing is drawn"),
            (self.drawn < self.marks, "something has no size"),
            (self.outside > 0, "something is drawn outside"),
            (!self.cut.is_empty(), "a text is cut off"),
        ];
        faults.into_iter().find_map(|(is_so, fault)| is_so.then_some(fault))
    }
}

/// A browser.
#[derive(Clone, Debug)]
pub struct Browser {
    program: &'static str,
    scratch: PathBuf,
}

impl Browser {
    /// The browser that is installed, which may leave files in `scratch`. A skip where there is
    /// none.
    ///
    /// # Panics
    ///
    /// Where the folder cannot be made.
    pub fn find(scratch: impl Into<PathBuf>) -> Option<Self> {
        let scratch = scratch.into();
        fs::create_dir_all(&scratch).expect("a folder");
        let runs = |program: &&str| Command::new(program).arg("--version").output().is_ok();
        let found = PROGRAMS.into_iter().find(runs).map(|program| Self { program, scratch });
        if found.is_none() {
            skips::skip("chromium", "it is not installed");
        }
        found
    }

    /// The elements of a file as the browser has them, and what it put on its console.
    ///
    /// # Panics
    ///
    /// Where the browser fails.
    pub fn open(&self, file: &Path, is_dark: bool) -> (String, Vec<String>) {
        let profile = self.scratch.join("profile");
        let output = Command::new(self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
            .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("--window-size=1400,900")
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!is_dark)))
            .arg(format!("file://{}", file.display()))
            .output()
            .expect("the browser runs");
        assert!(output.status.success(), "{output:?}");
        let console = String::from_utf8_lossy(&output.stderr);
        let console = console.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
        (String::from_utf8(output.stdout).expect("text"), console.collect())
    }

    /// What a [`Page`](crate::Page) of this text looks like in a window of this width, everything
    /// unfolded. The window is a frame: the browser's own has a least width.
    ///
    /// # Panics
    ///
    /// Where the browser fails, or puts something on its console.
    pub fn show(&self, html: &str, width: u32, is_dark: bool) -> Shown {
        // The page's own policy forbids the script that asks, so it goes.
        let (before, after) = html.split_once(POLICY).expect("a page with its policy");
        let open = format!("{before}{after}{QUESTION}").replace("<details>", "<details open>");
        let inner = open.replace('&', "&amp;").replace('"', "&quot;");
        let frame = self.scratch.join("frame.html");
        let text = format!(
            "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'>\
             <iframe id=inner style='border:0;width:{width}px;height:900px' srcdoc=\"{inner}\">\
             </iframe><script>addEventListener('load', () => document.body.append(\
             document.getElementById('inner').contentDocument.getElementById('answer')))</script>"
        );
        fs::write(&frame, text).expect("written");
        let (dom, console) = self.open(&frame, is_dark);
        assert_eq!(console, Vec::<String>::new(), "{width} pixels");
        let (_, rest) = dom.split_once("<pre id=\"answer\">").expect("the script ran");
        let (text, _) = rest.split_once("</pre>").expect("closed");
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        serde_json::from_str(&text).expect("the question's answer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_told() {
        let plot = Plot {
            title: "made up".into(),
            source: String::new(),
            folded: false,
            width: 300.0,
            height: 100.0,
            marks: 3,
            drawn: 3,
            outside: 0,
            cut: Vec::new(),
            dashed: 0,
        };
        assert_eq!(plot.fault(), None);
        for (bad, fault) in [
            (Plot { height: 80.0, ..plot.clone() }, "it is too small"),
            (Plot { marks: 0, drawn: 0, ..plot.clone() }, "nothing is drawn"),
            (Plot { drawn: 2, ..plot.clone() }, "something has no size"),
            (Plot { outside: 1, ..plot.clone() }, "something is drawn outside"),
            (Plot { cut: vec!["ns".into()], ..plot }, "a text is cut off"),
        ] {
            assert_eq!(bad.fault(), Some(fault));
        }
    }

    #[test]
    fn a_page_that_is_too_wide_is_seen() {
        let folder = std::env::temp_dir().join(format!("page-browser-{}", std::process::id()));
        let Some(browser) = Browser::find(&folder) else { return };
        let page = |width: u32| {
            let wide = format!("<div style='width:{width}px'>x</div>");
            format!("<!doctype html><meta content=\"{POLICY}\"><body style='margin:0'>{wide}")
        };
        let [fits, is_wide] = [300, 700].map(|width| browser.show(&page(width), 400, false).scroll);
        fs::remove_dir_all(&folder).expect("ours");
        assert_eq!((fits, is_wide), (400, 700));
    }
}
