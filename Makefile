# Two commands do everything: `make demo` to see it, `make test` to prove it.

.PHONY: demo demo-down test lint unit browser e2e bench book fuzz nightly reproducible sandbox-down

demo:
	@scripts/demo up

demo-down:
	@scripts/demo down

test: lint unit browser e2e

lint:
	@scripts/lint

unit:
	cargo test --locked

# The page of --timings in a real browser, which is installed where it is missing.
browser:
	@scripts/browser

e2e:
	@scripts/e2e

# The renderer beside kubectl's, downloads beside curl, tar and sha256sum, applying beside kubectl, kapp, helm and a bare
# client, and what is told beside a bare watch; docs/performance.md tells how to read it.
bench:
	cargo bench --locked --bench render
	cargo bench --locked --bench fetch
	cargo bench --locked --profile dist --bench start
	cargo bench --locked --bench apply
	cargo bench --locked --bench said
	cargo bench --locked --bench whole

# The documents as a book, in target/book.
book:
	@scripts/book

# Every parser with what no one would think of, a minute each; `scripts/fuzz TARGET SECONDS` takes longer.
fuzz:
	@scripts/fuzz --all

# What is too long for every change: all property cases, a release built twice, parsers fuzzed for an hour, and the
# end-to-end tests from cold images.
nightly: lint reproducible
	@scripts/fuzz --all 450
	PROPTEST_CASES=20000 KUBESTOCK_SEEDS=100000 cargo test --locked
	@scripts/e2e --fresh

reproducible:
	@scripts/reproducible
