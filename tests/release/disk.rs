//! Disks that are full, that cannot be written to, or that lose their power.
//!
//! What needs a file system of its own gets one in a mount namespace, which ends with the program in it.
//! Where the machine allows none, the test says so on stderr and proves nothing.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use insta::assert_snapshot;
use kubestock_install::istio::release::Digest;
use tokio::process::Command;

use crate::case::archive;
use crate::file::File;
use crate::program::{Program, Said, files};
use crate::server::{Act, Server, script};

async fn server() -> Server {
    Server::playing(File::of(archive()).served()).await
}

fn fetching(server: &Server) -> Program {
    Program::fetching(&format!("http://{}/istioctl.tar.gz", server.address))
}

/// A namespace in which mounts can be made, without being root outside.
const NAMESPACE: [&str; 5] = ["--user", "--map-root-user", "--mount", "sh", "-ec"];

/// Whether the command can be run here; says so where it cannot, for then a test is skipped.
async fn can(program: &str, arguments: &[&str]) -> bool {
    let ran =
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let can = ran.is_ok_and(|status| status.success());
    if !can {
        // Not by `eprintln!`, which is shown of tests that fail alone.
        let skipped = format!("SKIPPED: `{program} {}` does not work here\n", arguments.join(" "));
        std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    can
}

async fn can_mount() -> bool {
    can("unshare", &[&NAMESPACE[..], &["mount -t tmpfs tmpfs /mnt"]].concat()).await
}

/// Fetches in a namespace in which this was run first; what is then in the cache is the second.
async fn fetch_after(program: &Program, prepare: &str) -> (Said, Vec<String>) {
    let look =
        "code=0; \"$@\" || code=$?; find cache -type f -not -name '*.lock' -printf '\\nleft: %f'; exit $code";
    let script = format!("{prepare}; {look}");
    let arguments = [&NAMESPACE[..], &[&script, "sh"]].concat();
    let output = program.through("unshare", &arguments, "").output().await.unwrap();
    let said = Said::of(&output);
    let left = said.out.lines().filter_map(|line| line.strip_prefix("left: ")).map(str::to_owned).collect();
    (said, left)
}

/// What was said, with a name for how much is free: that is the file system's to say.
fn error(said: &Said) -> String {
    let free = regex::Regex::new(r"\d+( bytes)? are free").unwrap();
    free.replace(&said.error(), "N${1} are free").into_owned()
}

#[tokio::test]
async fn a_disk_without_room_for_the_archive_is_told_before_a_byte_is_taken() {
    if !can_mount().await {
        return;
    }
    let server = server().await;
    let (said, left) = fetch_after(&fetching(&server), "mount -t tmpfs -o size=80k tmpfs cache").await;
    assert_snapshot!(error(&said), @"
    error: there is no room at cache/istio/DIGEST.partial: 105556 more bytes are needed, and N are free
    hint: make room there, or give a folder elsewhere with --cache-dir
    ");
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_fills_up_on_the_way_keeps_nothing() {
    if !can_mount().await {
        return;
    }
    // It does not say how much it is to send.
    let server = Server::playing(script(|_| {
        vec![Act::Send(b"HTTP/1.0 200 .\r\n\r\n".to_vec()), Act::Send(archive())]
    }));
    let program = fetching(&server.await);
    let (said, left) = fetch_after(&program, "mount -t tmpfs -o size=80k tmpfs cache").await;
    assert_snapshot!(error(&said), @"
    error: there is no room at cache/istio/DIGEST.partial: N bytes are free
    hint: make room there, or give a folder elsewhere with --cache-dir
    ");
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_fills_up_while_unpacking_keeps_nothing() {
    if !can_mount().await {
        return;
    }
    let server = server().await;
    let (said, left) = fetch_after(&fetching(&server), "mount -t tmpfs -o size=160k tmpfs cache").await;
    assert_snapshot!(error(&said), @"
    error: there is no room at cache/istio/DIGEST.unpacking/istioctl: N bytes are free
    hint: make room there, or give a folder elsewhere with --cache-dir
    ");
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_cache_that_can_only_be_read_serves_what_is_in_it() {
    if !can_mount().await {
        return;
    }
    let (server, read_only) = (server().await, "mount --bind cache cache; mount -o remount,bind,ro cache");
    let program = fetching(&server);
    let (said, _) = fetch_after(&program, read_only).await;
    assert_snapshot!(error(&said), @"
    error: the cache at cache/istio cannot be used: Read-only file system (os error 30)
    hint: give another folder with --cache-dir
    ");

    program.fetch("").await.is_done();
    let (said, _) = fetch_after(&program, read_only).await;
    said.is_done();
    assert_eq!(server.asked().len(), 1);
}

/// Root may write anywhere, unless it has given that right away.
const WITHOUT_RIGHTS: [&str; 1] = ["--bounding-set=-all"];

#[tokio::test]
async fn a_folder_that_this_user_may_not_write_to_is_told() {
    let is_root = rustix::process::geteuid().is_root();
    if is_root && !can("setpriv", &[&WITHOUT_RIGHTS[..], &["true"]].concat()).await {
        return;
    }
    let server = server().await;
    let program = fetching(&server);
    let fetch = async || {
        let mut command = match is_root {
            true => program.through("setpriv", &WITHOUT_RIGHTS, ""),
            false => program.command(""),
        };
        Said::of(&command.output().await.unwrap())
    };
    let allow = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    allow(&program.cache(), 0o500);
    let said = fetch().await;
    allow(&program.cache(), 0o700);
    assert_snapshot!(error(&said), @"
    error: the cache at cache/istio cannot be used: Permission denied (os error 13)
    hint: give another folder with --cache-dir
    ");
    assert_eq!((files(&program.cache()), server.asked().len()), (vec![], 0));

    // A file of the cache that was made under another user, say.
    std::fs::create_dir(program.cache().join("istio")).unwrap();
    std::fs::write(program.path(".partial"), &archive()[..1000]).unwrap();
    allow(&program.path(".partial"), 0o400);
    let said = fetch().await;
    assert_snapshot!(error(&said), @"
    error: the cache at cache/istio/DIGEST.partial cannot be used: Permission denied (os error 13)
    hint: give another folder with --cache-dir
    ");
    assert_eq!(server.asked().len(), 0);
}

/// The file and what is done to it, of what strace tells.
fn durable(log: &str) -> Vec<String> {
    let call = regex::Regex::new(r#"\b(fsync|rename)(?:at2?)?\((.*)\)\s+= 0$"#).unwrap();
    let name = regex::Regex::new(r#"/([^/"<>]+)[">]"#).unwrap();
    let told = log.lines().filter_map(|line| call.captures(line)).map(|call| {
        let names: Vec<&str> = name.captures_iter(&call[2]).map(|found| found.extract::<1>().1[0]).collect();
        format!("{} {}", &call[1], names.join(" "))
    });
    told.collect()
}

#[tokio::test]
async fn what_gets_its_lasting_name_is_on_the_disk_first_and_so_is_the_name_then() {
    if !can("strace", &["-f", "true"]).await {
        return;
    }
    let server = server().await;
    let program = fetching(&server);
    let log = program.cache().join("log");
    let arguments =
        ["-f", "-y", "-qq", "-e", "trace=fsync,rename,renameat,renameat2", "-o", log.to_str().unwrap()];
    Said::of(&program.through("strace", &arguments, "").output().await.unwrap()).is_done();
    let digest = Digest::of(&archive()).to_string();
    let told = durable(&std::fs::read_to_string(log).unwrap()).join("\n").replace(&digest, "DIGEST");
    assert_snapshot!(told, @"
    fsync DIGEST.partial.json.new
    rename DIGEST.partial.json.new DIGEST.partial.json
    fsync istio
    fsync receipt.json.new
    rename receipt.json.new receipt.json
    fsync DIGEST.unpacking
    fsync istioctl
    fsync DIGEST.unpacking
    rename DIGEST.unpacking DIGEST
    fsync istio
    ");
}
