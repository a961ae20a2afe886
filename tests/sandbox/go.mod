module kubestock/sandbox

go 1.26.0
