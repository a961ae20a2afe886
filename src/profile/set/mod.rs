//! `--set` and `--set-string`: values that stand on the command line, written as Helm has them.

mod assign;
mod grammar;
#[cfg(test)]
mod tests;

use super::document::Node;
use super::error::{Mistake, Problem};
use super::{Overrides, Place};

use grammar::Typing;

pub use grammar::SetError;

/// The document with the arguments laid over it: all of `--set`, then all of `--set-string`, as Helm does. What
/// is wrong changes nothing, and is told with the others.
pub(super) fn lay_over(mut document: Node, overrides: &Overrides) -> (Node, Vec<Problem>) {
    let flags =
        [("--set", &overrides.set, Typing::Guessed), ("--set-string", &overrides.set_string, Typing::Text)];
    let mut problems = Vec::new();
    for (flag, arguments, typing) in flags {
        for argument in arguments {
            match grammar::parse(argument, typing) {
                Ok(assignments) => {
                    for assignment in &assignments {
                        let place = Place::Argument { flag, text: assignment.text.to_owned() };
                        let (changed, problem) = assign::assigned(document, assignment, place);
                        document = changed;
                        problems.extend(problem);
                    }
                }
                Err(error) => {
                    let place = Place::Argument { flag, text: argument.clone() };
                    problems.push(Problem { place, field: String::new(), mistake: Mistake::Set(error) });
                }
            }
        }
    }
    (document, problems)
}
