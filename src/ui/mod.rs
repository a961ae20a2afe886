//! Shows the facts of a run.
