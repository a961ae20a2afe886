//! How a cluster stands, as far as it can be told without one.

use crate::home::{Home, closed};

#[test]
fn a_cluster_that_does_not_answer_is_told_with_the_code_for_it() {
    let home = Home::new();
    let address = format!("https://{}", closed());
    home.knows(&address);
    for arguments in ["status", "status minimal"] {
        let told = home.run(arguments).with(&address, "ADDRESS");
        assert_eq!(told.code, Some(3), "{told}");
        assert!(told.err.contains("nothing listens at ADDRESS"), "{told}");
    }
}

#[test]
fn files_are_read_before_anything_is_asked() {
    let told = Home::new().run("status dmeo");
    assert_eq!(told.code, Some(2));
    assert!(told.err.contains("did you mean `demo`?"), "{told}");
}
