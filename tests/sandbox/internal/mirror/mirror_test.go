package mirror

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"kubestock/sandbox/internal/tree"
)

func TestADigestDependsOnTheFilesAlone(t *testing.T) {
	var digests []string
	for range 2 {
		dir := t.TempDir()
		release := tree.Tree{}
		release.Text("istio/bin/istioctl", "program")
		release.Text("istio/samples/addons/kiali.yaml", "kind: Service\n")
		if err := pack(release, dir, "istio.tar.gz"); err != nil {
			t.Fatal(err)
		}
		digest, err := readDigest(dir, "istio.tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("got %q", digests)
	}
}

func TestADamagedDigestIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.sha256"), []byte("abc a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readDigest(dir, "a"); err == nil {
		t.Error("no error")
	}
}

func TestADownloadCanGoOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go (&Mirror{Dir: dir}).Serve(listener)
	request, err := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String()+"/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=4-")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusPartialContent || string(body) != "456789" {
		t.Errorf("got %d %q %v", answer.StatusCode, body, err)
	}
}
