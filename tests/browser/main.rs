//! The page of `--timings` as a browser shows it: `scripts/browser`.
//!
//! With KUBESTOCK_SCREENSHOTS, a folder, the pictures are kept there to be looked at.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

// The recordings name them so.
use kubestock_install::{event, finding, kustomize, object};

mod chromium;
#[path = "../ui/crowd.rs"]
mod crowd;
#[path = "../ui/recording.rs"]
mod recording;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubestock_install::istio::release::Digest;
use kubestock_install::ui;
use serde_json::{Value, json};

use chromium::{Browser, Tab};

/// What no page may make the browser say.
const COMPLAINTS: [&str; 3] = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];

fn page(folder: &Path, name: &str, facts: &[(Duration, event::Event)]) -> String {
    let path = folder.join(format!("{name}.html"));
    std::fs::write(&path, ui::timings(facts, "2026-11-25T09:30:52Z".parse().unwrap())).unwrap();
    format!("file://{}", path.display())
}

/// A tab of this width for a person who likes it dark or light.
fn tab(browser: &mut Browser, width: u32, scheme: &str) -> Tab {
    let tab = browser.tab();
    let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
    browser.tell(&tab, "Emulation.setDeviceMetricsOverride", size);
    let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
    browser.tell(&tab, "Emulation.setEmulatedMedia", scheme);
    tab
}

/// That it has loaded nothing but itself, and that there was nothing to complain of.
fn assert_sound(browser: &Browser, address: &str) {
    let requests = browser.heard(&["Network.requestWillBeSent"]);
    let asked: Vec<&Value> = requests.iter().map(|request| &request["params"]["request"]["url"]).collect();
    assert_eq!(asked, [address]);
    let complaints = browser.heard(&COMPLAINTS);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The number of colours in a picture, and how light it is, from 0 to 1.
fn look(browser: &mut Browser, picture: &str) -> (u64, f64) {
    let blank = browser.tab();
    let looked = browser.evaluate(
        &blank,
        &format!(
            "new Promise((done, fail) => {{
                const image = new Image();
                image.onerror = fail;
                image.onload = () => {{
                    const canvas = Object.assign(document.createElement('canvas'), {{width: image.width, height: image.height}});
                    const context = canvas.getContext('2d');
                    context.drawImage(image, 0, 0);
                    const {{data}} = context.getImageData(0, 0, image.width, image.height);
                    const colours = new Set();
                    let light = 0;
                    for (let i = 0; i < data.length; i += 4) {{
                        colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
                        light += (data[i] + data[i + 1] + data[i + 2]) / 765;
                    }}
                    done([colours.size, light * 4 / data.length]);
                }};
                image.src = 'data:image/png;base64,{picture}';
            }})"
        ),
    );
    (looked[0].as_u64().unwrap(), looked[1].as_f64().unwrap())
}

fn keep(name: &str, picture: &str) {
    if let Some(folder) = std::env::var_os("KUBESTOCK_SCREENSHOTS") {
        let path = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, BASE64_STANDARD.decode(picture).unwrap()).unwrap();
    }
}

#[test]
#[ignore = "needs a browser: scripts/browser"]
fn the_page_is_whole_in_light_and_dark_on_a_telephone_and_on_a_desk() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let runs =
        ["first", "failed", "interrupted", "uninstalled"].map(|name| (name, recording::named(name).unwrap()));
    let crowd = ("crowd", crowd::crowd(2000, "pulling image registry.example/shop/service:1"));
    for (name, facts) in runs.into_iter().chain([crowd]) {
        let address = page(folder.path(), name, &facts);
        for (scheme, width) in
            [("light", 400), ("dark", 400), ("light", 800), ("dark", 800), ("light", 1400), ("dark", 1400)]
        {
            let tab = tab(&mut browser, width, scheme);
            browser.open(&tab, &address);
            assert_sound(&browser, &address);
            let widest = browser.evaluate(&tab, "document.documentElement.scrollWidth");
            assert_eq!(
                widest, width,
                "{name}, {scheme}, {width}: it is to be scrolled in one direction only"
            );
            let picture = browser.screenshot(&tab);
            keep(&format!("{name}-{scheme}-{width}"), &picture);
            let (colours, light) = look(&mut browser, &picture);
            assert!(colours > 50, "{name}, {scheme}, {width}: {colours} colours");
            assert!((light > 0.6) == (scheme == "light"), "{name}, {scheme}, {width}: {light}");
        }
    }
}

#[test]
#[ignore = "needs a browser: scripts/browser"]
fn the_page_of_every_run_needs_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let tab = tab(&mut browser, 800, "light");
    for name in recording::NAMES {
        let address = page(folder.path(), name, &recording::named(name).unwrap());
        browser.open(&tab, &address);
        assert_sound(&browser, &address);
    }
}

/// `SNAPSHOTS=overwrite scripts/browser` takes it anew. What a browser draws differs from machine to machine, what it
/// draws it from does not: that is compared.
#[test]
#[ignore = "needs a browser: scripts/browser"]
fn the_picture_in_the_documents_is_of_the_page_of_today() {
    let page = ui::timings(&recording::first(), "2026-11-25T09:30:52Z".parse().unwrap());
    let page = page.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let of_today = format!("{}\n", Digest::of(page.as_bytes()));
    let (picture, taken_of) = ("docs/pictures/timings.png", "docs/pictures/timings.sha256");
    if std::env::var("SNAPSHOTS").is_ok_and(|snapshots| snapshots == "overwrite") {
        let folder = tempfile::tempdir().unwrap();
        let mut browser = Browser::start();
        let address = self::page(folder.path(), "first", &recording::first());
        let tab = tab(&mut browser, 900, "light");
        browser.open(&tab, &address);
        let place = "document.querySelector('section[aria-labelledby=timeline]').getBoundingClientRect()";
        let top = browser.evaluate(&tab, &format!("{place}.top - 20"));
        let height = browser.evaluate(&tab, &format!("{place}.height + 40"));
        let clip = json!({"x": 0, "y": top, "width": 900, "height": height, "scale": 1});
        let question = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = browser.tell(&tab, "Page.captureScreenshot", question);
        std::fs::write(picture, BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()).unwrap();
        std::fs::write(taken_of, &of_today).unwrap();
    }
    assert!(
        std::fs::read_to_string(taken_of).unwrap() == of_today,
        "the page has changed since {picture} was taken: run `SNAPSHOTS=overwrite scripts/browser`"
    );
}

/// What a screen reader is given: tables with rows, also where they are laid out as something else.
#[test]
#[ignore = "needs a browser: scripts/browser"]
fn who_does_not_see_it_is_told_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let address = page(folder.path(), "first", &recording::first());
    for width in [400, 1400] {
        let tab = tab(&mut browser, width, "light");
        browser.open(&tab, &address);
        let tree = browser.tell(&tab, "Accessibility.getFullAXTree", json!({}));
        let nodes: Vec<&Value> =
            tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
        let names = |role: &str| -> BTreeSet<String> {
            let of_role = nodes.iter().filter(|node| node["role"]["value"] == role);
            of_role.map(|node| node["name"]["value"].as_str().unwrap_or_default().to_owned()).collect()
        };
        for heading in
            ["demo on kind-kubestock is up: 36 created, 1m 17s", "The critical path", "The timeline"]
        {
            assert!(names("heading").contains(heading), "{width}: {:#?}", names("heading"));
        }
        for row in
            ["layer istio on the critical path", "Deployment/istio-system/kiali ready on the critical path"]
        {
            assert!(names("rowheader").contains(row), "{width}: {:#?}", names("rowheader"));
        }
        assert!(names("image").contains("from 15.3s to 1m 15s"), "{width}: {:#?}", names("image"));
    }
}

#[test]
#[ignore = "needs a browser: scripts/browser"]
fn the_objects_are_opened_by_the_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let address = page(folder.path(), "first", &recording::first());
    let tab = tab(&mut browser, 800, "light");
    browser.open(&tab, &address);
    browser.press(&tab, "Tab", 9, "");
    assert_eq!(browser.evaluate(&tab, "document.activeElement.tagName"), "SUMMARY");
    assert_eq!(browser.evaluate(&tab, "document.querySelector('details').open"), false);
    browser.press(&tab, "Enter", 13, "\r");
    assert_eq!(browser.evaluate(&tab, "document.querySelector('details').open"), true);
    browser.press(&tab, "Tab", 9, "");
    assert_eq!(browser.evaluate(&tab, "document.activeElement.className"), "wide");
}

#[test]
#[ignore = "needs a browser: scripts/browser"]
fn what_a_cluster_says_is_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let saying = "</title></style></svg></td><script>document.title = 'taken'</script><img src='http://127.0.0.1:9/seen.png'>";
    let address = page(folder.path(), "hostile", &crowd::crowd(3, saying));
    let tab = tab(&mut browser, 800, "light");
    browser.open(&tab, &address);
    assert_sound(&browser, &address);
    assert_eq!(browser.evaluate(&tab, "document.title"), "Timings of a run");
    assert_eq!(browser.evaluate(&tab, "document.querySelectorAll('script, img').length"), 0);
    assert_eq!(browser.evaluate(&tab, "document.querySelector('.error').textContent"), saying);
}
