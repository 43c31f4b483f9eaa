//! A parser whose syntax tree lies in a scope of a stack, and which looks ahead in nested scopes: it
//! tries a reading, and if that fails, all that it made on the way is gone with the scope.
//!
//! `cargo run --release --example parse_in_scopes --features allocator-api2-02` prints what the lines
//! come to. It fails if a value is wrong, or if a tree or a failed reading leaves memory behind.
//!
//! The language: `1 + 2 * x`, `(a, b) => a * b`, and calls of such functions. After a `(` only the `=>`
//! far behind tells whether names or an expression stand there.

use allocator_api2_02::vec::Vec;
use hashbrown::HashMap;
use stampool::alloc::{Scope, Stack};

/// A node. It owns nothing elsewhere, so it needs no destructor, and ends with its scope.
#[derive(Clone, Copy)]
enum Tree<'s> {
    Number(i64),
    Name(&'s str),
    Binary(u8, &'s Tree<'s>, &'s Tree<'s>),
    Function(&'s [&'s str], &'s Tree<'s>),
    Call(&'s Tree<'s>, &'s [Tree<'s>]),
}

#[derive(Clone, Copy, Default)]
struct Counts {
    looked_ahead: usize,
    in_vain: usize,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    counts: Counts,
}

type Parsed<T> = Result<T, String>;

impl<'t> Parser<'t> {
    fn skips(&mut self, word: &str) -> bool {
        let rest = self.text[self.at..].trim_start();
        let skips = rest.starts_with(word);
        if skips {
            self.at = self.text.len() - rest.len() + word.len();
        }
        skips
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        self.skips(word).then_some(()).ok_or_else(|| format!("{word} expected at {}", self.at))
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.text[self.at..].trim_start();
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at = self.text.len() - rest.len() + len;
        (len != 0).then_some(&rest[..len])
    }

    /// Operators of this strength and stronger ones.
    fn expression<'s>(&mut self, scope: &'s Scope<'_>, strength: usize) -> Parsed<Tree<'s>> {
        const OPERATORS: [[&str; 2]; 2] = [["+", "-"], ["*", "/"]];
        let Some(operators) = OPERATORS.get(strength) else { return self.call(scope) };
        let mut left = self.expression(scope, strength + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.skips(operator)) {
            let right = self.expression(scope, strength + 1)?;
            left = Tree::Binary(operator.as_bytes()[0], node(scope, left), node(scope, right));
        }
        Ok(left)
    }

    fn call<'s>(&mut self, scope: &'s Scope<'_>) -> Parsed<Tree<'s>> {
        let mut called = self.atom(scope)?;
        while self.skips("(") {
            let mut arguments = Vec::new_in(scope);
            while !self.skips(")") {
                arguments.push(self.expression(scope, 0)?);
                self.skips(",");
            }
            called = Tree::Call(node(scope, called), arguments.leak());
        }
        Ok(called)
    }

    fn atom<'s>(&mut self, scope: &'s Scope<'_>) -> Parsed<Tree<'s>> {
        let start = self.at;
        if self.skips("(") {
            // Is it a function? What the attempt makes lies in a scope above this one.
            let inner = scope.enter().map_err(|error| error.to_string())?;
            let before = inner.usage().used_bytes;
            let is_function = self.names(&inner).is_ok();
            drop(inner);
            assert_eq!(scope.usage().used_bytes, before, "an attempt leaves nothing");
            self.counts.looked_ahead += 1;
            self.counts.in_vain += usize::from(!is_function);
            self.at = start;
            self.expect("(")?;
            if is_function {
                let names = self.names(scope)?;
                return Ok(Tree::Function(names, node(scope, self.expression(scope, 0)?)));
            }
            let inside = self.expression(scope, 0)?;
            return self.expect(")").map(|()| inside);
        }
        let word = self.word().ok_or_else(|| format!("a value expected at {}", self.at))?;
        let name = || Tree::Name(scope.alloc_str(word).expect("memory"));
        Ok(word.parse().map_or_else(|_| name(), Tree::Number))
    }

    /// The names of a function, up to its arrow.
    fn names<'s>(&mut self, scope: &'s Scope<'_>) -> Parsed<&'s [&'s str]> {
        let mut names = Vec::new_in(scope);
        while !self.skips(")") {
            let name = self.word().ok_or("a name expected")?;
            names.push(&*scope.alloc_str(name).expect("memory"));
            self.skips(",");
        }
        self.expect("=>").map(|()| &*names.leak())
    }
}

fn node<'s>(scope: &'s Scope<'_>, tree: Tree<'s>) -> &'s Tree<'s> {
    scope.alloc(tree).expect("memory")
}

fn value<'s>(tree: &Tree<'s>, names: &HashMap<&str, i64>) -> Parsed<i64> {
    Ok(match *tree {
        Tree::Number(number) => number,
        Tree::Name(name) => *names.get(name).ok_or_else(|| format!("no {name}"))?,
        Tree::Binary(operator, left, right) => {
            let (left, right) = (value(left, names)?, value(right, names)?);
            match operator {
                b'+' => left + right,
                b'-' => left - right,
                b'*' => left * right,
                _ => left.checked_div(right).ok_or("division by zero")?,
            }
        }
        Tree::Call(&Tree::Function(parameters, body), arguments) => {
            let mut inner = names.clone();
            for (name, argument) in parameters.iter().zip(arguments) {
                inner.insert(name, value(argument, names)?);
            }
            value(body, &inner)?
        }
        Tree::Call(..) | Tree::Function(..) => return Err("not a number".into()),
    })
}

const LINES: [(&str, Result<i64, &str>); 6] = [
    ("1 + 2 * 3 - 4", Ok(3)),
    ("((1 + 2)) * (x - (3))", Ok(21)),
    ("((a, b) => a * b + x)(6, 7)", Ok(52)),
    ("((a) => ((b) => a - b)(a / 2))(9)", Ok(5)),
    ("(1 + (2 * (3 - (4 ", Err(") expected at 17")),
    ("((a, b) => a / b)(1, 0)", Err("division by zero")),
];

fn main() {
    let mut stack = Stack::default();
    let names = HashMap::from([("x", 10)]);
    let mut regions = None;
    for round in 0..100 {
        let mut all = Counts::default();
        for (text, expected) in LINES {
            let (found, bytes) = stack.scope(|scope| {
                let mut parser = Parser { text, at: 0, counts: all };
                let tree = parser.expression(scope, 0);
                all = parser.counts;
                (tree.and_then(|tree| value(&tree, &names)), scope.usage().used_bytes)
            });
            assert_eq!(found, expected.map_err(String::from), "{text}");
            assert_eq!(stack.usage().used_bytes, 0, "the tree of {text} is gone");
            if round == 0 {
                println!("{text:36} {:34} {bytes:5} bytes", format!("{found:?}"));
            }
        }
        assert!(all.in_vain > 0 && all.in_vain < all.looked_ahead, "both readings occur");
        let obtained = stack.usage().obtained_bytes;
        assert_eq!(
            *regions.get_or_insert(obtained),
            obtained,
            "round {round} needs no more memory"
        );
        if round == 0 {
            let Counts { looked_ahead, in_vain } = all;
            println!(
                "{looked_ahead} times looked ahead, {in_vain} in vain; {obtained} bytes in all"
            );
        }
    }
}

#[test]
fn its_claims_hold() {
    main();
}
