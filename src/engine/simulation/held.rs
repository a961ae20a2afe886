//! The model beside a real API server: one script of requests, the same answers.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Api, SOMEBODY};
use crate::cluster::testing::{applied_by, real, whole};
use crate::cluster::{ApiError, Applied, Cascade, Cluster, Mode, Scope, Seen, Watching};
use crate::engine::testing::object;
use crate::object::Object;

const SPACE: &str = "model-held";

fn map(name: &str, data: &Value) -> Object {
    let more = json!({"metadata": {"labels": {"of": "script"}}, "data": data});
    object("v1", "ConfigMap", name, Some(SPACE), &more)
}

/// How an apply ended, without what differs from server to server.
fn ended(applied: Result<Applied, ApiError>) -> String {
    match applied {
        Ok(Applied { outcome, .. }) => format!("{outcome:?}"),
        Err(ApiError::Refused { status, .. }) => format!("{status}"),
        Err(error) => format!("{error:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
    }
}

async fn data(cluster: &Cluster, name: &str) -> String {
    let live = cluster.get(&map(name, &json!({}))).await.unwrap();
    live.map_or("none".to_owned(), |live| live.pointer("/data").unwrap_or(&Value::Null).to_string())
}

async fn until(watching: &mut Watching, is: impl Fn(usize) -> bool) -> bool {
    let seen = async {
        while !is(watching.snapshot().of_kind("", "ConfigMap").filter(|map| map.name() == "watched").count())
        {
            watching.changed().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.is_ok()
}

/// What the engine asks of a server, and what each comes to.
async fn script(cluster: &Cluster) -> String {
    cluster.discover().await.unwrap();
    let mut told = String::new();
    let mut tell = |what: &str, how: String| writeln!(told, "{what}: {how}").unwrap();
    let apply = async |object: &Object, mode| ended(cluster.apply(object, mode).await);

    tell("into no namespace", apply(&map("a", &json!({})), Mode::Persist).await);
    // What owns no field at all is another matter (`before-first-apply`).
    let labelled = json!({"metadata": {"labels": {"of": "script"}}});
    let space = object("v1", "Namespace", SPACE, None, &labelled);
    tell("a namespace", apply(&space, Mode::Persist).await);
    tell("again", apply(&space, Mode::Persist).await);

    let (both, one) = (map("a", &json!({"x": "1", "y": "2"})), map("a", &json!({"x": "1"})));
    tell("rehearsed", apply(&both, Mode::DryRun).await);
    tell("and not there", data(cluster, "a").await);
    tell("new", apply(&both, Mode::Persist).await);
    tell("the same", apply(&both, Mode::Persist).await);
    tell("with less, rehearsed", apply(&one, Mode::DryRun).await);
    tell("still", data(cluster, "a").await);
    tell("with less", apply(&one, Mode::Persist).await);
    tell("what is dropped is gone", data(cluster, "a").await);
    tell("another value", apply(&map("a", &json!({"x": "3"})), Mode::Persist).await);
    tell("it has it", data(cluster, "a").await);

    let shared = map("shared", &json!({"x": "1", "y": "1"}));
    tell("to be shared", apply(&shared, Mode::Persist).await);
    applied_by(cluster, SOMEBODY, &map("shared", &json!({"x": "2", "y": "1"}))).await;
    tell("taken by somebody", data(cluster, "shared").await);
    tell("rehearsed against him", apply(&shared, Mode::DryRun).await);
    tell("applied against him", apply(&shared, Mode::Persist).await);
    tell("as he has it", apply(&map("shared", &json!({"x": "2", "y": "1"})), Mode::Persist).await);
    tell("what he has too is left to him", apply(&map("shared", &json!({"x": "2"})), Mode::Persist).await);
    tell("and stays", data(cluster, "shared").await);
    tell("taken back, rehearsed", apply(&map("shared", &json!({"x": "3"})), Mode::ForcedDryRun).await);
    tell("taken back", apply(&map("shared", &json!({"x": "3"})), Mode::Force).await);
    tell("it is", data(cluster, "shared").await);
    tell("ours alone to drop", apply(&map("shared", &json!({})), Mode::Persist).await);
    tell("so it goes", data(cluster, "shared").await);

    let sight = cluster.look(&[&shared, &one], Some("of=script")).await;
    tell(
        "as it was seen",
        ended(cluster.apply_to(sight.of(&shared), &map("shared", &json!({})), Mode::Persist).await),
    );
    tell("not as it was seen", ended(cluster.apply_to(sight.of(&shared), &shared, Mode::Persist).await));
    tell(
        "changed since",
        ended(cluster.apply_to(sight.of(&shared), &map("shared", &json!({"x": "4"})), Mode::Persist).await),
    );
    tell("taken for absent", ended(cluster.apply_to(Seen::Absent, &shared, Mode::Persist).await));
    tell("which it is", data(cluster, "shared").await);

    let created = cluster.create(&map("b", &json!({"x": "1"}))).await;
    tell("created", created.is_ok().to_string());
    let again = cluster.create(&map("b", &json!({"x": "1"}))).await;
    tell("created again", again.err().map(|error| error.passes()).unwrap_or_default().to_string());
    let of_script = cluster.list_metadata("v1", "ConfigMap", Some(SPACE), Some("of=script")).await.unwrap();
    let names: Vec<&str> = of_script.iter().map(Object::name).collect();
    tell("by their label", names.join(" "));

    let live = cluster.get(&map("b", &json!({}))).await.unwrap().unwrap();
    tell("remains", cluster.remains(&live).await.unwrap().is_some().to_string());
    tell("deleted", cluster.delete(&live, Cascade::Background).await.unwrap().to_string());
    tell("remains no more", cluster.remains(&live).await.unwrap().is_some().to_string());
    tell("deleted again", cluster.delete(&live, Cascade::Background).await.unwrap().to_string());
    cluster.create(&map("b", &json!({"x": "2"}))).await.unwrap();
    tell("another of its name", cluster.delete(&live, Cascade::Background).await.unwrap().to_string());
    tell("is left", data(cluster, "b").await);

    let (kind, api_version) = ("ConfigMap".to_owned(), "v1".to_owned());
    let scope = Scope { api_version, kind, namespace: Some(SPACE.to_owned()), selector: None, fields: None };
    let mut watching = cluster.watch(vec![scope]);
    watching.synced().await.unwrap();
    cluster.apply(&map("watched", &json!({})), Mode::Persist).await.unwrap();
    tell("a watch sees it come", until(&mut watching, |count| count == 1).await.to_string());
    let live = cluster.get(&map("watched", &json!({}))).await.unwrap().unwrap();
    cluster.delete(&live, Cascade::Background).await.unwrap();
    tell("and go", until(&mut watching, |count| count == 0).await.to_string());

    let lease = cluster.acquire_lease(SPACE, "lease", "one", |_| {}).await.unwrap();
    tell("held by", format!("{:?}", cluster.lease_holder(SPACE, "lease").await.unwrap()));
    lease.release().await.unwrap();
    tell("given back", format!("{:?}", cluster.lease_holder(SPACE, "lease").await.unwrap()));
    cluster.delete(&space, Cascade::Background).await.unwrap();
    told
}

async fn of_the_model() -> String {
    let api = Api::default();
    script(&whole(move |asked| api.answer(&asked, None))).await
}

#[tokio::test(start_paused = true)]
async fn the_model_answers_as_a_server_does() {
    insta::assert_snapshot!(of_the_model().await);
}

#[tokio::test]
#[ignore = "needs a cluster: make e2e"]
async fn a_real_server_answers_as_the_model_does() {
    assert_eq!(script(&real().await).await, of_the_model().await);
}
