//! The pictures are of the program as it is. What a terminal and a browser show is held where it is drawn (tests/ui.rs,
//! tests/browser); here it is what was drawn by hand.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_rooms_in_the_picture_of_the_architecture_are_those_of_the_source_and_pure_where_it_says_so() {
    let picture = read("docs/pictures/architecture.svg");
    let room = Regex::new(r#"<rect class="(pure|box)"[^>]*/><text class="room"[^>]*>(\w+)</text>"#).unwrap();
    let rooms: Vec<(bool, String)> =
        room.captures_iter(&picture).map(|room| (&room[1] == "pure", room[2].to_owned())).collect();
    assert!(rooms.len() > 10 && rooms.len() == picture.matches("class=\"room\"").count(), "{rooms:?}");
    let page = read("docs/architecture.md");
    for (is_pure, room) in rooms {
        let row = page.lines().find(|line| {
            [format!("| `src/{room}/`"), format!("| `src/{room}.rs`")]
                .iter()
                .any(|start| line.starts_with(start))
        });
        let row = row.unwrap_or_else(|| panic!("docs/architecture.md has no row for {room}"));
        assert_eq!(row.ends_with("| yes |"), is_pure, "{room}");
    }
}

#[test]
fn every_picture_is_shown_by_a_page_and_says_what_it_is() {
    let pages: String = crate::page::all().iter().map(|page| read(page.path.to_str().unwrap())).collect();
    let shown = Regex::new(r"!\[([^\]]+)\]\(pictures/([\w.]+)\)").unwrap();
    let shown: BTreeSet<String> = shown.captures_iter(&pages).map(|picture| picture[2].to_owned()).collect();
    let entries = std::fs::read_dir(Path::new("docs/pictures")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let drawn: BTreeSet<String> = names.filter(|name| !name.ends_with(".sha256")).collect();
    assert_eq!(shown, drawn);
}
