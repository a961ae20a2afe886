use jiff::Timestamp;

use crate::event::recording::{self, Recording};
use crate::ui::crowd::crowd;
use crate::ui::timings::timings;

fn page(run: &Recording) -> String {
    let began: Timestamp = "2026-11-25T09:30:52Z".parse().unwrap();
    timings(run, began)
}

/// Without the style and the patterns, and with the version of no release.
fn body(run: &Recording) -> String {
    let page = page(run);
    let (_, body) = page.split_once("<header>").unwrap();
    body.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_page_of_a_first_run() {
    insta::assert_snapshot!(body(&recording::first()));
}

#[test]
fn every_run_has_a_page_that_says_how_it_ended() {
    let table = [
        ("again", "nothing to change: demo on kind-kubestock has all of 36 objects"),
        ("failed", "1 workload of layer staging cannot become ready"),
        ("interrupted", "SIGINT asked it to end after 1.5s."),
        ("uninstalled", "kind-kubestock: 3 objects removed"),
    ];
    for (name, words) in table {
        let page = page(&recording::named(name).unwrap());
        assert!(page.contains(words), "{name}: {page}");
        assert!(page.ends_with("</html>\n"), "{name}");
    }
}

#[test]
fn what_failed_is_marked_where_it_was_waited_for() {
    let body = body(&recording::failed());
    let words = "layer staging: Deployment/kubestock-staging/ms-product ready <b class=\"bad\">failed</b>\
                 <p class=\"told\">image registry.example/kubestock/ms-product:2.1 cannot be pulled: 401 Unauthorized (36.0s); \
                 pulling image registry.example/kubestock/ms-product:2.1 (1.9s)</p>";
    assert!(body.contains(words), "{body}");
}

/// Whatever is said takes the place of a text, and of nothing else.
#[test]
fn what_a_cluster_says_is_no_markup() {
    let hostile = "</title></style><script src=\"http://evil.test\">'&amp;\u{1b}[31m";
    let marks = |page: &str| ['<', '>', '"', '\''].map(|mark| page.matches(mark).count());
    let [hostile, benign] = [hostile, "well"].map(|saying| page(&crowd(3, saying)));
    assert!(hostile.contains(
        "&lt;/title&gt;&lt;/style&gt;&lt;script src=&quot;http://evil.test&quot;&gt;&#39;&amp;amp;"
    ));
    assert_eq!(marks(&hostile), marks(&benign));
}

#[test]
fn a_page_of_two_thousand_objects_shows_those_that_matter() {
    let page = page(&crowd(2000, "pulling image"));
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let rows = |class: &str| page.matches(&format!("<tr role=\"row\" class=\"{class}\">")).count();
    assert_eq!((rows("step"), rows("part"), rows("part rest")), (1, 21, 1));
    assert!(page.contains("1980 more parts that took less"));
    assert!(page.contains("the 500 of 2000 objects that took longest"));
    assert!(page.contains("layer shop: Deployment/shop/service-1999 ready"));
}
