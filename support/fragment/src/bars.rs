//! What members promise, and whether they keep it.

use crate::report::{self, Compared, Figure, Row};

/// A figure of a member is at most so many times `of`.
struct Bar {
    member: &'static str,
    /// The trace whose name begins so; all traces if empty.
    trace: &'static str,
    figure: Figure,
    most: f64,
    /// The peer whose figure is one; the figure itself is compared without.
    of: Option<&'static str>,
}

const fn heap(member: &'static str, trace: &'static str, most: f64) -> Bar {
    Bar { member, trace, figure: Figure::Heap, most, of: None }
}

const fn times(member: &'static str, figure: Figure, most: f64, peer: &'static str) -> Bar {
    Bar { member, trace: "", figure, most, of: Some(peer) }
}

const BARS: &[Bar] = &[
    heap("BestFit", "sqlite", 1.045),
    heap("BestFit", "python", 1.06),
    times("BestFit", Figure::Instructions, 1.6, "talc"),
    heap("GoodFit", "sqlite", 1.055),
    heap("GoodFit", "python", 1.06),
    times("GoodFit", Figure::Instructions, 1.1, "talc"),
    times("SignPost", Figure::Instructions, 1.0, "talc"),
    times("SignPost", Figure::Heap, 1.0, "talc"),
    times("Buddy", Figure::Heap, 1.0, "buddy_system_allocator"),
    Bar { trace: "python", ..times("Buddy", Figure::Time, 1.0 / 50.0, "buddy_system_allocator") },
];

/// Whether each bar is kept. Bars of members or figures that the rows lack are left out.
pub(crate) fn judge(rows: &[Row]) -> Vec<report::Bar> {
    judged(BARS, rows)
}

fn judged(bars: &[Bar], rows: &[Row]) -> Vec<report::Bar> {
    let mut verdicts = Vec::new();
    for bar in bars {
        let own = |row: &&Row| row.subject == bar.member && row.trace.starts_with(bar.trace);
        for row in rows.iter().filter(own) {
            let peer = bar.of.map(|peer| {
                rows.iter().find(|other| other.subject == peer && other.trace == row.trace)
            });
            let unit = match peer {
                None => Some(1.0),
                Some(peer) => peer.and_then(|peer| peer.figure(bar.figure)),
            };
            let (Some(value), Some(unit)) = (row.figure(bar.figure), unit) else { continue };
            let (ratio, figure) = (value / unit, format!("{:?}", bar.figure).to_lowercase());
            let is_kept = ratio <= bar.most;
            let of = bar.of.map_or(String::new(), |peer| format!(" of {peer}'s"));
            let verdict = if is_kept { "kept" } else { "missed" };
            let words = format!(
                "{}, {}: {figure} {ratio:.3}{of}, at most {:.3}: {verdict}",
                row.subject, row.trace, bar.most
            );
            let compared = Compared {
                member: row.subject.clone(),
                trace: row.trace.clone(),
                figure,
                peer: bar.of,
                ratio,
                most: bar.most,
            };
            verdicts.push(report::Bar { kept: is_kept, words, compared: Some(compared) });
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_kept_missed_or_left_out() {
        let row = |subject: &str, heap| Row { heap, ..Row::new(subject, "sqlite") };
        let bars = [heap("A", "sqlite", 1.1), times("A", Figure::Heap, 1.0, "B")];
        let kept = |rows: &[Row]| -> Vec<bool> {
            judged(&bars, rows).iter().map(|bar| bar.kept).collect()
        };
        assert_eq!(kept(&[row("A", Some(1.1)), row("B", Some(1.2))]), [true, true]);
        assert_eq!(kept(&[row("A", Some(1.2)), row("B", Some(1.1))]), [false, false]);
        assert_eq!(kept(&[row("A", Some(1.1)), row("B", None)]), [true]);
        assert!(kept(&[row("B", Some(1.0))]).is_empty());
    }
}
