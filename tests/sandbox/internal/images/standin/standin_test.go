package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEveryPathIsEchoed(t *testing.T) {
	for _, path := range []string{"/", "/health", "/api/things?x=1"} {
		answer := httptest.NewRecorder()
		echoing("ms-order", http.StatusTeapot).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusTeapot || answer.Body.String() != "ms-order\n" {
			t.Errorf("%s: %d %q", path, answer.Code, answer.Body)
		}
	}
}

func TestAnAddonAgreesToItsProbes(t *testing.T) {
	answer := httptest.NewRecorder()
	agreeing("kiali").ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/kiali/healthz", nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"path":"/kiali/healthz"`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestAnAddonWithoutPortsSaysSo(t *testing.T) {
	t.Setenv(portsVariable, "")
	if err := addon("kiali"); err == nil {
		t.Error("no error")
	}
}
