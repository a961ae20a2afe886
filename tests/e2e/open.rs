//! The way to a Service: it leads there, outlives the pod behind it, and ends when it is asked to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cluster::{Cluster, Ended};
use super::demo::STAGING;

/// A way that is open.
struct Way {
    child: Child,
    /// `127.0.0.1:3000`
    address: String,
}

impl Way {
    fn open(cluster: &Cluster, arguments: &[&str]) -> Self {
        let mut command = cluster.installer(&[&["open"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().strip_prefix("http://").unwrap_or_else(|| panic!("{url:?}")).to_owned();
        Self { child, address }
    }

    /// The status line of the answer; empty where there is none.
    fn get(&self, path: &str) -> String {
        let Ok(mut connection) = TcpStream::connect(&self.address) else { return String::new() };
        connection.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = Vec::new();
        let _ = connection.write_all(request.as_bytes());
        let _ = connection.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
    }

    /// Asks it to end; how it did.
    fn end(self, signal: &str) -> Ended {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait_with_output().unwrap().into()
    }
}

const OK: &str = "HTTP/1.1 200 OK";

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn the_way_outlives_the_pod_that_it_led_to() {
    let cluster = Cluster::started("e2e");
    cluster.install(&cluster.profile("demo"), &[]).expect(0);
    let way = Way::open(&cluster, &["frontend"]);
    assert_eq!(way.get("/health"), OK);

    cluster.kubectl(&["delete", "pods", "-n", STAGING, "-l", "app=frontend"]).expect(0);
    let begun = Instant::now();
    while way.get("/health") != OK {
        assert!(begun.elapsed() < Duration::from_secs(90), "it does not answer again");
        std::thread::sleep(Duration::from_secs(1));
    }

    let scale = |replicas: &str| {
        cluster.kubectl(&["scale", "deployment/frontend", "-n", STAGING, "--replicas", replicas]).expect(0);
    };
    scale("0");
    while !cluster.list(&["pods", "-n", STAGING, "-l", "app=frontend"]).is_empty() {
        std::thread::sleep(Duration::from_secs(1));
    }
    std::thread::scope(|scope| {
        // Two that wait at once are told of as one.
        let waiting = [(); 2].map(|()| scope.spawn(|| way.get("/health")));
        std::thread::sleep(Duration::from_secs(3));
        scale("1");
        for one in waiting {
            assert_eq!(one.join().unwrap(), OK, "a connection waits for the next pod");
        }
    });

    let ended = way.end("-INT").expect(0);
    let told = |word: &str| ended.stderr.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!(
        told("waiting: there is no pod behind Service/kubestock-staging/frontend"),
        1,
        "{}",
        ended.stderr
    );
    assert!(told("Service/kubestock-staging/frontend answers, by Pod/") >= 2, "{}", ended.stderr);
    assert_eq!(ended.stdout, "", "the address is all that is said there");
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn dashboards_are_known_by_their_names_and_ports_by_their_number() {
    let cluster = Cluster::started("e2e");
    cluster.install(&cluster.profile("demo"), &[]).expect(0);
    for name in ["grafana", "kiali", "jaeger", "prometheus"] {
        let way = Way::open(&cluster, &[name, "--no-browser"]);
        assert!(way.get("/").starts_with("HTTP/1.1 "), "{name}");
        way.end("-INT").expect(0);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = |arguments: &[&str]| -> Ended { cluster.installer(arguments).output().unwrap().into() };
    let refused = run(&["open", "grafana", "--port", &port]).expect(2);
    assert!(refused.stderr.contains(&format!("port {port} of this machine")), "{}", refused.stderr);
    drop(taken);
    let way = Way::open(&cluster, &["grafana", "--port", &port]);
    assert_eq!(way.address, format!("127.0.0.1:{port}"));
    way.end("-TERM").expect(143);

    let unknown = run(&["open", "fronted"]).expect(3);
    assert!(unknown.stderr.contains("did you mean `frontend`?"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("kubestock-staging: frontend, ms-identity"), "{}", unknown.stderr);
}
