# Nexus Media Server. `make run` and `make test` do all the set-up on a fresh Debian machine.
SHELL := /bin/sh
export CARGO_TARGET_DIR ?= $(HOME)/.cache/nexus-media/target
export CARGO_TERM_COLOR ?= auto
ADVISORY_DB ?= ../shared/advisory-db
CORPUS_VENV := $(HOME)/.cache/nexus-media/corpus
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.DELETE_ON_ERROR:
.PHONY: help run build release test check test-binaries test-rust test-schema test-ui audit bench deb test-deb test-long test-corpus faults packages preview-packages test-packages browser-files clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

run: packages preview-packages browser-files ## install what is missing, build and serve
	cargo run --locked --profile quick

build: packages browser-files ## build for development
	cargo build --locked

release: packages browser-files ## build the release binary
	cargo build --locked --release

deb: release ## the Debian package, in packaging/build
	@SUDO="$(SUDO)" scripts/packages.sh dpkg-shlibdeps:dpkg-dev
	scripts/deb.sh $(CARGO_TARGET_DIR)/release/nexus-media

test-deb: deb ## lintian, systemd's score, and the package's life in a fresh Debian: install, use, upgrade, purge
	@SUDO="$(SUDO)" scripts/packages.sh lintian:lintian mmdebstrap:mmdebstrap systemd-analyze:systemd systemd-nspawn:systemd-container
	tests/support/package.sh packaging/build/*.deb

test: check test-rust test-schema test-ui ## lints, documentation, advisories, and all tests on both databases

check: packages browser-files audit tests/ui/node_modules/.package-lock.json ## spelling, formatting, lints, documentation, dependencies
	scripts/spelling.sh
	tests/ui/lint.sh
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

test-rust: test-packages browser-files ## unit and API tests on SQLite and MariaDB
	cargo test --locked

# `cargo build` would compile the server again, without the features that only the dependencies of tests turn on.
test-binaries: test-packages browser-files
	cargo test --locked --no-run

test-schema: test-binaries ## test the API against its OpenAPI document with schemathesis
	tests/support/schemathesis.sh $(CARGO_TARGET_DIR)/debug/nexus-media --generation-deterministic --max-examples 30

bench: test-packages browser-files ## compare with nginx and other servers; updates the table in docs/PERFORMANCE.md
	@SUDO="$(SUDO)" scripts/packages.sh wrk:wrk
	cargo build --locked --release
	WRITE=1 scripts/bench.py $(CARGO_TARGET_DIR)/release/nexus-media
	scripts/bench-crowd.py $(CARGO_TARGET_DIR)/release/nexus-media

test-long: faults test-corpus ## tests that take too long for `make test`

# Five copies of each file are more than a thousand.
test-corpus: test-binaries ## files of about sixty formats: kind, shape, colors, date and text of each; places removed from twelve
	@SUDO="$(SUDO)" scripts/packages.sh lame:lame exiftool:libimage-exiftool-perl heif-enc:libheif-examples python3:python3-venv
	python3 -m venv "$(CORPUS_VENV)"
	"$(CORPUS_VENV)/bin/pip" install --quiet -r tests/corpus/requirements.txt
	"$(CORPUS_VENV)/bin/python" tests/corpus/run.py $(CARGO_TARGET_DIR)/debug/nexus-media --copies 5
	"$(CORPUS_VENV)/bin/python" tests/corpus/location.py $(CARGO_TARGET_DIR)/debug/nexus-media

faults: test-packages browser-files ## all fault tests: kill -9, power failure, full disk, database outage (about 30 minutes)
	FAULTS=long cargo test --locked --test faults -- --nocapture

test-ui: test-binaries tests/ui/node_modules/.package-lock.json ## Playwright on SQLite and MariaDB
	cd tests/ui && NEXUS_BINARY=$(CARGO_TARGET_DIR)/debug/nexus-media npm test

audit: ## licences, sources and advisories of all crates
	@scripts/dependencies.sh "$(ADVISORY_DB)"

packages: ## system packages for building
	@SUDO="$(SUDO)" scripts/packages.sh gcc:gcc cmake:cmake nasm:nasm pkg-config:pkg-config mariadb_config:libmariadb-dev node:nodejs npm:npm python3:python3 pip3:python3-pip

preview-packages: ## programs that decode videos, HEIC, AVIF and PDF (optional)
	@SUDO="$(SUDO)" scripts/packages.sh ffmpeg:ffmpeg vipsthumbnail:libvips-tools pdftocairo:poppler-utils

test-packages: packages ## system packages for testing
	@SUDO="$(SUDO)" scripts/packages.sh mariadbd:mariadb-server chromium:chromium ffmpeg:ffmpeg vipsthumbnail:libvips-tools pdftocairo:poppler-utils clamd:clamav-daemon nginx:nginx-light promtool:prometheus php:php-cli /var/lib/dpkg/info/php-mysql.list:php-mysql mkfs.ext4:e2fsprogs curl:curl strace:strace

# The libraries of the pages, each an enhancement, and the common passwords, without which nothing is built.
browser-files: static/vendor/icons.svg vendor/common-passwords.txt vendor/places.bin ## browser libraries and common passwords from npm

static/vendor/icons.svg vendor/common-passwords.txt vendor/places.bin &: node_modules/.package-lock.json scripts/vendor.mjs $(shell find templates src/http -type f 2>/dev/null)
	node scripts/vendor.mjs
	@touch static/vendor/icons.svg vendor/common-passwords.txt vendor/places.bin

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Not `npm ci`: Lighthouse asks for the latest of two packages, and what is not the latest any more would be refused.
tests/ui/node_modules/.package-lock.json: tests/ui/package.json tests/ui/package-lock.json
	cd tests/ui && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

clean: ## remove build products in this folder
	rm -rf node_modules tests/ui/node_modules static/vendor vendor test-results
