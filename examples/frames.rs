//! A game loop whose frames lie in two arenas, one of which is reset in each frame. What a frame makes
//! (draw calls, labels, a grid for collisions) ends with the next frame but one, so the renderer still
//! reads the last frame while this one is made.
//!
//! `cargo run --release --example frames --features allocator-api2-02` prints what the frames took. It
//! fails if a frame after the first ones obtains memory, or finds the last frame changed.

use allocator_api2_02::vec::Vec;
use hashbrown::{DefaultHashBuilder, HashMap};
use stampool::SystemSource;
use stampool::alloc::{Linear, Stack};
use stampool::source::CountingSource;

const ENTITIES: u16 = 300;
const TURNS: usize = 100;
/// The arenas have grown to their size after so many turns of two frames.
const WARM: usize = 5;
/// The edge of a cell of the grid, and of the world.
const CELL: i32 = 16;
const WORLD: i32 = 400;

type Arena = Linear<CountingSource<SystemSource>>;

struct Entity {
    at: (i32, i32),
    speed: (i32, i32),
}

/// What the renderer gets of one entity. It ends with its arena, and owns nothing elsewhere.
struct Draw<'f> {
    from: (i32, i32),
    to: (i32, i32),
    label: &'f str,
}

struct Frame<'f> {
    draws: Vec<Draw<'f>, &'f Arena>,
    collisions: usize,
}

fn world() -> std::vec::Vec<Entity> {
    let numbers = 0..i32::from(ENTITIES);
    let entity =
        |n: i32| Entity { at: (n * 37 % WORLD, n * 91 % WORLD), speed: (n % 7 - 3, n % 5 - 2) };
    numbers.map(entity).collect()
}

/// Moves the world on, and makes a frame in an empty arena. `last` is read while this one is made.
fn frame<'f>(
    arena: &'f Arena,
    scratch: &mut Stack,
    world: &mut [Entity],
    last: &Frame<'_>,
) -> Frame<'f> {
    let mut draws = Vec::with_capacity_in(world.len(), arena);
    for (number, entity) in world.iter_mut().enumerate() {
        let from = entity.at;
        // The other arena was not touched: there the entity went to where it is now.
        assert!(
            last.draws.get(number).is_none_or(|draw| draw.to == from),
            "the last frame is intact"
        );
        entity.at = (
            (from.0 + entity.speed.0).rem_euclid(WORLD),
            (from.1 + entity.speed.1).rem_euclid(WORLD),
        );
        // Texts are made in a scope, which ends before the next one, and only the result is kept.
        let label = scratch.scope(|scope| {
            let mut text = Vec::new_in(&*scope);
            text.extend(b"entity ".iter().copied().chain(number.to_string().into_bytes()));
            arena.alloc_str(core::str::from_utf8(&text).expect("digits")).expect("memory")
        });
        draws.push(Draw { from, to: entity.at, label });
    }
    Frame { collisions: collisions(arena, &draws), draws }
}

/// Pairs of entities in one cell of the grid. The grid lies in the arena as well.
fn collisions(arena: &Arena, draws: &[Draw<'_>]) -> usize {
    let mut grid: HashMap<(i32, i32), Vec<usize, &Arena>, DefaultHashBuilder, &Arena> =
        HashMap::with_capacity_in(draws.len(), arena);
    for (number, draw) in draws.iter().enumerate() {
        let cell = (draw.to.0 / CELL, draw.to.1 / CELL);
        grid.entry(cell).or_insert_with(|| Vec::new_in(arena)).push(number);
    }
    grid.values().map(|cell| cell.len() * (cell.len() - 1) / 2).sum()
}

/// What a renderer would do: it draws each entity between its last place and this one.
fn render(frame: &Frame<'_>) -> usize {
    let between = |a: i32, b: i32| i32::midpoint(a, b);
    let drawn = frame.draws.iter().filter(|draw| {
        between(draw.from.0, draw.to.0) < WORLD / 2 && draw.label.starts_with("entity ")
    });
    drawn.count()
}

fn main() {
    let source = CountingSource::new(SystemSource);
    let counts = source.counts();
    let arena = || Linear::new(CountingSource::with_counts(SystemSource, counts.clone()));
    let (mut even, mut odd) = (arena(), arena());
    let mut scratch = Stack::default();
    let mut world = world();

    let (mut drawn, mut collisions, mut warm) = (0, 0, 0);
    let mut last = Frame { draws: Vec::new_in(&odd), collisions: 0 };
    for turn in 0..TURNS {
        // Two frames a turn, so that each arena has a name: the compiler then sees that nothing of an
        // arena is left when it is reset.
        even.reset();
        let this = frame(&even, &mut scratch, &mut world, &last);
        drawn += render(&this);
        drop(last);
        odd.reset();
        last = frame(&odd, &mut scratch, &mut world, &this);
        drawn += render(&last);
        collisions += this.collisions + last.collisions;
        if turn == WARM {
            warm = counts.obtained();
        }
    }
    let of_a_frame = even.usage().used_bytes;
    println!("{} frames of {ENTITIES} entities: {drawn} drawn, {collisions} collisions", 2 * TURNS);
    println!("a frame takes {of_a_frame} bytes, and the two arenas have {}", counts.live_bytes());
    println!("{warm} regions obtained in the first {WARM} turns, {} in all", counts.obtained());
    assert_eq!(counts.obtained(), warm, "a frame obtains no memory once the arenas have grown");
    assert_eq!(scratch.usage().used_bytes, 0, "no text is left in the scratch stack");
    assert!(collisions > 0 && drawn > 0);
}

#[test]
fn its_claims_hold() {
    main();
}
