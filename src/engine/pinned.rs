//! Whether what runs has the digests that its images are pinned to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::run::Run;
use crate::cluster::ApiError;
use crate::image::{ImageDigest, Reference};
use crate::object::Object;
use crate::plan::Image;
use crate::verify::is_running;

/// What the check is called.
pub(super) const CHECK: &str = "images";

/// What the check saw: Ok where it is what was promised.
type Seen = Result<String, String>;

/// What containers must run.
#[derive(Debug)]
pub(super) struct Pins {
    /// By namespace.
    namespaces: BTreeMap<String, OfNamespace>,
}

#[derive(Debug, Default)]
struct OfNamespace {
    /// By container and repository, the moved one and the one before: a pod that was not started again since may
    /// still have that.
    pinned: BTreeMap<(String, String), BTreeSet<ImageDigest>>,
    /// Containers and images that are pinned to nothing.
    free: BTreeSet<(String, Reference)>,
}

/// What is known of a container that should run a certain digest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    /// It was asked for by its digest, and the container runtime does not tell which it has.
    Untold,
    Wrong(String),
}

impl Pins {
    /// None where nothing is pinned.
    pub(super) fn of(images: &[Image]) -> Option<Self> {
        let mut namespaces: BTreeMap<String, OfNamespace> = BTreeMap::new();
        for image in images {
            for user in &image.users {
                let Some(namespace) = &user.object.namespace else { continue };
                let of_namespace = namespaces.entry(namespace.clone()).or_default();
                let Some(digest) = image.applied.digest() else {
                    of_namespace.free.insert((user.container.clone(), image.applied.clone()));
                    continue;
                };
                for repository in [image.source.repository(), image.applied.repository()] {
                    let key = (user.container.clone(), repository);
                    of_namespace.pinned.entry(key).or_default().insert(digest.clone());
                }
            }
        }
        namespaces.retain(|_, of_namespace| !of_namespace.pinned.is_empty());
        (!namespaces.is_empty()).then_some(Self { namespaces })
    }
}

/// Every pod runs what it is pinned to.
pub(super) async fn check(run: &Run<'_>, pins: &Pins) -> Result<Seen, ApiError> {
    let mut verdicts = Vec::new();
    for (namespace, of_namespace) in &pins.namespaces {
        let pods = run.cluster.list("v1", "Pod", Some(namespace), None).await?;
        for pod in pods.into_iter().filter(is_running) {
            verdicts.extend(of_namespace.judge(&pod));
        }
    }
    Ok(seen(&verdicts))
}

fn seen(verdicts: &[Verdict]) -> Seen {
    let mut wrong = verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Wrong(why) => Some(why),
        _ => None,
    });
    if let Some(first) = wrong.next() {
        return Err(match wrong.count() {
            0 => first.clone(),
            more => format!("{first}; and {more} more like it"),
        });
    }
    let all = verdicts.len();
    let right = verdicts.iter().filter(|verdict| **verdict == Verdict::Right).count();
    Ok(match (all, right) {
        (0, _) => "nothing that is pinned runs now".to_owned(),
        _ if all == right => format!("{right} of {all} containers run the digest that they are pinned to"),
        _ => format!(
            "{right} of {all} containers run the digest that they are pinned to; the others were asked for by it, \
             and the container runtime does not tell more"
        ),
    })
}

impl OfNamespace {
    fn judge(&self, pod: &Object) -> Vec<Verdict> {
        let lists = [
            ("/spec/initContainers", "/status/initContainerStatuses"),
            ("/spec/containers", "/status/containerStatuses"),
        ];
        let judged = lists.into_iter().flat_map(|(containers, statuses)| {
            items(pod, containers).filter_map(move |container| {
                let name = container["name"].as_str()?;
                let status = items(pod, statuses).find(|status| status["name"] == name);
                self.judge_container(pod, name, container["image"].as_str()?, status)
            })
        });
        judged.collect()
    }

    /// None where the container is pinned to nothing.
    fn judge_container(
        &self,
        pod: &Object,
        name: &str,
        image: &str,
        status: Option<&Value>,
    ) -> Option<Verdict> {
        let asked: Reference = image.parse().ok()?;
        let pinned = self.pinned.get(&(name.to_owned(), asked.repository()))?;
        if self.free.contains(&(name.to_owned(), asked.clone())) {
            return None;
        }
        let id = status.and_then(|status| status["imageID"].as_str()).unwrap_or_default();
        let is_pinned = |digest: &ImageDigest| pinned.contains(digest);
        let runs = match (digest_of(id), asked.digest()) {
            (Some(running), _) if is_pinned(&running) => return Some(Verdict::Right),
            (Some(running), _) => running.to_string(),
            (None, _) if id.is_empty() => "nothing yet".to_owned(),
            (None, Some(asked)) if is_pinned(asked) => return Some(Verdict::Untold),
            (None, _) => image.to_owned(),
        };
        let pinned: Vec<String> = pinned.iter().map(ToString::to_string).collect();
        let pinned = pinned.join(" or ");
        Some(Verdict::Wrong(format!("{name} of {} runs {runs} and is pinned to {pinned}", pod.id())))
    }
}

fn items<'a>(pod: &'a Object, list: &str) -> impl Iterator<Item = &'a Value> {
    pod.pointer(list).and_then(Value::as_array).into_iter().flatten()
}

/// The digest of the manifest in a container's `imageID`: `docker.io/istio/proxyv2@sha256:..` with containerd and
/// CRI-O, and with `docker-pullable://` before it from Docker. What is `sha256:..` alone names the image's
/// configuration, on which no digest of a manifest can be judged.
fn digest_of(image_id: &str) -> Option<ImageDigest> {
    image_id.split_once('@')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectId;
    use crate::plan::User;
    use serde_json::json;

    fn digest(of: &str) -> String {
        format!("sha256:{}", of.repeat(32))
    }

    fn image(source: &str, applied: &str, container: &str) -> Image {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "frontend", "namespace": "shop"}});
        let object: ObjectId = Object::new(object).unwrap().id();
        let user = User { layer: "shop".into(), object, container: container.into(), injected: false };
        let [source, applied] = [source, applied].map(|image| image.parse::<Reference>().unwrap());
        Image { source, copy: applied.clone(), applied, users: vec![user] }
    }

    /// As the API server has it of a kubelet.
    fn pod(init: &[[&str; 3]], containers: &[[&str; 3]]) -> Object {
        let spec = |of: &[[&str; 3]]| -> Vec<Value> {
            of.iter().map(|[name, image, _]| json!({"name": name, "image": image})).collect()
        };
        let status = |of: &[[&str; 3]]| -> Vec<Value> {
            of.iter().map(|[name, image, id]| json!({"name": name, "image": image, "imageID": id})).collect()
        };
        Object::new(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "frontend-1", "namespace": "shop"},
            "spec": {"initContainers": spec(init), "containers": spec(containers)},
            "status": {"phase": "Running", "initContainerStatuses": status(init),
                       "containerStatuses": status(containers)}}))
        .unwrap()
    }

    fn judged(pins: &Pins, pod: &Object) -> Seen {
        let seen = seen(&pins.namespaces["shop"].judge(pod));
        let short = |text: String| text.replace(&"ab".repeat(32), "AB").replace(&"cd".repeat(32), "CD");
        seen.map(short).map_err(short)
    }

    #[test]
    fn what_runs_is_judged_by_what_the_kubelet_tells_of_it() {
        let pinned = format!("r.test/m/istio/proxyv2@{}", digest("ab"));
        let pins = Pins::of(&[image("docker.io/istio/proxyv2:1.18.0", &pinned, "istio-proxy")]).unwrap();
        let right = "1 of 1 containers run the digest that they are pinned to";
        let untold = "0 of 1 containers run the digest that they are pinned to; the others were asked for by it, and \
                      the container runtime does not tell more";
        let of = |ab_or_cd: &str, before: &str| format!("{before}@{}", digest(ab_or_cd));
        let wrong = "istio-proxy of Pod/shop/frontend-1 runs sha256:CD and is pinned to sha256:AB";
        let by_tag = "docker.io/istio/proxyv2:1.18.0";
        let cases = [
            (pinned.as_str(), of("ab", "r.test/m/istio/proxyv2"), Ok(right)),
            (&pinned, of("ab", "docker.io/istio/proxyv2"), Ok(right)),
            (&pinned, of("ab", "docker-pullable://istio/proxyv2"), Ok(right)),
            (&pinned, of("cd", "r.test/m/istio/proxyv2"), Err(wrong)),
            (&pinned, digest("cd"), Ok(untold)),
            (&pinned, format!("docker://{}", digest("cd")), Ok(untold)),
            (
                &pinned,
                String::new(),
                Err("istio-proxy of Pod/shop/frontend-1 runs nothing yet and is pinned to sha256:AB"),
            ),
            // Started before the image was pinned.
            (by_tag, of("ab", "docker.io/istio/proxyv2"), Ok(right)),
            (by_tag, of("cd", "docker.io/istio/proxyv2"), Err(wrong)),
            (
                by_tag,
                digest("cd"),
                Err(
                    "istio-proxy of Pod/shop/frontend-1 runs docker.io/istio/proxyv2:1.18.0 and is pinned to sha256:AB",
                ),
            ),
        ];
        for (asked, id, expected) in cases {
            let pod = pod(&[], &[["istio-proxy", asked, &id]]);
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(judged(&pins, &pod), expected, "{asked} {id}");
        }
    }

    #[test]
    fn init_containers_are_judged_and_what_is_not_pinned_is_not() {
        let pinned = format!("docker.io/shop/app@{}", digest("ab"));
        let pins = Pins::of(&[
            image("shop/app:1", &pinned, "app"),
            image("shop/app:2", "shop/app:2", "app"),
            image("shop/tool:1", "shop/tool:1", "tool"),
        ])
        .unwrap();
        let id = |of: &str| format!("docker.io/shop/app@{}", digest(of));
        let free = pod(&[["tool", "shop/tool:1", &id("cd")]], &[["app", "shop/app:2", &id("cd")]]);
        assert_eq!(judged(&pins, &free), Ok("nothing that is pinned runs now".into()));
        let strangers = pod(&[], &[["app", "other/app:1", &id("cd")], ["more", "shop/app:1", &id("cd")]]);
        assert!(judged(&pins, &strangers).is_ok());
        let init = pod(&[["app", &pinned, &id("cd")]], &[["app", "shop/app:1", &id("cd")]]);
        assert_eq!(
            judged(&pins, &init),
            Err("app of Pod/shop/frontend-1 runs sha256:CD and is pinned to sha256:AB; and 1 more like it"
                .into())
        );
    }

    #[test]
    fn without_a_pin_there_is_nothing_to_check() {
        assert!(Pins::of(&[image("shop/app:1", "r.test/shop/app:1", "app")]).is_none());
    }
}
