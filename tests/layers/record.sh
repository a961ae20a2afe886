#!/usr/bin/env bash
# Records what the kubectl in $KUBECTL (any from 1.32 on, kustomize v5.5) makes of the embedded layers.
set -euo pipefail
kubectl=${KUBECTL:-kubectl}
cd "$(dirname "$0")"
gitops=../../gitops
"$kubectl" kustomize $gitops/base >base.yaml
"$kubectl" kustomize $gitops/overlays/staging >staging.yaml

# The component needs a kustomization that names it, in a tree of its own: kubectl wants files, not text.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -r $gitops/. "$tree"
mkdir "$tree/overlays/external"
cat >"$tree/overlays/external/kustomization.yaml" <<'YAML'
resources:
  - ../staging
components:
  - ../../components/external-secrets
YAML
"$kubectl" kustomize "$tree/overlays/external" >external-secrets.yaml
