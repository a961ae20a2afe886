#!/usr/bin/env bash
# Records expected.yaml of every case with the kubectl in $KUBECTL (any from 1.32 on, kustomize v5.5).
# Cases that must fail have expected-error.txt instead, which is ours and not recorded.
set -euo pipefail
kubectl=${KUBECTL:-kubectl}
cd "$(dirname "$0")/cases"
for case in */; do
    case=${case%/}
    [ -e "$case/expected-error.txt" ] && continue
    layer=$case/in
    [ -d "$layer/layer" ] && layer=$layer/layer
    if ! "$kubectl" kustomize "$layer" >"$case/expected.yaml.new" 2>"$case/expected.err"; then
        echo "$case: $(head -c 300 "$case/expected.err")" >&2
        rm -f "$case/expected.yaml.new" "$case/expected.err"
        continue
    fi
    rm -f "$case/expected.err"
    mv "$case/expected.yaml.new" "$case/expected.yaml"
done
