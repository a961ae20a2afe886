package plane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"kubestock/sandbox/internal/certs"
	"kubestock/sandbox/internal/instance"
)

// Client asks the API server the few things that tell whether a cluster is up.
type Client struct {
	http   *http.Client
	server string
}

// NewClient has all rights.
func NewClient(of *instance.Instance) (*Client, error) {
	pair, err := tls.LoadX509KeyPair(of.Path("pki", certs.Admin+".crt"), of.Path("pki", certs.Admin+".key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(of.Path("pki", certs.CA+".crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &Client{
		server: of.Plan().Server(),
		http: &http.Client{
			Timeout: 5 * time.Second,
			// No proxy of the environment: the server is on this machine.
			Transport: &http.Transport{TLSClientConfig: &tls.Config{
				Certificates: []tls.Certificate{pair},
				RootCAs:      roots,
			}},
		},
	}, nil
}

// Ready says what keeps the API server from being ready.
func (c *Client) Ready(ctx context.Context) error {
	return answers(ctx, c.http, c.server+"/readyz")
}

// NodeReady says what keeps the node from taking pods.
func (c *Client) NodeReady(ctx context.Context, name string) error {
	var node struct {
		Spec struct {
			Taints []struct{ Key string }
		}
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := c.get(ctx, "/api/v1/nodes/"+name, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status != "True" {
			return fmt.Errorf("node %s is not ready: %s", name, condition.Message)
		}
	}
	if len(node.Status.Conditions) == 0 {
		return fmt.Errorf("node %s has not reported yet", name)
	}
	// The node controller takes the taint away a moment after the node is ready.
	for _, taint := range node.Spec.Taints {
		return fmt.Errorf("node %s has the taint %s", name, taint.Key)
	}
	return nil
}

// Exists says why there is nothing at an API path.
func (c *Client) Exists(ctx context.Context, path string) error {
	return c.get(ctx, path, &struct{}{})
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	response, err := fetch(ctx, c.http, c.server+path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// answers says why a URL does not answer 200.
func answers(ctx context.Context, client *http.Client, url string) error {
	response, err := fetch(ctx, client, url)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func fetch(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
		response.Body.Close()
		return nil, fmt.Errorf("%s: %s: %s", url, response.Status, strings.TrimSpace(string(body)))
	}
	return response, nil
}
