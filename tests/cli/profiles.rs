//! Profiles are listed, shown, and made of several files and arguments.

use insta::assert_snapshot;
use serde_json::Value;

use crate::home::{Home, closed, repository};

#[test]
fn the_profiles_are_listed() {
    assert_snapshot!(Home::new().run("profiles"), @"
    demo        Both gateways, Prometheus, Grafana, Jaeger and Kiali, and the six services, for a laptop
    laptop      A tree of your own on one node, with stand-ins for private images and secrets
    production  Two istiods and two ingress gateways at least, no addons, and the six services
    minimal     istiod and the six services; no gateways, no addons
    exit code 0
    ");
}

#[test]
fn a_profile_is_shown_as_it_is_written() {
    let home = Home::new();
    let told = home.run("profiles show minimal");
    assert_eq!(told.out, std::fs::read_to_string(repository("profiles/minimal.yaml")).unwrap());
    assert_eq!((told.code, &told.err[..]), (Some(0), ""));
    home.write("mine.yaml", "# Mine.\nnot: a profile\n");
    assert_eq!(home.run("profiles show mine.yaml").out, "# Mine.\nnot: a profile\n");
    assert_snapshot!(home.run("profiles show minmal"), @"
    stderr: error: there is no profile `minmal`; did you mean `minimal`? (there are demo, laptop, production, minimal)
    exit code 2
    ");
}

#[test]
fn what_is_used_in_the_end_is_shown_with_its_origins() {
    let home = Home::new();
    home.write("mine.yaml", "extends: minimal\nlayers:\n- name: own\n  path: ./own\n");
    home.write(
        "ours/part.yaml",
        "istio:\n  timeout: 9m\nlayers:\n- {name: staging, $patch: delete}\n- {name: ours, path: ./ours}\n",
    );
    let over = "-f ours/part.yaml --set istio.overlay.values.global.hub=a.test/b --set-string description=1";
    let resolved = home.run(&format!("profiles show mine.yaml --resolved {over}"));
    assert_snapshot!(resolved, @r#"
    description: "1"  # --set-string description=1
    istio:
      version: 1.18.0  # profiles/minimal.yaml:4
      profile: minimal  # profiles/minimal.yaml:5
      overlay:
        values:
          global:
            proxy:
              resources:
                requests:
                  cpu: 10m  # profiles/minimal.yaml:13
                  memory: 40Mi  # profiles/minimal.yaml:14
                limits:
                  cpu: 500m  # profiles/minimal.yaml:16
                  memory: 512Mi  # profiles/minimal.yaml:17
            hub: a.test/b  # --set istio.overlay.values.global.hub=a.test/b
      timeout: 9m  # ours/part.yaml:2
    layers:
      - name: base  # profiles/minimal.yaml:20
        path: base  # profiles/minimal.yaml:21
        timeout: 2m  # profiles/minimal.yaml:22
      - name: own  # mine.yaml:3
        path: ./own  # mine.yaml:4
      - name: ours  # ours/part.yaml:5
        path: ./ours/ours  # ours/part.yaml:5
    checks:
      - control-plane  # profiles/minimal.yaml:26
      - services  # profiles/minimal.yaml:26
      - sidecars  # profiles/minimal.yaml:26
      - connectivity  # profiles/minimal.yaml:26
      - mtls  # profiles/minimal.yaml:26
      - routing  # profiles/minimal.yaml:26
      - dashboards  # profiles/minimal.yaml:26
    exit code 0
    "#);
    // What is laid over a profile can be seen in no other way.
    assert_eq!(home.run(&format!("profiles show mine.yaml {over}")).out, resolved.out);

    home.write("resolved.yaml", &resolved.out);
    let values = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.split("  # ").next().map(str::to_owned)).collect()
    };
    assert_eq!(values(&home.run("profiles show resolved.yaml --resolved").out), values(&resolved.out));

    let json = home.run(&format!("profiles show mine.yaml -o json {over}")).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["profile"]["istio"]["timeout"], "9m");
    assert_eq!(json["origins"]["/istio/timeout"], "ours/part.yaml:2");
    assert_eq!(json["origins"]["/istio/version"], "profiles/minimal.yaml:4");
    assert_eq!(json["origins"]["/description"], "--set-string description=1");
}

#[test]
fn what_is_laid_over_a_profile_is_installed() {
    let home = Home::new();
    home.knows(&format!("https://{}", closed()));
    home.write("ours/layer/kustomization.yaml", "resources: [nothing.yaml]\n");
    home.write("ours/part.yaml", "layers:\n- {name: ours, path: ./layer}\n");
    let told = home.run("demo -f ours/part.yaml");
    assert_snapshot!(told, @"
    stderr: error: layer `ours`: ours/layer/kustomization.yaml:1: `nothing.yaml` does not exist
    exit code 2
    ");
    assert_eq!(home.run("install --profile demo -f ours/part.yaml").err, told.err);
    assert_eq!(home.run("demo -f ours/part.yaml --set layers[ours]=null").code, Some(3));
}

#[test]
fn a_mistake_names_the_file_or_the_argument() {
    let home = Home::new();
    home.write("base.yaml", "extends: demo\nistio:\n  timeout: 5\n");
    home.write("mine.yaml", "extends: ./base.yaml\nchecks: [mlts]\n");
    home.write("part.yaml", "layers:\n- name: stagin\n  timeout: 1m\n");
    let set = "--set istio.profile=production --set istio.addons[9]=kiali --set-string istio.timeout";
    assert_snapshot!(home.run(&format!("install --profile mine.yaml -f part.yaml {set}")), @"
    stderr: error: base.yaml:3: `istio.timeout` is the number 5; a time is written like 90s, 2m or 1h30m: write 5s
    stderr: mine.yaml:2: `checks[0]` is `mlts`; it must be one of control-plane, services, sidecars, connectivity, mtls, routing and dashboards; did you mean `mtls`?
    stderr: part.yaml:2: `layers[2]`: there is no layer `stagin` to change; did you mean `staging`? a new one needs a `path`
    stderr: --set istio.addons[9]=kiali: `istio.addons` has 4 items, and [9] would leave a gap; the next one is [4]
    stderr: --set-string istio.timeout: `istio.timeout` has no value; write `istio.timeout=VALUE`
    stderr: --set istio.profile=production: `istio.profile` is `production`, which is no profile of istioctl's; write `default`, which Istio means for production
    exit code 2
    ");
    home.write("part.yaml", "extends: demo\n");
    assert_snapshot!(home.run("fetch demo -f part.yaml"), @"
    stderr: error: part.yaml:1: `extends` stands in a profile's own file, not in what is laid over it; leave it out
    exit code 2
    ");
    assert_snapshot!(home.run("fetch demo -f parts.yaml"), @"
    stderr: error: parts.yaml: cannot be read: No such file or directory (os error 2)
    exit code 2
    ");
    assert_snapshot!(home.run("fetch --set istio=null"), @"
    stderr: error: the profile `demo` installs no Istio, so that there is nothing to fetch
    exit code 2
    ");
}

#[test]
fn a_kustomization_in_a_profile_is_named_with_its_line() {
    let home = Home::new();
    home.knows(&format!("https://{}", closed()));
    home.write("part.yaml", "layers:\n- name: staging\n  kustomization:\n    imags: []\n");
    assert_snapshot!(home.run("demo -f part.yaml"), @"
    stderr: error: layer `staging`: part.yaml:3: there is no field `imags`; did you mean `images`?
    exit code 2
    ");
}

#[test]
fn what_is_laid_over_a_profile_does_not_stand_before_a_command() {
    assert_snapshot!(Home::new().run("-f mine.yaml install --profile demo"), @"
    stderr: error: --file stands before `install`; options come after the command
    stderr:
    stderr: Usage: kubestock-install [OPTIONS] <PROFILE>
    stderr:        kubestock-install <COMMAND>
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
}

#[test]
fn the_example_in_the_documentation_is_what_is_printed() {
    let documentation = std::fs::read_to_string(repository("docs/profiles.md")).unwrap();
    let (_, example) = documentation.split_once("For example, `base.yaml` and `site.yaml`:").unwrap();
    let mut files = example.split("```yaml\n").skip(1).map(|text| text.split_once("```").unwrap().0);
    let home = Home::new();
    home.write("base.yaml", files.next().unwrap());
    home.write("site.yaml", files.next().unwrap());
    let (_, session) = example.split_once("    $ kubestock-install ").unwrap();
    let (arguments, printed) = session.split_once('\n').unwrap();
    let printed = printed.lines().map_while(|line| line.strip_prefix("    "));
    let printed: String = printed.flat_map(|line| [line, "\n"]).collect();
    assert_eq!(home.run(arguments).out, printed);
}

#[test]
fn the_schema_that_is_printed_is_the_published_one() {
    let published = std::fs::read_to_string(repository("docs/schema/profile.schema.json")).unwrap();
    let told = Home::new().run("profiles schema");
    assert!(
        told.out == published,
        "run `cargo run -- profiles schema > docs/schema/profile.schema.json`; printed was\n{}",
        told.out
    );
}
