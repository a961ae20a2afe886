//! What is opened, as far as it can be told without a cluster.

use insta::assert_snapshot;

use crate::home::{Home, closed};

#[test]
fn the_help_of_open() {
    assert_snapshot!(Home::new().run("open -h"), @"
    Open a dashboard or a service in the browser, until Ctrl-C

    Usage: kubestock-install open [OPTIONS] <SERVICE>

    Arguments:
      <SERVICE>  kiali, grafana, jaeger, prometheus, frontend, or any other Service

    Options:
          --port <PORT>        The port of this machine to open it at [default: the
                               Service's own, or any that is free]
      -n, --namespace <NAME>   The namespace that the Service is in [default: the
                               one that has it]
          --no-browser         Print the address, and leave the browser alone
          --kubeconfig <FILE>  The kubeconfig file [default: $KUBECONFIG, or
                               ~/.kube/config]
          --context <NAME>     The context in the kubeconfig [default: its current
                               one]
      -v, --verbose...         Tell more: -v each object, -vv what is sent to the
                               cluster
      -q, --quiet              Tell nothing but errors and warnings, on stderr
          --plain              Tell what happens in lines of words: nothing is
                               redrawn, for screen readers and simple terminals
          --color <WHEN>       When to use colour [default: auto] [possible values:
                               auto, always, never]
      -h, --help               Print help
    exit code 0
    ");
}

#[test]
fn a_cluster_that_does_not_answer_is_told_on_stderr_alone() {
    let home = Home::new();
    let address = format!("https://{}", closed());
    home.knows(&address);
    let told = home.run("open grafana").with(&address, "ADDRESS");
    assert_eq!((told.code, told.out.as_str()), (Some(3), ""));
    assert!(told.err.contains("nothing listens at ADDRESS"), "{told}");
}

#[test]
fn what_is_to_be_opened_must_be_named_and_a_port_be_one() {
    for (arguments, expected) in [("open", "<SERVICE>"), ("open grafana --port 0", "0 is not in 1..=65535")] {
        let told = Home::new().run(arguments);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.err.contains(expected), "{told}");
    }
}
