use insta::assert_snapshot;

use crate::home::Home;

#[test]
fn the_help_of_the_program() {
    assert_snapshot!(Home::new().run("--help"), @r"
    Bring KubeStock up behind a STRICT Istio mesh, and prove that it works

    Usage: kubestock-install [OPTIONS] <PROFILE>
           kubestock-install <COMMAND>

    Commands:
      install      Install what a profile describes
      check        Say what would not work, in the files and in the cluster
      plan         Show what an installation would change, object by object
      diagnose     Say what is wrong in a cluster, whoever installed what runs there
      verify       Prove that a running mesh is what was promised
      uninstall    Remove what was installed, the last layer first
      status       Say what is installed, whether it is ready, and in what it is not
                   as planned
      open         Open a dashboard or a service in the browser, until Ctrl-C
      render       Print the objects of a kustomize folder, without a cluster
      profiles     List the profiles of this program, or show one
      images       List every image that a profile runs, without a cluster
      fetch        Download and prove the Istio release of a profile, without a
                   cluster
      bundle       Write one file with all that an installation reads, for where
                   there is no network
      pin          Print the digests of another Istio version, for `istio.digests`
                   in a profile
      completions  Print what makes a shell complete command lines
      help         Print this message or the help of the given subcommand(s)

    Arguments:
      [PROFILE]
              Short for `install --profile <PROFILE>`: demo, laptop, production,
              minimal, or a file

    Options:
      -f, --file <FILE>
              A file to lay over the profile; later ones win

          --set <KEY=VALUE>
              Values to lay over all files, as in Helm: a.b=x,c[0]=y,d={x,y}

          --set-string <KEY=VALUE>
              The same for values that are text, whatever they look like

          --gitops <DIR>
              A gitops tree of your own, with base/ and overlays/staging/

          --cache-dir <DIR>
              Where proven releases are kept [default: kubestock-install in the
              user's cache folder]

              [env: KUBESTOCK_INSTALL_CACHE_DIR]

          --mirror <URL>
              A folder with the release's archives, asked after the profile's own
              source and before $KUBESTOCK_INSTALL_MIRROR and the Istio project;
              again for another

          --ca-bundle <FILE>
              A PEM file of authorities to trust beside the system's own, a
              company's proxy's, say

              [env: KUBESTOCK_INSTALL_CA_BUNDLE]

          --offline
              Fetch nothing: use the release that is in the cache, or say what is
              missing there

          --image-registry <HOST/PATH>
              The mirror that all images come from, injected sidecars included
              (docs/images.md)

          --mtls <MODE>
              The mode of the layers' policy for the whole mesh, in the place of
              their own: begin with `permissive` where `strict` would cut off what
              calls in plaintext

              [possible values: permissive, strict]

          --bundle <FILE>
              A bundle to install from, in the place of a profile and a network (see
              `bundle`)

          --registry-auth <FILE>
              A configuration as ~/.docker/config.json whose logins the pods pull
              their images with, its credential helpers' too (docs/registry-auth.md)

          --kubeconfig <FILE>
              The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]

          --context <NAME>
              The context in the kubeconfig [default: its current one]

          --kind [<NAME>]
              Install into the kind cluster of this name, which is made where it is
              not there (docs/kind.md) [default name: kubestock]

          --load-image <IMAGE>
              An image of this machine to load into the kind cluster; again for
              another

          --kind-image <IMAGE>
              The node image of a kind cluster that is made [default: one whose
              Kubernetes suits the profile's Istio]

          --timeout <TIME>
              How long each layer may take, in the place of the profile's own times
              (90s, 5m, 1h)

          --force-conflicts
              Take fields that other managers own with other values

          --prune
              Remove also what another profile may have brought with a layer of the
              same name

          --no-prune
              Leave in the cluster what a layer does not have any more

          --discard <KIND/NAME>
              A namespace, definition or claim that may go although it holds
              something; again for another

          --timings <FILE>
              A page of HTML to leave behind, with what took how long and what the
              total is made of (docs/timings.md)

          --report <FILE>
              A file to write what came of it to, in the form that its name ends in:
              .json, .xml (JUnit) or .html; again for another

          --output <FORM>
              How to tell what happens

              Possible values:
              - text
              - json: One JSON object a line; docs/events.md describes them

              [default: text]

      -y, --yes
              Do not ask before a cluster that is not on this machine is changed

      -v, --verbose...
              Tell more: -v each object, -vv what is sent to the cluster

      -q, --quiet
              Tell nothing but errors and warnings, on stderr

          --plain
              Tell what happens in lines of words: nothing is redrawn, for screen
              readers and simple terminals

          --color <WHEN>
              When to use colour

              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      kubestock-install demo                     all there is, into the current
      context
      kubestock-install demo --gitops ../gitops  the layers of a tree of your own
      kubestock-install demo -f mine.yaml        with your own file over it
      kubestock-install fetch --cache-dir DIR    the release alone, to bring
      elsewhere

    Exit codes (docs/exit-codes.md):
      0 done       2 usage      3 cluster or preflight   130 interrupted
      4 download   5 Istio      6 apply                  143 terminated
      7 timeout    8 checks     1 the program itself
      9 status: not as it is to be    10 something would change (plan --exit-code)
    exit code 0
    ");
}

#[test]
fn the_help_of_an_installation() {
    assert_snapshot!(Home::new().run("install --help"), @r"
    Install what a profile describes

    Usage: kubestock-install install [OPTIONS]

    Options:
          --profile <NAME|FILE>
              A profile of this program (demo, laptop, production, minimal), or a
              file

      -f, --file <FILE>
              A file to lay over the profile; later ones win

          --set <KEY=VALUE>
              Values to lay over all files, as in Helm: a.b=x,c[0]=y,d={x,y}

          --set-string <KEY=VALUE>
              The same for values that are text, whatever they look like

          --gitops <DIR>
              A gitops tree of your own, with base/ and overlays/staging/

          --cache-dir <DIR>
              Where proven releases are kept [default: kubestock-install in the
              user's cache folder]

              [env: KUBESTOCK_INSTALL_CACHE_DIR]

          --mirror <URL>
              A folder with the release's archives, asked after the profile's own
              source and before $KUBESTOCK_INSTALL_MIRROR and the Istio project;
              again for another

          --ca-bundle <FILE>
              A PEM file of authorities to trust beside the system's own, a
              company's proxy's, say

              [env: KUBESTOCK_INSTALL_CA_BUNDLE]

          --offline
              Fetch nothing: use the release that is in the cache, or say what is
              missing there

          --image-registry <HOST/PATH>
              The mirror that all images come from, injected sidecars included
              (docs/images.md)

          --mtls <MODE>
              The mode of the layers' policy for the whole mesh, in the place of
              their own: begin with `permissive` where `strict` would cut off what
              calls in plaintext

              [possible values: permissive, strict]

          --bundle <FILE>
              A bundle to install from, in the place of a profile and a network (see
              `bundle`)

          --registry-auth <FILE>
              A configuration as ~/.docker/config.json whose logins the pods pull
              their images with, its credential helpers' too (docs/registry-auth.md)

          --kubeconfig <FILE>
              The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]

          --context <NAME>
              The context in the kubeconfig [default: its current one]

          --kind [<NAME>]
              Install into the kind cluster of this name, which is made where it is
              not there (docs/kind.md) [default name: kubestock]

          --load-image <IMAGE>
              An image of this machine to load into the kind cluster; again for
              another

          --kind-image <IMAGE>
              The node image of a kind cluster that is made [default: one whose
              Kubernetes suits the profile's Istio]

          --timeout <TIME>
              How long each layer may take, in the place of the profile's own times
              (90s, 5m, 1h)

          --force-conflicts
              Take fields that other managers own with other values

          --prune
              Remove also what another profile may have brought with a layer of the
              same name

          --no-prune
              Leave in the cluster what a layer does not have any more

          --discard <KIND/NAME>
              A namespace, definition or claim that may go although it holds
              something; again for another

          --timings <FILE>
              A page of HTML to leave behind, with what took how long and what the
              total is made of (docs/timings.md)

          --report <FILE>
              A file to write what came of it to, in the form that its name ends in:
              .json, .xml (JUnit) or .html; again for another

          --output <FORM>
              How to tell what happens

              Possible values:
              - text
              - json: One JSON object a line; docs/events.md describes them

              [default: text]

      -y, --yes
              Do not ask before a cluster that is not on this machine is changed

      -v, --verbose...
              Tell more: -v each object, -vv what is sent to the cluster

      -q, --quiet
              Tell nothing but errors and warnings, on stderr

          --plain
              Tell what happens in lines of words: nothing is redrawn, for screen
              readers and simple terminals

          --color <WHEN>
              When to use colour

              [default: auto]
              [possible values: auto, always, never]

      -h, --help
              Print help (see a summary with '-h')
    exit code 0
    ");
}

#[test]
fn the_help_of_the_other_commands() {
    let home = Home::new();
    assert_snapshot!(home.run("render -h"), @"
    Print the objects of a kustomize folder, without a cluster

    Usage: kubestock-install render [OPTIONS] <PATH>

    Arguments:
      <PATH>  The folder with the kustomization file

    Options:
      -o, --output <FORM>  The form to print them in [default: yaml] [possible
                           values: yaml, json]
      -v, --verbose...     Tell more: -v each object, -vv what is sent to the
                           cluster
      -q, --quiet          Tell nothing but errors and warnings, on stderr
          --plain          Tell what happens in lines of words: nothing is redrawn,
                           for screen readers and simple terminals
          --color <WHEN>   When to use colour [default: auto] [possible values:
                           auto, always, never]
      -h, --help           Print help
    exit code 0
    ");
    assert_snapshot!(home.run("plan -h"), @r#"
    Show what an installation would change, object by object

    Usage: kubestock-install plan [OPTIONS] [PROFILE]

    Arguments:
      [PROFILE]  A profile of this program, or a file [default: demo]

    Options:
          --profile <NAME|FILE>
              The same, as `install` takes it
      -f, --file <FILE>
              A file to lay over the profile; later ones win
          --set <KEY=VALUE>
              Values to lay over all files, as in Helm: a.b=x,c[0]=y,d={x,y}
          --set-string <KEY=VALUE>
              The same for values that are text, whatever they look like
          --gitops <DIR>
              A gitops tree of your own, with base/ and overlays/staging/
          --cache-dir <DIR>
              Where proven releases are kept [default: kubestock-install in the
              user's cache folder] [env: KUBESTOCK_INSTALL_CACHE_DIR]
          --mirror <URL>
              A folder with the release's archives, asked after the profile's own
              source and before $KUBESTOCK_INSTALL_MIRROR and the Istio project;
              again for another
          --ca-bundle <FILE>
              A PEM file of authorities to trust beside the system's own, a
              company's proxy's, say [env: KUBESTOCK_INSTALL_CA_BUNDLE]
          --offline
              Fetch nothing: use the release that is in the cache, or say what is
              missing there
          --image-registry <HOST/PATH>
              The mirror that all images come from, injected sidecars included
              (docs/images.md)
          --mtls <MODE>
              The mode of the layers' policy for the whole mesh, in the place of
              their own: begin with `permissive` where `strict` would cut off what
              calls in plaintext [possible values: permissive, strict]
          --bundle <FILE>
              A bundle to rehearse, in the place of a profile and a network
          --exit-code
              End with exit code 10 where something would change
          --force-conflicts
              Rehearse taking fields that other managers own with other values
          --prune
              Remove also what another profile may have brought with a layer of the
              same name
          --no-prune
              Leave in the cluster what a layer does not have any more
          --discard <KIND/NAME>
              A namespace, definition or claim that may go although it holds
              something; again for another
          --registry-auth <FILE>
              A configuration as ~/.docker/config.json whose logins the pods pull
              their images with, its credential helpers' too (docs/registry-auth.md)
          --kubeconfig <FILE>
              The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]
          --context <NAME>
              The context in the kubeconfig [default: its current one]
          --output <FORM>
              How to tell what would change [default: text] [possible values: text,
              json]
      -v, --verbose...
              Tell more: -v each object, -vv what is sent to the cluster
      -q, --quiet
              Tell nothing but errors and warnings, on stderr
          --plain
              Tell what happens in lines of words: nothing is redrawn, for screen
              readers and simple terminals
          --color <WHEN>
              When to use colour [default: auto] [possible values: auto, always,
              never]
      -h, --help
              Print help (see more with '--help')
    exit code 0
    "#);
    assert_snapshot!(home.run("fetch -h"), @"
    Download and prove the Istio release of a profile, without a cluster

    Usage: kubestock-install fetch [OPTIONS] [PROFILE]

    Arguments:
      [PROFILE]  A profile of this program, or a file [default: demo]

    Options:
      -f, --file <FILE>             A file to lay over the profile; later ones win
          --set <KEY=VALUE>         Values to lay over all files, as in Helm:
                                    a.b=x,c[0]=y,d={x,y}
          --set-string <KEY=VALUE>  The same for values that are text, whatever they
                                    look like
          --cache-dir <DIR>         Where proven releases are kept [default:
                                    kubestock-install in the user's cache folder]
                                    [env: KUBESTOCK_INSTALL_CACHE_DIR]
          --mirror <URL>            A folder with the release's archives, asked
                                    after the profile's own source and before
                                    $KUBESTOCK_INSTALL_MIRROR and the Istio project;
                                    again for another
          --ca-bundle <FILE>        A PEM file of authorities to trust beside the
                                    system's own, a company's proxy's, say [env:
                                    KUBESTOCK_INSTALL_CA_BUNDLE]
          --offline                 Fetch nothing: use the release that is in the
                                    cache, or say what is missing there
          --output <FORM>           How to tell what happens [default: text]
                                    [possible values: text, json]
      -v, --verbose...              Tell more: -v each object, -vv what is sent to
                                    the cluster
      -q, --quiet                   Tell nothing but errors and warnings, on stderr
          --plain                   Tell what happens in lines of words: nothing is
                                    redrawn, for screen readers and simple terminals
          --color <WHEN>            When to use colour [default: auto] [possible
                                    values: auto, always, never]
      -h, --help                    Print help (see more with '--help')
    exit code 0
    ");
    assert_snapshot!(home.run("pin -h"), @"
    Print the digests of another Istio version, for `istio.digests` in a profile

    Usage: kubestock-install pin [OPTIONS] <VERSION|ARCHIVE>...

    Arguments:
      <VERSION|ARCHIVE>...  A version in full, for the digests beside its archives;
                            or archives that are here

    Options:
          --mirror <URL>      A folder with the release's archives, asked after the
                              profile's own source and before
                              $KUBESTOCK_INSTALL_MIRROR and the Istio project; again
                              for another
          --ca-bundle <FILE>  A PEM file of authorities to trust beside the system's
                              own, a company's proxy's, say [env:
                              KUBESTOCK_INSTALL_CA_BUNDLE]
      -v, --verbose...        Tell more: -v each object, -vv what is sent to the
                              cluster
      -q, --quiet             Tell nothing but errors and warnings, on stderr
          --plain             Tell what happens in lines of words: nothing is
                              redrawn, for screen readers and simple terminals
          --color <WHEN>      When to use colour [default: auto] [possible values:
                              auto, always, never]
      -h, --help              Print help
    exit code 0
    ");
    assert_snapshot!(home.run("profiles schema -h"), @"
    Print the JSON Schema of a profile's file, for editors

    Usage: kubestock-install profiles schema [OPTIONS]

    Options:
      -v, --verbose...    Tell more: -v each object, -vv what is sent to the cluster
      -q, --quiet         Tell nothing but errors and warnings, on stderr
          --plain         Tell what happens in lines of words: nothing is redrawn,
                          for screen readers and simple terminals
          --color <WHEN>  When to use colour [default: auto] [possible values: auto,
                          always, never]
      -h, --help          Print help
    exit code 0
    ");
    assert_snapshot!(home.run("profiles show -h"), @"
    Print a profile as it is written, or what comes of it and all that is laid over
    it

    Usage: kubestock-install profiles show [OPTIONS] <PROFILE>

    Arguments:
      <PROFILE>  A profile of this program, or a file

    Options:
          --resolved                Print what is used in the end, with where each
                                    value was said; -f and --set imply it
      -f, --file <FILE>             A file to lay over the profile; later ones win
          --set <KEY=VALUE>         Values to lay over all files, as in Helm:
                                    a.b=x,c[0]=y,d={x,y}
          --set-string <KEY=VALUE>  The same for values that are text, whatever they
                                    look like
      -o, --output <FORM>           The form of what is resolved [default: yaml]
                                    [possible values: yaml, json]
      -v, --verbose...              Tell more: -v each object, -vv what is sent to
                                    the cluster
      -q, --quiet                   Tell nothing but errors and warnings, on stderr
          --plain                   Tell what happens in lines of words: nothing is
                                    redrawn, for screen readers and simple terminals
          --color <WHEN>            When to use colour [default: auto] [possible
                                    values: auto, always, never]
      -h, --help                    Print help
    exit code 0
    ");
    assert_snapshot!(home.run("profiles -h"), @"
    List the profiles of this program, or show one

    Usage: kubestock-install profiles [OPTIONS] [COMMAND]

    Commands:
      show    Print a profile as it is written, or what comes of it and all that is
              laid over it
      schema  Print the JSON Schema of a profile's file, for editors
      help    Print this message or the help of the given subcommand(s)

    Options:
      -v, --verbose...    Tell more: -v each object, -vv what is sent to the cluster
      -q, --quiet         Tell nothing but errors and warnings, on stderr
          --plain         Tell what happens in lines of words: nothing is redrawn,
                          for screen readers and simple terminals
          --color <WHEN>  When to use colour [default: auto] [possible values: auto,
                          always, never]
      -h, --help          Print help
    exit code 0
    ");
}

#[test]
fn no_help_is_wider_than_a_terminal() {
    let home = Home::new();
    for command in [
        "",
        "install",
        "check",
        "status",
        "open",
        "render",
        "fetch",
        "pin",
        "profiles",
        "profiles show",
        "profiles schema",
    ] {
        for help in ["-h", "--help"] {
            let told = home.run(&format!("{command} {help}"));
            let wide: Vec<_> = told.out.lines().filter(|line| line.chars().count() > 80).collect();
            assert_eq!((wide, told.code, told.err.as_str()), (vec![], Some(0), ""), "{command} {help}");
        }
    }
}

#[test]
fn without_arguments_the_help_is_an_error() {
    let home = Home::new();
    let told = home.run("");
    assert_eq!((told.code, told.out.as_str()), (Some(2), ""));
    assert_eq!(told.err, home.run("-h").out);
}

#[test]
fn a_profile_that_is_unknown_is_told_with_the_nearest_one() {
    let home = Home::new();
    assert_snapshot!(home.run("dmeo"), @"
    stderr: error: there is no profile `dmeo`; did you mean `demo`? (there are demo, laptop, production, minimal)
    exit code 2
    ");
    assert_snapshot!(home.run("fetch prodction"), @"
    stderr: error: there is no profile `prodction`; did you mean `production`? (there are demo, laptop, production, minimal)
    exit code 2
    ");
    home.write("mine.yaml", "");
    assert_snapshot!(home.run("mine"), @"
    stderr: error: there is no profile `mine`; did you mean `minimal`? (there are demo, laptop, production, minimal); to use the file, say `install --profile ./mine.yaml`
    exit code 2
    ");
}

#[test]
fn an_error_for_a_program_is_one_terminal_event() {
    let told = Home::new().run("dmeo --output json");
    let events = told.events();
    assert_eq!((events.len(), told.code), (1, Some(2)));
    assert_eq!((&events[0]["event"], &events[0]["exit_code"]), (&"finished".into(), &2.into()));
    let error = events[0]["error"].as_str().unwrap();
    assert!(error.starts_with("there is no profile `dmeo`; did you mean `demo`?"), "{error}");
}

#[test]
fn commands_are_no_profiles() {
    let home = Home::new();
    assert_snapshot!(home.run("rendr gitops/base"), @"
    stderr: error: there is no command `rendr`; did you mean `render`?
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    assert_snapshot!(home.run("profile"), @"
    stderr: error: there is no command `profile`; did you mean `profiles`?
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    assert_snapshot!(home.run("install demo"), @"
    stderr: error: unexpected argument 'demo' found
    stderr:
    stderr: Usage: kubestock-install install [OPTIONS]
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    assert_snapshot!(home.run("install"), @"
    stderr: error: the following required arguments were not provided:
    stderr:   --profile <NAME|FILE>
    stderr:
    stderr: Usage: kubestock-install install --profile <NAME|FILE>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[test]
fn what_stands_before_a_command_is_not_dropped() {
    let home = Home::new();
    assert_snapshot!(home.run("--yes install --profile demo"), @"
    stderr: error: --yes stands before `install`; options come after the command
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    assert_snapshot!(home.run("demo profiles"), @"
    stderr: error: a profile stands before `profiles`; options come after the command
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[test]
fn what_stands_everywhere_may_stand_before_a_command() {
    assert_eq!(Home::new().run("--color never -v profiles").code, Some(0));
}

#[test]
fn a_flag_that_is_unknown() {
    assert_snapshot!(Home::new().run("demo --kube-config x"), @"
    stderr: error: unexpected argument '--kube-config' found
    stderr:
    stderr:   tip: a similar argument exists: '--kubeconfig'
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[test]
fn a_time_without_a_unit() {
    assert_snapshot!(Home::new().run("demo --timeout 90"), @"
    stderr: error: invalid value '90' for '--timeout <TIME>': a time is written as 90s, 5m or 1h30m
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[test]
fn colours_are_for_those_who_ask_for_them() {
    let home = Home::new();
    assert!(!home.run("dmeo").err.contains('\x1b'));
    assert!(home.run("dmeo --color always").err.contains('\x1b'));
    let no_color = home.command("dmeo --color auto").env("NO_COLOR", "1").output().unwrap();
    assert!(!home.told(&no_color).err.contains('\x1b'));
}
