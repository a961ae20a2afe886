//! Tells cargo of the folders that are compiled in: on stable, `include_dir!` sees a changed file, but not
//! one that was added or removed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=gitops");
    println!("cargo::rerun-if-changed=profiles");
}
