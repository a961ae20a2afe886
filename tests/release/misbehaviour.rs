//! Everything that servers, proxies and lines do wrong, a row each: the outcome is the right bytes or the
//! right words, and never a file that could be taken for the release.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use insta::assert_snapshot;
use kubestock_install::istio::release::{CaBundle, Digest, Limits};
use regex::Regex;
use rustls::ServerConfig;

use crate::case::{Cache, LIMITS, archive, at, is_right, other_archive, words};
use crate::file::{File, answer};
use crate::server::{Act, Asked, Script, Server, script};
use crate::tls::Authority;

/// What a row must end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The release, after so many requests.
    Right(usize),
    /// An error, after so many requests.
    Told(usize),
}
use Ends::{Right, Told};

/// How the server is reached.
enum Over {
    Http,
    /// Trusting this authority, if any, beside the system's.
    Tls(Arc<ServerConfig>, Option<CaBundle>),
    /// With an https:// address, though the server speaks plain http.
    Nothing,
}

struct Row {
    name: &'static str,
    ends: Ends,
    over: Over,
    server: Script,
}

fn row(name: &'static str, ends: Ends, server: Script) -> Row {
    Row { name, ends, over: Over::Http, server }
}

fn good() -> File {
    File::of(archive())
}

/// The first answer is this, and from then on all is well.
fn at_first(wrong: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Script {
    script(move |asked| if asked.turn == 0 { wrong(asked) } else { good().whole(asked) })
}

fn always(wrong: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Script {
    script(wrong)
}

/// Breaks off in the middle at first; what is asked for then is answered with this.
fn when_resumed(answer: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Script {
    script(move |asked| match asked.from() {
        None if asked.turn == 0 => good().cut(asked, 50_000),
        None => good().whole(asked),
        Some(_) => answer(asked),
    })
}

fn raw(text: &str) -> Vec<Act> {
    vec![Act::Send(text.as_bytes().to_vec())]
}

/// A 206 whose Content-Range says this, with the rest of the file.
fn part(range: &str, asked: &Asked) -> Vec<Act> {
    let rest = &archive()[asked.from().unwrap_or(0)..];
    answer("206 .", range, rest)
}

fn pieces(bytes: &[u8]) -> Vec<u8> {
    let piece = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    bytes.chunks(30_000).flat_map(piece).collect()
}

const PIECEWISE: &str = "HTTP/1.1 200 .\r\ntransfer-encoding: chunked\r\n\r\n";
const PAGE: &[u8] =
    b"\n<!DOCTYPE html><html><body>Welcome to the airport. Please accept our terms.</body></html>";

fn to(place: &str) -> Vec<Act> {
    answer("302 .", &format!("location: {place}\r\n"), b"")
}

/// The body as it was broken off.
fn cuts() -> Vec<Row> {
    const NAMES: [&str; 9] = [
        "cut after 1 tenth of the body",
        "cut after 2 tenths of the body",
        "cut after 3 tenths of the body",
        "cut after 4 tenths of the body",
        "cut after 5 tenths of the body",
        "cut after 6 tenths of the body",
        "cut after 7 tenths of the body",
        "cut after 8 tenths of the body",
        "cut after 9 tenths of the body",
    ];
    let tenth = archive().len() / 10;
    let cut = |(name, tenths)| row(name, Right(2), good().cut_once(tenths * tenth));
    let mut rows: Vec<Row> = NAMES.into_iter().zip(1..).map(cut).collect();
    let tenths = archive().len().div_ceil(tenth);
    let plain = || File::plain(archive());
    rows.extend([
        row("cut after each tenth", Right(tenths), always(move |asked| good().cut(asked, tenth))),
        row("cut after each tenth, without ranges", Told(3), always(move |asked| plain().cut(asked, tenth))),
        row("cut before the first byte", Right(2), good().cut_once(0)),
        row("cut before the last byte", Right(2), good().cut_once(archive().len() - 1)),
        row(
            "cut by a reset",
            Right(2),
            at_first(|asked| {
                let mut acts = good().cut(asked, 50_000);
                acts.extend([Act::Pause(Duration::from_millis(100)), Act::Reset]);
                acts
            }),
        ),
        row("cut in the head", Right(2), at_first(|_| raw("HTTP/1.1 200 OK\r\ncontent-le"))),
        row("closed without a word", Right(2), at_first(|_| vec![])),
        row("reset without a word", Right(2), at_first(|_| vec![Act::Reset])),
        row(
            "sent piece by piece",
            Right(1),
            always(|_| {
                vec![
                    Act::Send(PIECEWISE.into()),
                    Act::Send(pieces(&archive())),
                    Act::Send(b"0\r\n\r\n".to_vec()),
                ]
            }),
        ),
        row(
            "cut between two pieces",
            Right(2),
            at_first(|_| vec![Act::Send(PIECEWISE.into()), Act::Send(pieces(&archive()[..60_000]))]),
        ),
        row(
            "a piece whose size is no number",
            Told(3),
            always(|_| vec![Act::Send(PIECEWISE.into()), Act::Send(b"many\r\n".to_vec())]),
        ),
    ]);
    rows
}

/// What is said of the body's length.
fn lengths() -> Vec<Row> {
    let length = archive().len();
    let saying = |length: usize| {
        always(move |_| {
            vec![
                Act::Send(format!("HTTP/1.1 200 .\r\ncontent-length: {length}\r\n\r\n").into_bytes()),
                Act::Send(archive()),
            ]
        })
    };
    vec![
        row("a length that is too long", Right(1), saying(length + 1000)),
        row("a length that is too short", Told(1), saying(length - 1000)),
        row("a length beyond all bounds", Told(1), saying(LIMITS.bytes as usize + 1)),
        row(
            "a length that is no number",
            Told(3),
            always(|_| raw("HTTP/1.1 200 .\r\ncontent-length: all\r\n\r\n")),
        ),
        row(
            "two lengths",
            Told(3),
            always(|_| raw("HTTP/1.1 200 .\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")),
        ),
        row(
            "no length, the connection's end is the body's",
            Right(1),
            always(|_| vec![Act::Send(b"HTTP/1.0 200 .\r\n\r\n".to_vec()), Act::Send(archive())]),
        ),
        row(
            "no length, and cut in the middle",
            Told(1),
            always(|_| {
                vec![Act::Send(b"HTTP/1.0 200 .\r\n\r\n".to_vec()), Act::Send(archive()[..50_000].to_vec())]
            }),
        ),
        row(
            "no end",
            Told(1),
            always(|_| {
                let endless = (0..40).map(|_| Act::Send(vec![7; 100_000]));
                [Act::Send(b"HTTP/1.0 200 .\r\n\r\n".to_vec())].into_iter().chain(endless).collect()
            }),
        ),
        row("an empty body", Told(1), always(|_| answer("200 .", "", b""))),
    ]
}

/// What is answered to a request for the rest.
fn ranges() -> Vec<Row> {
    let length = archive().len();
    vec![
        row(
            "no ranges: the whole in the place of the rest",
            Right(2),
            when_resumed(|asked| File::plain(archive()).whole(asked)),
        ),
        row(
            "a part that begins elsewhere",
            Right(3),
            when_resumed(move |asked| {
                part(&format!("content-range: bytes 10-{}/{length}\r\n", length - 1), asked)
            }),
        ),
        row("a part that does not say which", Right(3), when_resumed(|asked| part("", asked))),
        row(
            "a part in lines",
            Right(3),
            when_resumed(|asked| part("content-range: lines 1-9/10\r\n", asked)),
        ),
        row(
            "a part that ends before it begins",
            Right(3),
            when_resumed(move |asked| part(&format!("content-range: bytes 50000-10/{length}\r\n"), asked)),
        ),
        row(
            "a part that is right, of a file of another length",
            Right(2),
            when_resumed(|asked| part("content-range: bytes 50000-199999/200000\r\n", asked)),
        ),
        row(
            "less than the rest",
            Right(3),
            when_resumed(move |asked| match asked.turn {
                1 => {
                    let range = format!("content-range: bytes 50000-69999/{length}\r\n");
                    answer("206 .", &range, &archive()[50_000..70_000])
                }
                _ => good().whole(asked),
            }),
        ),
        row(
            "a part that nobody asked for",
            Told(1),
            always(move |asked| part(&format!("content-range: bytes 0-{}/{length}\r\n", length - 1), asked)),
        ),
        row(
            "no such range",
            Right(3),
            when_resumed(|_| answer("416 .", "content-range: bytes */50\r\n", b"")),
        ),
        row(
            "the rest of another file",
            Right(3),
            when_resumed(|asked| {
                File { etag: None, changed: None, ..File::of(other_archive()) }
                    .whole(&asked.without("if-range"))
            }),
        ),
        row(
            "the rest of another file, which says so",
            Right(3),
            when_resumed(|asked| {
                File { etag: Some("\"two\""), ..File::of(other_archive()) }.whole(&asked.without("if-range"))
            }),
        ),
        row("a refusal of the rest alone", Told(2), when_resumed(|_| answer("403 .", "", b""))),
    ]
}

/// Statuses, and how long to stay away.
fn refusals() -> Vec<Row> {
    let soon = "retry-after: 1\r\n";
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    vec![
        row("404", Told(1), always(|_| answer("404 Not Found", "", b"gone"))),
        row("403", Told(1), always(|_| answer("403 Forbidden", "", b""))),
        row("401", Told(1), always(|_| answer("401 Unauthorized", "", b""))),
        row("407 of a proxy", Told(1), always(|_| answer("407 .", "", b""))),
        row("408, once", Right(2), at_first(|_| answer("408 .", "", b""))),
        row("429 with a wait in seconds", Right(2), at_first(move |_| answer("429 .", soon, b""))),
        row("429 with a wait until a date", Right(2), at_first(move |_| answer("429 .", date, b""))),
        row("429 with a wait of an hour", Told(1), always(|_| answer("429 .", "retry-after: 3600\r\n", b""))),
        row("500, once", Right(2), at_first(|_| answer("500 .", "", b""))),
        row(
            "503, twice",
            Right(3),
            script(|asked| match asked.turn {
                0 | 1 => answer("503 .", "", b""),
                _ => good().whole(asked),
            }),
        ),
        row("503, always", Told(3), always(|_| answer("503 .", "", b""))),
        row("204", Told(1), always(|_| raw("HTTP/1.1 204 .\r\n\r\n"))),
        row(
            "102 and then 200",
            Right(1),
            always(|asked| [raw("HTTP/1.1 102 .\r\n\r\n"), good().whole(asked)].concat()),
        ),
    ]
}

fn redirects() -> Vec<Row> {
    vec![
        row(
            "a redirect",
            Right(2),
            script(|asked| match asked.path.as_str() {
                "/elsewhere" => good().whole(asked),
                _ => to("/elsewhere"),
            }),
        ),
        row("a redirect to itself", Told(1), always(|_| to("/istioctl.tar.gz"))),
        row(
            "two redirects in a circle",
            Told(2),
            script(|asked| match asked.path.as_str() {
                "/elsewhere" => to("/istioctl.tar.gz"),
                _ => to("/elsewhere"),
            }),
        ),
        row("redirects without end", Told(11), always(|asked| to(&format!("/{}", asked.turn)))),
        row("a redirect to nowhere", Told(1), always(|_| answer("302 .", "", b""))),
        row("a redirect to another protocol", Told(1), always(|_| to("ftp://127.0.0.1/istioctl.tar.gz"))),
        row(
            "a redirect to a login page",
            Told(2),
            script(|asked| match asked.path.as_str() {
                "/login" => answer("200 .", "content-type: text/html; charset=utf-8\r\n", PAGE),
                _ => to("/login"),
            }),
        ),
    ]
}

/// Lines that stand still.
fn stalls() -> Vec<Row> {
    let still = Act::Pause(Duration::from_secs(60));
    let [silent, stopped] = [still.clone(), still];
    vec![
        row("no answer", Told(3), always(move |_| vec![silent.clone()])),
        row(
            "silence after half of it",
            Right(2),
            at_first(move |asked| [good().cut(asked, 50_000), vec![stopped.clone()]].concat()),
        ),
        row(
            "a slow drip",
            Told(3),
            always(|asked| {
                let drip = [Act::Send(b"x".to_vec()), Act::Pause(Duration::from_millis(50))];
                [good().cut(asked, 0), drip.iter().cycle().take(2400).cloned().collect()].concat()
            }),
        ),
        row(
            "slow, but it moves",
            Right(1),
            always(|asked| {
                let body = good().body(asked).to_vec();
                let steps = body
                    .chunks(20_000)
                    .flat_map(|piece| [Act::Send(piece.to_vec()), Act::Pause(Duration::from_millis(200))]);
                [good().cut(asked, 0), steps.collect()].concat()
            }),
        ),
    ]
}

/// Other bytes than the archive's.
fn contents() -> Vec<Row> {
    let wrong_at = |at: usize| {
        let mut bytes = archive();
        bytes[at] ^= 1;
        File::of(bytes).served()
    };
    vec![
        row("a digest that is wrong only at the end", Told(1), wrong_at(archive().len() - 1)),
        row("a digest that is wrong at the start", Told(1), wrong_at(0)),
        row("another release", Told(1), File::of(other_archive()).served()),
        row(
            "HTML instead of an archive",
            Told(1),
            always(|_| answer("200 .", "content-type: text/html\r\n", PAGE)),
        ),
        row(
            "HTML that says it is an archive",
            Told(1),
            always(|_| answer("200 .", "content-type: application/gzip\r\n", PAGE)),
        ),
        row(
            "the archive, said to be HTML",
            Right(1),
            always(|_| answer("200 .", "content-type: text/html\r\n", &archive())),
        ),
        row(
            "the archive, said to be compressed by the way",
            Right(1),
            always(|_| answer("200 .", "content-encoding: gzip\r\n", &archive())),
        ),
        row(
            "the archive, and then more",
            Right(1),
            always(|asked| [good().whole(asked), raw("more")].concat()),
        ),
        row("another protocol", Told(3), always(|_| raw("SSH-2.0-OpenSSH_9.2\r\n"))),
        row(
            "a head without end",
            Told(3),
            always(|_| [raw("HTTP/1.1 200 .\r\n"), raw(&"x-more: and more\r\n".repeat(50_000))].concat()),
        ),
    ]
}

fn tls() -> Vec<Row> {
    let [ours, unknown, impostor] = ["Ours", "Unknown", "Ours"].map(Authority::named);
    let bundle = || Some(CaBundle::read(&ours.bundle()).unwrap());
    let served = || good().served();
    let row = |name, ends, over, server| Row { name, ends, over, server };
    vec![
        row(
            "TLS by an authority of one's own",
            Right(1),
            Over::Tls(ours.server("127.0.0.1"), bundle()),
            served(),
        ),
        row(
            "TLS by an unknown authority",
            Told(0),
            Over::Tls(unknown.server("127.0.0.1"), bundle()),
            served(),
        ),
        row(
            "TLS by an authority of the same name",
            Told(0),
            Over::Tls(impostor.server("127.0.0.1"), bundle()),
            served(),
        ),
        row(
            "TLS for another host",
            Told(0),
            Over::Tls(ours.server("mirror.example.com"), bundle()),
            served(),
        ),
        row("TLS that has expired", Told(0), Over::Tls(ours.server_between(2020, 2021), bundle()), served()),
        row(
            "TLS that is not valid yet",
            Told(0),
            Over::Tls(ours.server_between(2400, 2401), bundle()),
            served(),
        ),
        row(
            "no TLS at an https address",
            Told(1),
            Over::Nothing,
            always(|_| answer("400 Bad Request", "", b"")),
        ),
        row(
            "TLS, and a redirect to plain http",
            Told(1),
            Over::Tls(ours.server("127.0.0.1"), bundle()),
            always(|_| to("http://127.0.0.1:9/istioctl.tar.gz")),
        ),
        row(
            "TLS, cut in the middle",
            Right(2),
            Over::Tls(ours.server("127.0.0.1"), bundle()),
            good().cut_once(50_000),
        ),
    ]
}

/// Downloads from the server; tells the outcome in a line or two, and what of it is not as the row says.
async fn outcome((row, limits): (Row, Limits)) -> (String, Option<String>) {
    let name = row.name;
    let mut cache = Cache::new();
    cache.limits = limits;
    let (scheme, server) = match row.over {
        Over::Http => ("http", Server::playing(row.server).await),
        Over::Nothing => ("https", Server::playing(row.server).await),
        Over::Tls(config, bundle) => {
            cache.ca_bundle = bundle;
            ("https", Server::over_tls(config, row.server).await)
        }
    };
    let obtained = cache.obtain(&at(&format!("{scheme}://{}/istioctl.tar.gz", server.address))).await;
    let requests = server.asked().len();
    let (ends, said) = match obtained {
        Ok(release) => {
            is_right(&release).await;
            assert_eq!(cache.kept(), [Digest::of(&archive()).to_string()], "{name}");
            (Right(requests), "the right bytes".to_owned())
        }
        Err(error) => {
            let kept = cache.kept();
            let unproven = |name: &String| name.ends_with(".partial") || name.ends_with(".partial.json");
            assert!(kept.iter().all(unproven), "{name}: {kept:?}");
            (Told(requests), words(error))
        }
    };
    let mut told = format!("{name}\n");
    for line in said.lines() {
        writeln!(told, "    {}", line.replace(&server.address.to_string(), "SERVER")).unwrap();
    }
    let wrong = format!("{name}: {ends:?}, not {:?}: {:?}", row.ends, cache.told());
    (told, (ends != row.ends).then_some(wrong))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_does_the_outcome_is_the_right_bytes_or_the_right_words() {
    // Only who stands still is not waited for: on a busy machine the others may be slow.
    let patient = Limits { quiet: Duration::from_secs(20), ..LIMITS };
    let groups = [
        (cuts(), patient),
        (lengths(), patient),
        (ranges(), patient),
        (refusals(), patient),
        (redirects(), patient),
        (stalls(), LIMITS),
        (contents(), patient),
        (tls(), patient),
    ];
    let rows = groups.into_iter().flat_map(|(rows, limits)| rows.into_iter().map(move |row| (row, limits)));
    let outcomes: Vec<_> = stream::iter(rows.map(outcome)).buffered(8).collect().await;
    let (told, wrong): (Vec<String>, Vec<Option<String>>) = outcomes.into_iter().unzip();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // How much of a drip came in the time differs.
    let dripped = Regex::new(r"no more than \d+ bytes in 1 s, after \d+ bytes").unwrap();
    let told = told.concat().replace(&Digest::of(&archive()).to_string(), "PINNED");
    let told = dripped.replace_all(&told, "no more than N bytes in 1 s, after N bytes");
    let other = Regex::new(r"\b[0-9a-f]{64}\b").unwrap();
    assert_snapshot!(other.replace_all(&told, "OTHER"));
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let asking = [
        "retry-after: 2\r\n",
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:39 GMT\r\n",
    ];
    for asking in asking {
        let server = Server::playing(at_first(move |_| answer("503 .", asking, b""))).await;
        let (cache, begun) = (Cache::new(), Instant::now());
        is_right(&cache.obtain(&at(&format!("http://{}/istioctl.tar.gz", server.address))).await.unwrap())
            .await;
        assert!(begun.elapsed() >= Duration::from_secs(2), "{asking}: {:?}", begun.elapsed());
    }
}
