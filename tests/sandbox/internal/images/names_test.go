package images

import "testing"

func TestNamesAreToldInFull(t *testing.T) {
	for name, want := range map[string]string{
		"busybox":                         "docker.io/library/busybox:latest",
		"grafana/grafana:9.0.1":           "docker.io/grafana/grafana:9.0.1",
		"quay.io/kiali/kiali:v1.67":       "quay.io/kiali/kiali:v1.67",
		"localhost/thing:1":               "localhost/thing:1",
		"registry:5000/thing":             "registry:5000/thing:latest",
		"docker.io/hashicorp/http-echo:1": "docker.io/hashicorp/http-echo:1",
	} {
		if got := fullName(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
