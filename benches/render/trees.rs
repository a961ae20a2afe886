//! The trees that are rendered.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const DEFINITIONS: usize = 14;

/// Lines of each definition.
const LINES: usize = 1050;

const SERVICES: usize = 12;

/// A base of 14 definitions and twelve services, and an overlay as staging has one: 74 objects. Gives the lines of
/// the definitions.
pub(crate) fn definitions(folder: &Path) -> usize {
    let base = folder.join("base");
    fs::create_dir_all(&base).unwrap();
    fs::create_dir_all(folder.join("overlay")).unwrap();
    let mut resources = String::from("resources:\n");
    let mut lines = 0;
    for at in 0..DEFINITIONS {
        let text = definition(at);
        lines += text.lines().count();
        fs::write(base.join(format!("crd-{at}.yaml")), text).unwrap();
        let _ = writeln!(resources, "- crd-{at}.yaml");
    }
    for at in 0..SERVICES {
        fs::write(base.join(format!("service-{at}.yaml")), service(at)).unwrap();
        let _ = writeln!(resources, "- service-{at}.yaml");
    }
    fs::write(base.join("kustomization.yaml"), resources).unwrap();
    fs::write(folder.join("overlay/kustomization.yaml"), OVERLAY).unwrap();
    lines
}

const OVERLAY: &str = "\
resources: [../base]
namespace: staging
namePrefix: staging-
labels:
- pairs: {env: staging}
  includeSelectors: true
commonAnnotations: {owner: platform}
images:
- {name: registry.example.com/service, newTag: v2}
replicas:
- {name: service-3, count: 3}
patches:
- target: {kind: Deployment}
  patch: |-
    - op: add
      path: /spec/template/spec/priorityClassName
      value: high
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: service-1}
    spec: {template: {spec: {containers: [{name: main, resources: {limits: {cpu: 500m}}}]}}}
";

/// As a generator writes them: deep schemas with long descriptions.
fn definition(at: usize) -> String {
    let mut text = format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    controller-gen.kubebuilder.io/version: v0.14.0
  creationTimestamp: null
  name: things{at}.example.com
spec:
  group: example.com
  names: {{kind: Thing{at}, listKind: Thing{at}List, plural: things{at}, singular: thing{at}}}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
"
    );
    let mut field = 0;
    let mut lines = text.lines().count();
    while lines < LINES {
        let _ = write!(
            text,
            "              field{field}:
                description: |-
                  Field{field} tells how the controller treats the thing, and what it does
                  when the other fields say something else. More at https://example.com/docs
                type: object
                required: [name]
                properties:
                  name:
                    description: Name of the referent; it must be in the same namespace.
                    type: string
                    maxLength: 253
                    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
                  weight: {{type: integer, format: int32, minimum: 0, default: {field}}}
                  mode:
                    type: string
                    enum: [\"\", Always, Never, IfNotPresent]
                x-kubernetes-map-type: atomic
"
        );
        field += 1;
        lines += 18;
    }
    text
}

fn service(at: usize) -> String {
    format!(
        "apiVersion: v1
kind: ServiceAccount
metadata: {{name: service-{at}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: service-{at}}}
data:
  LOG_LEVEL: info
  PORT: \"{port}\"
---
apiVersion: v1
kind: Service
metadata: {{name: service-{at}, labels: {{app: service-{at}}}}}
spec:
  selector: {{app: service-{at}}}
  ports:
  - {{name: http, port: {port}, targetPort: http}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{at}
  labels: {{app: service-{at}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: service-{at}}}}}
  template:
    metadata: {{labels: {{app: service-{at}}}}}
    spec:
      serviceAccountName: service-{at}
      containers:
      - name: main
        image: registry.example.com/service:v1
        envFrom:
        - configMapRef: {{name: service-{at}}}
        ports:
        - {{name: http, containerPort: {port}}}
        readinessProbe: {{httpGet: {{path: /health, port: http}}}}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {{name: service-{at}}}
spec:
  hosts: [service-{at}]
  http:
  - timeout: 30s
    route:
    - destination: {{host: service-{at}}}
",
        port = 3000 + at
    )
}

/// A folder of so many objects, each in a file of its own.
pub(crate) fn flat(folder: &Path, count: usize) {
    let mut kustomization = String::from(
        "namespace: staging\nnamePrefix: staging-\nlabels:\n- pairs: {env: staging}\n  includeSelectors: true\n\
         images:\n- {name: registry.example.com/service, newTag: v2}\nresources:\n",
    );
    for at in 0..count {
        let text = match at % 4 {
            0 => format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c-{at}}}\ndata: {{a: b}}\n"),
            1 => format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a-{at}}}\n"),
            2 => format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: s-{at}}}\n\
                 spec: {{selector: {{app: s}}, ports: [{{port: 80}}]}}\n"
            ),
            _ => format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d-{at}}}\nspec:\n  template:\n    spec:\n\
                 \x20     serviceAccountName: a-{account}\n      containers:\n      - name: main\n\
                 \x20       image: registry.example.com/service:v1\n        envFrom: [{{configMapRef: {{name: c-{config}}}}}]\n",
                account = at - 2,
                config = at - 3
            ),
        };
        fs::write(folder.join(format!("{at}.yaml")), text).unwrap();
        let _ = writeln!(kustomization, "- {at}.yaml");
    }
    fs::write(folder.join("kustomization.yaml"), kustomization).unwrap();
}
