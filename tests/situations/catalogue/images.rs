//! Images that do not come. The registries that say so run on the node, each on a port of its loopback.

use kubestock_install::finding::Code;
use serde_json::{Value, json};

use super::{WEB, fails};
use crate::judge::Situation;
use crate::objects::{SHELL, app, container};

/// Answer every request with the same status: 404, 401 and 429.
pub(crate) fn registries() -> Vec<Value> {
    let registry = |port: u32, status: &str| {
        let answer = format!("HTTP/1.1 {status}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n");
        let serve = format!(
            "printf '{answer}' >/tmp/answer; echo 'read request; cat /tmp/answer' >/tmp/serve; \
             exec nc -ll -p {port} -e sh /tmp/serve"
        );
        let listens = json!({"exec": {"command": ["sh", "-c", format!("netstat -ltn | grep -q :{port}")]}});
        json!({"name": format!("p{port}"), "image": SHELL, "command": ["sh", "-c", serve], "readinessProbe": listens})
    };
    let containers = [
        registry(35404, "404 Not Found"),
        registry(35401, "401 Unauthorized"),
        registry(35429, "429 Too Many Requests"),
    ];
    vec![
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "registries", "namespace": "situations-registries"},
        "spec": {"selector": {"matchLabels": {"app": "registries"}}, "template": {
            "metadata": {"labels": {"app": "registries"}},
            "spec": {"hostNetwork": true, "terminationGracePeriodSeconds": 0, "containers": containers}}}}),
    ]
}

pub(super) fn all() -> Vec<Situation> {
    let image = |image: &str| vec![app(container(json!({"image": image})))];
    let never = container(json!({"image": "shop/web:local", "imagePullPolicy": "Never"}));
    let init = json!({"initContainers": [container(json!({"name": "migrate", "image": "127.0.0.1:35404/shop/migrate:1"}))]});
    let with_init = crate::objects::deployment(1, crate::objects::pod(vec![container(json!({}))], init));
    vec![
        fails(
            "image-unreachable",
            image("registry.invalid/shop/web:1"),
            Code::RegistryUnreachable,
            WEB,
            "must reach the registry",
        ),
        fails(
            "image-refused-connection",
            image("127.0.0.1:1/shop/web:1"),
            Code::RegistryUnreachable,
            WEB,
            "must reach the registry",
        ),
        fails(
            "image-not-found",
            image("127.0.0.1:35404/shop/web:1"),
            Code::ImageNotFound,
            WEB,
            "push the image",
        ),
        fails("image-denied", image("127.0.0.1:35401/shop/web:1"), Code::ImageDenied, WEB, "pull secret"),
        super::lasts(
            "image-limited",
            image("127.0.0.1:35429/shop/web:1"),
            Code::RegistryLimit,
            WEB,
            "the registry's limit",
        ),
        fails("image-name-wrong", image("Shop/Web:1"), Code::ImageName, WEB, "correct `image:`"),
        fails(
            "image-never-pulled",
            vec![app(never)],
            Code::ImageNeverPulled,
            WEB,
            "load the image into the nodes",
        ),
        fails("image-of-init", vec![with_init], Code::ImageNotFound, WEB, "push the image"),
    ]
}
