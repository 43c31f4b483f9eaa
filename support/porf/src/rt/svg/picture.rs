//! Boxes in columns, and arrows between them, as SVG.

use core::fmt::Write;

/// Sizes in pixels.
const BOX_WIDTH: usize = 270;
const BOX_HEIGHT: usize = 34;
/// From the top of one row to that of the next.
const ROW: usize = 46;
/// Between two columns, where the arrows run.
const GAP: usize = 170;
const MARGIN: usize = 20;
const LINE: usize = 17;

/// What an arrow means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    /// From a write to a read that reads it.
    ReadsFrom,
    /// From a write to the next one of the same variable.
    Coherence,
    /// From a read to the write behind the one that it reads.
    FromRead,
    /// From a spawn, an end or an unlock to the event that waits for it.
    Waits,
}

/// The relations, each with its name, its colour, its dashes, how far below the middle of a box its
/// arrows begin and end, how far they bulge beside a column, where along them the name stands, and
/// what it means.
const LOOKS: [Look; 4] = [
    Look {
        relation: Relation::ReadsFrom,
        name: "rf",
        colour: "#1a7f37",
        dashes: "",
        shift: -9.0,
        bulge: 45.0,
        name_at: 0.62,
        meaning: "reads from: the read takes the value of this write",
    },
    Look {
        relation: Relation::Coherence,
        name: "co",
        colour: "#9a5b00",
        dashes: "",
        shift: 0.0,
        bulge: 75.0,
        name_at: 0.5,
        meaning: "coherence: this write of a variable, then that one; its creation is before both",
    },
    Look {
        relation: Relation::FromRead,
        name: "fr",
        colour: "#c4161c",
        dashes: "6 4",
        shift: 9.0,
        bulge: 105.0,
        name_at: 0.38,
        meaning: "from-read: the value that is read is older than that write",
    },
    Look {
        relation: Relation::Waits,
        name: "",
        colour: "#8c959f",
        dashes: "2 3",
        shift: 4.0,
        bulge: 60.0,
        name_at: 0.5,
        meaning: "a thread starts, is joined, or is let in",
    },
];

/// How a relation is drawn.
struct Look {
    relation: Relation,
    name: &'static str,
    colour: &'static str,
    dashes: &'static str,
    shift: f64,
    bulge: f64,
    name_at: f64,
    meaning: &'static str,
}

/// An event.
pub(super) struct Boxed {
    pub(super) column: usize,
    /// What it does.
    pub(super) text: String,
    /// Where in the source.
    pub(super) place: String,
}

/// An arrow between two boxes, by their numbers.
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) relation: Relation,
}

/// What is drawn. Each box has a row of its own, in the order of the list.
pub(super) struct Picture {
    pub(super) title: String,
    pub(super) columns: Vec<String>,
    pub(super) boxes: Vec<Boxed>,
    pub(super) arrows: Vec<Arrow>,
    /// Lines below the picture.
    pub(super) notes: Vec<String>,
}

impl Picture {
    /// The picture as a document. The arrows lie below the boxes, so that no text is crossed.
    pub(super) fn draw(&self) -> String {
        let columns = self.columns.len().max(1);
        // The arrows of the last column bulge into a gap of its own.
        let width = 2 * MARGIN + columns * (BOX_WIDTH + GAP);
        let below = self.top() + self.boxes.len() * ROW + LINE;
        let height = below + (LOOKS.len() + self.notes.len() + 1) * LINE + MARGIN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             font-family=\"monospace\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n<defs>\n"
        );
        for (number, look) in LOOKS.iter().enumerate() {
            _ = writeln!(
                svg,
                "<marker id=\"tip{number}\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" \
                 orient=\"auto\" markerUnits=\"userSpaceOnUse\"><path d=\"M0,0 L9,4 L0,8 z\" \
                 fill=\"{}\"/></marker>",
                look.colour
            );
        }
        svg += "</defs>\n";
        for (number, line) in self.title.lines().enumerate() {
            let y = MARGIN + (number + 1) * LINE;
            _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">{}</text>", escape(line));
        }
        for (number, name) in self.columns.iter().enumerate() {
            let (x, y) = (left_of(number), self.top() - LINE / 2);
            _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" font-weight=\"bold\">{}</text>",
                escape(name)
            );
        }
        self.program_order(&mut svg);
        self.arrows.iter().for_each(|arrow| self.arrow(&mut svg, arrow));
        for (number, boxed) in self.boxes.iter().enumerate() {
            let (x, y) = (left_of(boxed.column), self.top() + number * ROW);
            let (text, place) = (escape(&boxed.text), escape(&boxed.place));
            _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"4\" \
                 fill=\"#f6f8fa\" stroke=\"#57606a\"/>\n\
                 <text x=\"{0}\" y=\"{1}\">{text}</text>\n\
                 <text x=\"{0}\" y=\"{2}\" font-size=\"10\" fill=\"#57606a\">{place}</text>",
                x + 7,
                y + 15,
                y + 28
            );
        }
        self.legend(&mut svg, below);
        svg + "</svg>\n"
    }

    fn top(&self) -> usize {
        MARGIN + (self.title.lines().count() + 3) * LINE
    }

    /// A line from each box to the next one of its column.
    fn program_order(&self, svg: &mut String) {
        for column in 0..self.columns.len() {
            let rows = || self.boxes.iter().enumerate().filter(|(_, boxed)| boxed.column == column);
            for ((from, _), (to, _)) in rows().zip(rows().skip(1)) {
                let x = left_of(column) + 14;
                let (y1, y2) = (self.top() + from * ROW + BOX_HEIGHT, self.top() + to * ROW);
                _ = writeln!(
                    svg,
                    "<line x1=\"{x}\" y1=\"{y1}\" x2=\"{x}\" y2=\"{y2}\" stroke=\"#d0d7de\" \
                     stroke-width=\"2\"/>"
                );
            }
        }
    }

    fn arrow(&self, svg: &mut String, arrow: &Arrow) {
        let (number, look) = look(arrow.relation);
        let (from, to) = (self.boxes[arrow.from].column, self.boxes[arrow.to].column);
        let (right, other_right) = (right_of(from), right_of(to));
        let (y1, y2) = (self.middle(arrow.from) + look.shift, self.middle(arrow.to) + look.shift);
        let near = pixels(GAP) / 2.0;
        let [x1, x2, x3, x4] = if from == to {
            // A long arrow bulges more, so that a short one beside it can be told apart.
            let bulge = (look.bulge + (y2 - y1).abs() / 30.0).min(pixels(GAP));
            [right, right + bulge, right + bulge, right]
        } else if from < to {
            let left = pixels(left_of(to));
            [right, right + near, left - near, left]
        } else {
            let left = pixels(left_of(from));
            [left, left - near, other_right + near, other_right]
        };
        let dashes = look.dashes;
        _ = writeln!(
            svg,
            "<path d=\"M{x1:.0},{y1:.0} C{x2:.0},{y1:.0} {x3:.0},{y2:.0} {x4:.0},{y2:.0}\" \
             fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\" \
             marker-end=\"url(#tip{number})\"/>",
            look.colour
        );
        // In the gap before the tip, if the arrow passes below other columns.
        let at = if from.abs_diff(to) > 1 { 0.93 } else { look.name_at };
        let (x, y) = (along([x1, x2, x3, x4], at), along([y1, y1, y2, y2], at) + 4.0);
        _ = writeln!(
            svg,
            "<text x=\"{x:.0}\" y=\"{y:.0}\" font-size=\"11\" text-anchor=\"middle\" fill=\"{}\" \
             stroke=\"white\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
            look.colour, look.name
        );
    }

    fn legend(&self, svg: &mut String, top: usize) {
        for (number, look) in LOOKS.iter().enumerate() {
            let y = top + number * LINE;
            _ = writeln!(
                svg,
                "<line x1=\"{MARGIN}\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\" stroke=\"{2}\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"{3}\" marker-end=\"url(#tip{number})\"/>\n\
                 <text x=\"{4}\" y=\"{y}\">{5:2} {6}</text>",
                y - 4,
                MARGIN + 40,
                look.colour,
                look.dashes,
                MARGIN + 50,
                look.name,
                look.meaning
            );
        }
        for (number, note) in self.notes.iter().enumerate() {
            let y = top + (LOOKS.len() + number) * LINE + LINE / 2;
            _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">{}</text>", escape(note));
        }
    }

    /// The height of the middle of a box.
    fn middle(&self, number: usize) -> f64 {
        pixels(self.top() + number * ROW + BOX_HEIGHT / 2)
    }
}

fn look(relation: Relation) -> (usize, &'static Look) {
    let mut looks = LOOKS.iter().enumerate();
    looks.find(|(_, look)| look.relation == relation).expect("each relation has a look")
}

fn left_of(column: usize) -> usize {
    MARGIN + column * (BOX_WIDTH + GAP)
}

fn right_of(column: usize) -> f64 {
    pixels(left_of(column) + BOX_WIDTH)
}

/// A size for the sums that curves need.
fn pixels(size: usize) -> f64 {
    u32::try_from(size).expect("a picture has a size").into()
}

/// A coordinate of a cubic curve, at `at` of its length's parameter.
fn along(points: [f64; 4], at: f64) -> f64 {
    let [from, first, second, to] = points;
    let rest = 1.0 - at;
    rest.powi(3) * from
        + 3.0 * rest.powi(2) * at * first
        + 3.0 * rest * at.powi(2) * second
        + at.powi(3) * to
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
