//! A STRICT mesh on a cluster where others call without a sidecar: told by name, confirmed, and true.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use super::check::{assert_finds, found};
use super::cluster::{Cluster, Ended};
use super::demo::STAGING;

/// The product's port, as a neighbour without a sidecar calls it.
const URL: &str = "http://ms-product.kubestock-staging:3003/health";

/// A cluster on another address of this machine is confirmed for that alone; this kubeconfig leads there by
/// a loopback address, as it does to a kind cluster.
fn by_loopback(cluster: &Cluster, folder: &Path) -> String {
    let mut view: Value = cluster.config();
    let server = view["clusters"][0]["cluster"]["server"].as_str().unwrap().replace("https://", "");
    let host = server.split(':').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let Ok(other) = TcpStream::connect(&server) else { continue };
            let both = [(connection.try_clone(), other.try_clone()), (Ok(other), Ok(connection))];
            for (from, to) in both {
                let (mut from, mut to) = (from.unwrap(), to.unwrap());
                std::thread::spawn(move || io::copy(&mut from, &mut to));
            }
        }
    });
    view["clusters"][0]["cluster"]["server"] = format!("https://{address}").into();
    view["clusters"][0]["cluster"]["tls-server-name"] = host.into();
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, view.to_string()).unwrap();
    kubeconfig.to_str().unwrap().to_owned()
}

fn neighbours() -> [Value; 4] {
    let metadata = |name: &str| json!({"name": name, "namespace": "legacy"});
    let container = json!({"name": "app", "image": "hashicorp/http-echo:1.0.0", "args": ["-listen=:8080", "-text=ok"],
        "env": [{"name": "PRODUCTS", "value": URL}]});
    let labels = json!({"app": "report"});
    let report = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("report"),
        "spec": {"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "front", "namespace": STAGING},
        "spec": {"ingressClassName": "nginx", "defaultBackend":
            {"service": {"name": "frontend", "port": {"number": 3000}}}}});
    let entrance = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front-door", "namespace": STAGING},
        "spec": {"type": "NodePort", "selector": {"app": "frontend"}, "ports": [{"name": "http", "port": 3000}]}});
    let legacy = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "legacy"}});
    [legacy, report, ingress, entrance]
}

fn call(cluster: &Cluster) -> Ended {
    cluster.kubectl(&["exec", "-n", "legacy", "deployment/report", "--", "wget", "-qO-", URL])
}

fn mode(cluster: &Cluster) -> Value {
    cluster.get(&["peerauthentication", "default", "-n", "istio-system"])["spec"]["mtls"]["mode"].take()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn whom_strict_cuts_off_is_told_confirmed_and_then_cut_off() {
    let cluster = Cluster::bare("e2e");
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = by_loopback(&cluster, folder.path());
    let minimal = cluster.profile("minimal");
    let install = |arguments: &[&str]| -> Ended {
        let profile = minimal.to_str().unwrap();
        let arguments = [&["install", "--profile", profile, "--kubeconfig", &kubeconfig], arguments].concat();
        cluster.installer(&arguments).output().unwrap().into()
    };

    // Nobody is there yet: nothing is asked.
    let begun = install(&["--mtls", "permissive"]).expect(0).said();
    assert!(begun.contains("the mesh begins PERMISSIVE"), "{begun}");
    assert!(begun.lines().any(|line| line.trim().ends_with("--mtls strict")), "{begun}");
    assert_eq!(mode(&cluster), "PERMISSIVE");
    assert_eq!(found(&cluster, &minimal, &[]), (vec![], Some(0)));

    neighbours().iter().for_each(|object| cluster.apply(object));
    let ready = ["rollout", "status", "-n", "legacy", "deployment/report", "--timeout=60s"];
    cluster.kubectl(&ready).expect(0);
    call(&cluster).expect(0);

    let (told, code) = found(&cluster, &minimal, &[]);
    assert_finds(&told, "KSI-131", "Deployment/legacy/report");
    assert_finds(&told, "KSI-133", &format!("Ingress/{STAGING}/front"));
    assert_finds(&told, "KSI-133", &format!("Service/{STAGING}/front-door"));
    assert_eq!((told.len(), code), (3, Some(3)), "{told:?}");

    let refused = install(&["--mtls", "strict"]).expect(3).said();
    for words in ["needs to be confirmed", "Deployment/legacy/report", "--mtls permissive"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    assert_eq!(mode(&cluster), "PERMISSIVE", "nothing was changed");
    call(&cluster).expect(0);

    install(&["--mtls", "strict", "--yes"]).expect(0);
    assert_eq!(mode(&cluster), "STRICT");
    let cut_off = call(&cluster);
    assert_ne!(cut_off.code, Some(0), "{}", cut_off.said());
    // Who is cut off already is not told again.
    assert_eq!(found(&cluster, &minimal, &[]), (vec![], Some(0)));
    install(&[]).expect(0);
    cluster.down();
}
