//! What each page of an arena holds: one byte a page, in sections that are made at first use.

/// The page is free.
pub(super) const FREE: u8 = 0;
/// The first page of a large block.
pub(super) const RUN: u8 = u8::MAX;
/// A further page of a large block.
pub(super) const MORE: u8 = u8::MAX - 1;

/// The pages of a section.
const SECTION: usize = 1 << 14;

/// The marks of all pages. A page whose section was never made is free.
pub(super) struct Marks {
    sections: Vec<Vec<u8>>,
    pages: usize,
}

impl Marks {
    /// All pages free.
    pub(super) const fn new(pages: usize) -> Self {
        Self { sections: Vec::new(), pages }
    }

    /// The mark of a page.
    pub(super) fn get(&self, page: usize) -> u8 {
        let section = self.sections.get(page / SECTION);
        section.and_then(|section| section.get(page % SECTION)).copied().unwrap_or(FREE)
    }

    /// Marks pages. Answers false, and leaves them free, if there is no memory for the marks.
    pub(super) fn fill(&mut self, first: usize, pages: usize, mark: u8) -> bool {
        if pages == 0 {
            return true;
        }
        let (from, to) = (first / SECTION, (first + pages - 1) / SECTION);
        if !(from..=to).all(|section| self.make(section)) {
            return false;
        }
        self.write(first, pages, mark);
        true
    }

    /// Makes pages free.
    pub(super) fn clear(&mut self, first: usize, pages: usize) {
        self.write(first, pages, FREE);
    }

    /// Writes the marks of pages whose sections are made; others are free already.
    fn write(&mut self, first: usize, pages: usize, mark: u8) {
        let end = first + pages;
        let mut at = first;
        while at < end {
            let next = (at / SECTION + 1) * SECTION;
            if let Some(section) = self.sections.get_mut(at / SECTION).filter(|s| !s.is_empty()) {
                section[at % SECTION..][..next.min(end) - at].fill(mark);
            }
            at = next;
        }
    }

    /// Makes sure that a section is there.
    fn make(&mut self, nth: usize) -> bool {
        if nth >= self.sections.len() {
            let more = nth + 1 - self.sections.len();
            if self.sections.try_reserve(more).is_err() {
                return false;
            }
            self.sections.resize_with(nth + 1, Vec::new);
        }
        let section = &mut self.sections[nth];
        let len = SECTION.min(self.pages - nth * SECTION);
        if section.is_empty() {
            if section.try_reserve_exact(len).is_err() {
                return false;
            }
            section.resize(len, FREE);
        }
        true
    }

    /// The first run of a large block at `from` or behind it: its first page, and how many there are.
    pub(super) fn run_from(&self, from: usize) -> Option<(usize, usize)> {
        let end = self.sections.len() * SECTION;
        let first = (from..end).find(|page| self.get(*page) == RUN)?;
        let more = (first + 1..end).take_while(|page| self.get(*page) == MORE).count();
        Some((first, 1 + more))
    }

    /// Bytes of the marks.
    pub(super) fn bytes(&self) -> usize {
        let own = size_of_val(&*self.sections);
        own + self.sections.iter().map(|section| section.capacity()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it walks many pages, and no pointer is in it")]
    fn marks_across_sections() {
        let mut marks = Marks::new(3 * SECTION + 5);
        assert!(marks.fill(SECTION - 1, 1, RUN) && marks.fill(SECTION, SECTION + 2, MORE));
        assert_eq!(marks.run_from(0), Some((SECTION - 1, SECTION + 3)));
        assert_eq!(marks.run_from(SECTION), None);
        marks.clear(SECTION - 1, SECTION + 3);
        assert_eq!(marks.run_from(0), None);
        assert!(marks.fill(3 * SECTION + 4, 1, 7), "the last page");
        assert_eq!((marks.get(3 * SECTION + 4), marks.get(3 * SECTION + 5)), (7, FREE));
        assert!(marks.bytes() < 4 * SECTION);
    }
}
