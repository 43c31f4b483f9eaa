//! A server whose workers serve each request from an arena with a limit. When the response is out, the
//! arena is reset: nothing of the request is freed by itself. A request that needs more than the limit is
//! refused, and disturbs no other one. What outlives a request, the log, lies in an arena that each thread
//! leases, and is gathered at the end.
//!
//! `cargo run --release --example requests --features allocator-api2-02` prints the accounts. It fails if
//! a request is lost, if one breaks the limit, or if memory is left over.

use std::collections::BTreeMap;
use std::sync::{Mutex, mpsc};
use std::thread;

use allocator_api2_02::vec::Vec;
use hashbrown::{DefaultHashBuilder, HashMap};
use stampool::SystemSource;
use stampool::alloc::Linear;
use stampool::alloc::wrap::{Leased, Limited, PerThread};
use stampool::source::CountingSource;

const WORKERS: usize = 4;
const REQUESTS: usize = 4000;
/// The most bytes that a request may have at one time.
const LIMIT: usize = 8 << 10;

type Arena = Limited<Linear<CountingSource<SystemSource>>>;

/// As it comes from the network.
struct Request(String);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Status {
    Ok,
    BadRequest,
    TooLarge,
}

/// What one worker did.
#[derive(Default)]
struct Account {
    answers: BTreeMap<Status, usize>,
    most_bytes: usize,
}

/// A container of the arena that could not grow.
struct Full;

/// A request of one of several kinds: most are small, every 50th is too large, and some make no sense.
fn request(number: usize) -> Request {
    let path = ["/", "/item", "/search", "/cart"][number % 4];
    let body = "x=1&".repeat(if number % 50 == 49 { LIMIT } else { number % 100 });
    let head = if number % 33 == 32 { "nonsense" } else { "host: here\r\nlength: 1\r\n" };
    Request(format!("GET {path}?user={number}\r\n{head}\r\n{body}"))
}

/// Serves a request. All that is made on the way lies in the arena, and none of it is infallible.
fn serve(request: &Request, arena: &Arena, account: &mut Account) -> Result<Status, Full> {
    let mut lines = request.0.split("\r\n");
    let Some(path) = lines.next().and_then(|line| line.strip_prefix("GET ")) else {
        return Ok(Status::BadRequest);
    };
    let mut headers: HashMap<&str, &str, DefaultHashBuilder, &Arena> = HashMap::new_in(arena);
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(": ") else { return Ok(Status::BadRequest) };
        headers.try_reserve(1).map_err(|_| Full)?;
        headers.insert(name, value);
    }
    let mut fields = Vec::new_in(arena);
    for field in lines.flat_map(|line| line.split('&')).filter(|field| !field.is_empty()) {
        fields.try_reserve(1).map_err(|_| Full)?;
        fields.push(field.split_once('=').unwrap_or((field, "")));
    }
    let sum: usize = fields.iter().filter_map(|(_, value)| value.parse::<usize>().ok()).sum();
    let mut response = Vec::new_in(arena);
    for part in ["HTTP/1.1 200\r\n\r\n", path, headers.get("host").copied().unwrap_or("?")] {
        response.try_reserve(part.len()).map_err(|_| Full)?;
        response.extend_from_slice(part.as_bytes());
    }
    assert_eq!(sum, fields.len(), "each field is a one");
    assert!(response.starts_with(b"HTTP") && arena.live_bytes() <= LIMIT);
    account.most_bytes = account.most_bytes.max(arena.live_bytes());
    Ok(Status::Ok)
}

/// Serves requests until there are no more. The log's lines lie in the leased arena, one after the other.
fn work(
    queue: &Mutex<mpsc::Receiver<Request>>,
    mut arena: Arena,
    log: &Leased<'_, Linear>,
) -> Account {
    let mut account = Account::default();
    loop {
        let next = queue.lock().expect("no worker panics").recv();
        let Ok(request) = next else { return account };
        let status = serve(&request, &arena, &mut account).unwrap_or(Status::TooLarge);
        let line: &str = request.0.split("\r\n").next().unwrap_or_default();
        log.get().alloc_str(line).expect("memory for the log");
        *account.answers.entry(status).or_default() += 1;
        arena.reset();
        assert_eq!((arena.live_bytes(), arena.usage().used_bytes), (0, 0), "nothing is left of it");
    }
}

fn main() {
    let regions = CountingSource::new(SystemSource).counts();
    let mut logs: PerThread<Linear> = PerThread::new(Linear::default);
    let (send, receive) = mpsc::sync_channel(64);
    let queue = Mutex::new(receive);

    let accounts: std::vec::Vec<Account> = thread::scope(|threads| {
        let workers: std::vec::Vec<_> = (0..WORKERS)
            .map(|_| {
                let (queue, logs, regions) = (&queue, &logs, &regions);
                threads.spawn(move || {
                    let source = CountingSource::with_counts(SystemSource, regions.clone());
                    work(queue, Limited::new(Linear::new(source), LIMIT), &logs.lease())
                })
            })
            .collect();
        for number in 0..REQUESTS {
            send.send(request(number)).expect("the workers are there");
        }
        drop(send);
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });

    let mut answers = BTreeMap::new();
    for (worker, account) in accounts.iter().enumerate() {
        println!("worker {worker}: {:?}, at most {} bytes", account.answers, account.most_bytes);
        for (status, count) in &account.answers {
            *answers.entry(*status).or_insert(0) += count;
        }
    }
    let logged = logs.usage().used_bytes;
    println!("all: {answers:?}; the log has {logged} bytes; {} regions", regions.obtained());
    assert_eq!(answers.values().sum::<usize>(), REQUESTS, "each request has an answer");
    assert_eq!(answers[&Status::TooLarge], large(), "those above the limit, and no others");
    let expected: usize =
        (0..REQUESTS).map(|n| request(n).0.split("\r\n").next().map_or(0, str::len)).sum();
    assert_eq!(logged, expected, "each line of the log once, whichever thread wrote it");
    assert_eq!(regions.live_regions(), 0, "the workers' arenas are gone");
}

/// How many requests are too large, and not refused for another reason before.
fn large() -> usize {
    (0..REQUESTS).filter(|number| number % 50 == 49 && number % 33 != 32).count()
}

#[test]
fn its_claims_hold() {
    main();
}
