#!/bin/sh
case "$1 $2" in
"profile dump")
    echo 'kind: IstioOperator'
    echo 'spec: {profile: minimal, components: {pilot: {enabled: true}}}' ;;
"manifest generate")
    while [ "$1" != -o ]; do shift; done
    mkdir -p "$2/Base/Pilot/IngressGateways"
    cat > "$2/Base/Base.yaml" <<'END'
apiVersion: v1
kind: ServiceAccount
metadata: {name: istio-reader, namespace: istio-system}
END
    cat > "$2/Base/Pilot/IngressGateways/IngressGateways.yaml" <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {template: {spec: {containers: [{name: istio-proxy, image: 'docker.io/istio/proxyv2:1.18.0'}]}}}
END
    cat > "$2/Base/Pilot/Pilot.yaml" <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: 'docker.io/istio/pilot:1.18.0'}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  values: |-
    {"global": {"hub": "docker.io/istio", "tag": "1.18.0", "proxy": {"image": "proxyv2"}, "proxy_init": {"image": "proxyv2"}}}
  config: |-
    defaultTemplates: [sidecar]
    policy: enabled
    templates:
      sidecar: |
        spec:
          initContainers:
          - name: istio-init
            image: "{{ .ProxyImage }}"
          containers:
          - name: istio-proxy
            image: "{{ .ProxyImage }}"
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector, labels: {app: sidecar-injector}}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {name: istiod, namespace: istio-system, path: /inject}}
END
    ;;
esac
