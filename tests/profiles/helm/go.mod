module kubestock/profiles/helm

go 1.26.0

require helm.sh/helm/v3 v3.18.4

require (
	github.com/pkg/errors v0.9.1 // indirect
	sigs.k8s.io/yaml v1.4.0 // indirect
)
