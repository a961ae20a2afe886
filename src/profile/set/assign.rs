//! Putting a value where the steps of its name lead.

use serde_json::{Value, json};

use super::grammar::{Assignment, Step};
use crate::profile::Place;
use crate::profile::document::{Content, Node};
use crate::profile::error::{Mistake, Problem};
use crate::profile::merge::Area;

/// The document with the value in it. Collections on the way are made where there are none; where something else
/// stands, it is not overwritten but told, and the document is as it was.
pub(super) fn assigned(document: Node, assignment: &Assignment<'_>, place: Place) -> (Node, Option<Problem>) {
    let mut way = Way { value: &assignment.value, place: &place, path: String::new() };
    let mut changed = document.clone();
    match way.walk(&mut changed, &assignment.steps, Area::Top) {
        Ok(()) => (changed, None),
        Err(mistake) => (document, Some(Problem { field: way.path, place, mistake })),
    }
}

struct Way<'a> {
    value: &'a Value,
    place: &'a Place,
    /// As far as it was gone, as a person would write it.
    path: String,
}

impl Way<'_> {
    fn walk(&mut self, node: &mut Node, steps: &[Step], area: Area) -> Result<(), Mistake> {
        let Some((step, rest)) = steps.split_first() else {
            *node = Node::new(self.value.clone(), self.place);
            return Ok(());
        };
        let removes = rest.is_empty() && self.value.is_null() && area.null_removes();
        match step {
            Step::Key(key) => {
                let fields = fields(node)?;
                self.path.push_str(if self.path.is_empty() { "" } else { "." });
                self.path.push_str(key);
                match fields.iter().position(|(known, _)| known == key) {
                    Some(at) if removes => drop(fields.remove(at)),
                    Some(at) => return self.walk(&mut fields[at].1, rest, area.below(key)),
                    None => {
                        let mut field = Node::new(Value::Null, self.place);
                        self.walk(&mut field, rest, area.below(key))?;
                        fields.push((key.clone(), field));
                    }
                }
            }
            Step::Index(_) | Step::Name(_) => {
                let items = items(node)?;
                let at = position(items, step)?;
                self.path.push_str(&format!("[{at}]"));
                match items.get_mut(at) {
                    Some(_) if removes => drop(items.remove(at)),
                    Some(item) => return self.walk(item, rest, area.item()),
                    None => {
                        let mut item = Node::new(new_item(step), self.place);
                        self.walk(&mut item, rest, area.item())?;
                        items.push(item);
                    }
                }
            }
        }
        // Who misses what is gone, or what should stand beside what is new, is told of this argument.
        node.place = self.place.clone();
        Ok(())
    }
}

fn fields(node: &mut Node) -> Result<&mut Vec<(String, Node)>, Mistake> {
    if node.is_null() {
        node.content = Content::Mapping(Vec::new());
    }
    match &mut node.content {
        Content::Mapping(fields) => Ok(fields),
        other => Err(Mistake::NoFields { found: other.shown() }),
    }
}

fn items(node: &mut Node) -> Result<&mut Vec<Node>, Mistake> {
    if node.is_null() {
        node.content = Content::List(Vec::new());
    }
    match &mut node.content {
        Content::List(items) => Ok(items),
        other => Err(Mistake::NoItems { found: other.shown() }),
    }
}

/// Where in the list the item stands: behind the last one if it is new.
fn position(items: &[Node], step: &Step) -> Result<usize, Mistake> {
    match step {
        Step::Index(index) if *index > items.len() => {
            Err(Mistake::BeyondEnd { index: *index, length: items.len() })
        }
        Step::Index(index) => Ok(*index),
        Step::Key(name) | Step::Name(name) => {
            Ok(items.iter().position(|item| item.text("name") == Some(name)).unwrap_or(items.len()))
        }
    }
}

/// What an item is before anything is set in it.
fn new_item(step: &Step) -> Value {
    match step {
        Step::Name(name) => json!({ "name": name }),
        Step::Key(_) | Step::Index(_) => Value::Null,
    }
}
