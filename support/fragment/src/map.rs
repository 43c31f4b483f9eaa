//! The heap map: which part of each stretch of the heap is live, over the time of a replay.

/// Moments along the time, and stretches along the heap.
const COLUMNS: usize = 160;
const ROWS: usize = 64;

/// A map in the making, then the map.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    events: usize,
    row_bytes: usize,
    /// Live bytes now, row by row.
    live: Vec<usize>,
    /// A column for each moment that has passed: the live share of each row.
    columns: Vec<Vec<f64>>,
}

impl Map {
    /// A map of a heap of `bytes`, over so many events.
    pub(crate) fn new(bytes: usize, events: usize) -> Self {
        let row_bytes = bytes.div_ceil(ROWS).max(1);
        Self { events: events.max(1), row_bytes, live: vec![0; ROWS], columns: Vec::new() }
    }

    /// Enters a block, by its offset, or strikes it out.
    pub(crate) fn note(&mut self, offset: usize, bytes: usize, is_live: bool) {
        let (mut at, end) = (offset, offset + bytes);
        while at < end {
            let row = at / self.row_bytes;
            let part = ((row + 1) * self.row_bytes).min(end) - at;
            if let Some(live) = self.live.get_mut(row) {
                *live = if is_live { *live + part } else { *live - part };
            }
            at += part;
        }
    }

    /// Says that so many events are done.
    pub(crate) fn tick(&mut self, done: usize) {
        while self.columns.len() * self.events < done * COLUMNS {
            let share = |live: &usize| *live as f64 / self.row_bytes as f64;
            self.columns.push(self.live.iter().map(share).collect());
        }
    }

    /// Column by column, from the heap's lowest addresses on: how much of each stretch was live.
    pub(crate) fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// The map in letters, for a terminal: every second column and row, the highest addresses on
    /// top.
    pub(crate) fn text(&self) -> String {
        const SHADES: [char; 6] = [' ', '.', ':', 'o', 'O', '#'];
        let letter = |share: f64| {
            let full = SHADES.len() - 1;
            let shade = (0..full).rev().find(|shade| share > *shade as f64 / full as f64);
            SHADES[shade.map_or(0, |shade| shade + 1)]
        };
        let mut text = String::new();
        for row in (0..ROWS).rev().step_by(2) {
            text.push('|');
            text.extend(self.columns.iter().step_by(2).map(|column| letter(column[row])));
            text += "|\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_fills_the_rows_that_it_covers() {
        let mut map = Map::new(ROWS * 100, 10);
        map.note(50, 200, true);
        map.tick(1);
        map.note(50, 200, false);
        map.tick(10);
        assert_eq!(map.columns().len(), COLUMNS);
        assert_eq!(map.columns()[0][..4], [0.5, 1.0, 0.5, 0.0]);
        assert!(map.columns()[COLUMNS - 1].iter().all(|share| *share == 0.0));
    }

    #[test]
    fn letters_are_darker_where_more_is_live() {
        let mut map = Map::new(ROWS * 100, 1);
        map.note(100, 100, true);
        map.note(300, 50, true);
        map.tick(1);
        let text = map.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), ROWS / 2);
        assert!(lines[ROWS / 2 - 1].starts_with("|##"), "{text}");
        assert!(lines[ROWS / 2 - 2].starts_with("|oo"), "{text}");
        assert!(lines[0].starts_with("|  "), "{text}");
    }
}
