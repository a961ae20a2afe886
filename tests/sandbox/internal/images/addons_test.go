package images

import (
	"reflect"
	"strings"
	"testing"
)

const helped = `
apiVersion: v1
kind: Service
spec:
  ports:
    - {name: http, port: 80, targetPort: 16686}
    - {name: named, port: 81, targetPort: api-port}
    - {name: same, port: 9411}
---
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - image: "jimmidyson/configmap-reload:v0.8.0"
          ports: [{containerPort: 8080, name: metrics}]
          livenessProbe: {httpGet: {path: /healthz, port: metrics}}
        - image: quay.io/kiali/kiali:v1.67
          command: ["/opt/kiali/kiali", "-config", "/kiali-configuration/config.yaml"]
          ports: [{name: api-port, containerPort: 20001}, {containerPort: 53, protocol: UDP}]
          readinessProbe: {httpGet: {path: /status, port: 13133}}
`

func TestAnAddonListensWhereItsManifestAsks(t *testing.T) {
	got, err := readAddons(strings.NewReader(helped))
	if err != nil {
		t.Fatal(err)
	}
	want := []addon{
		{Image: "docker.io/jimmidyson/configmap-reload:v0.8.0", Ports: []int{8080}},
		{Image: "quay.io/kiali/kiali:v1.67", Command: "/opt/kiali/kiali", Ports: []int{9411, 13133, 16686, 20001}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestAFileWithoutADeploymentIsNoAddon(t *testing.T) {
	if _, err := readAddons(strings.NewReader("kind: Service\n")); err == nil {
		t.Error("no error")
	}
}
