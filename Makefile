# Two commands do everything: `make demo` to see it, `make test` to prove it.

.PHONY: demo demo-down test lint unit e2e bench fuzz nightly reproducible sandbox-down

demo:
	@scripts/demo up

demo-down:
	@scripts/demo down

test: lint unit e2e

lint:
	@scripts/lint

unit:
	cargo test --locked

e2e:
	@scripts/e2e

# The renderer beside kubectl's; docs/performance.md tells how to read it.
bench:
	cargo bench --locked --bench render

# Any bytes as YAML and as kustomizations, a minute each; takes a nightly toolchain and cargo-fuzz.
fuzz:
	cargo +nightly fuzz run yaml -- -max_total_time=60 -rss_limit_mb=512
	cargo +nightly fuzz run kustomization -- -max_total_time=60 -rss_limit_mb=512

# What is too long for every change: all property cases, a release built twice, and the end-to-end tests from
# cold images.
nightly: lint reproducible
	PROPTEST_CASES=20000 cargo test --locked
	@scripts/e2e --fresh

reproducible:
	@scripts/reproducible
