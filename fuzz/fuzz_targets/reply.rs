//! Any bytes as the bodies of an API server's answers, with a zero byte between them, one after another: objects or an error, never a
//! panic, never without an end.

#![no_main]

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use kubestock_install::cluster::{Cluster, Mode, Target, TargetRequest};
use kubestock_install::object::Object;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What is answered next, the last again and again.
type Replies = Arc<Mutex<Vec<Vec<u8>>>>;

struct World {
    runtime: Runtime,
    target: Target,
    replies: Replies,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::new().unwrap();
    let replies = Replies::default();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let next = replies.clone();
    runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let next = next.clone();
            tokio::spawn(async move {
                let mut asked = [0; 16 * 1024];
                while stream.read(&mut asked).await.is_ok_and(|length| length > 0) {
                    let reply = {
                        let mut replies = next.lock().unwrap();
                        if replies.len() > 1 {
                            replies.remove(0)
                        } else {
                            replies.first().cloned().unwrap_or_default()
                        }
                    };
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", reply.len());
                    let _ = stream.write_all(&[head.as_bytes(), &reply].concat()).await;
                }
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}]});
    std::fs::write(&path, config.to_string()).unwrap();
    let target = Target::resolve(&TargetRequest { kubeconfig: Some(path), context: None }).unwrap();
    World { runtime, target, replies }
});

fuzz_target!(|text: &[u8]| {
    let replies = text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    *WORLD.replies.lock().unwrap() = replies;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}});
    let map = Object::new(map).unwrap();
    let asking = async {
        let Ok(cluster) = Cluster::connect(&WORLD.target).await else { return };
        let _ = cluster.discover().await;
        let _ = cluster.list("v1", "ConfigMap", None, None).await;
        let _ = cluster.get(&map).await;
        let _ = cluster.apply(&map, Mode::DryRun).await;
        let _ = cluster.user().await;
    };
    let _ = WORLD.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), asking).await });
});
