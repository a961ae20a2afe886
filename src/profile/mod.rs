//! What a file in profiles/ may say, and what is said of a wrong one.
