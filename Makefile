# Builds, tests and installs kube-ipam and ipamctl. `make` without a target lists the targets.

PREFIX ?= /usr/local
CNI_BIN_DIR ?= /opt/cni/bin
DESTDIR ?=

SWIFT ?= swift
INSTALL ?= install
# Most tests start their own etcd. If many more tests than cores run at once, they miss their deadlines.
TESTS_AT_ONCE ?= 4
# For example BENCH_OPTIONS=--quick; 'Benchmarks/run --help' lists them.
BENCH_OPTIONS ?=
RELEASE := .build/release
SHELL_SCRIPTS = $(shell grep -rIl --exclude-dir=.build '^\#!.*\b\(bash\|sh\)$$' scripts .ci Benchmarks)
PYTHON_SCRIPTS = $(shell grep -rIl '^\#!.*\bpython3$$' scripts Benchmarks) $(shell find Tests Benchmarks -name '*.py')

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-archives unit e2e bench completions manual lint install clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

setup: ## install the missing Debian packages and check the Swift toolchain
	@scripts/setup

build: setup ## build the release programs, with the Swift runtime linked in
	scripts/build-release

demo: ## show the programs at work on a private etcd
	@scripts/demo

test: ## build the debug programs and run every test (needs root for the network namespaces)
	@scripts/setup --test
	scripts/check-manifests
	$(SWIFT) build --build-tests
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TESTS_AT_ONCE) $(SWIFT) test --skip-build

test-archives: ## run the tests of transfers and of etcd with the libcurl that is linked into the release programs
	@scripts/setup --test
	$(SWIFT) build --build-tests
	@SWIFT=$(SWIFT) TESTS_AT_ONCE=$(TESTS_AT_ONCE) scripts/test-archives

# A test that needs an etcd or root says so: .needs(.etcd, .root).
unit: ## run only the tests that need neither root nor etcd: seconds, once the programs are built
	$(SWIFT) build --build-tests
	@KUBE_IPAM_TESTS=unit $(SWIFT) test --skip-build

e2e: ## run only the tests with real containers and real CNI plugins
	@scripts/setup --test
	$(SWIFT) build --build-tests
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TESTS_AT_ONCE) $(SWIFT) test --skip-build \
		--filter '\.EndToEnd[A-Za-z]*/'

bench: setup ## measure time, size and memory, and compare them with the limits (needs root for the last part)
	@Benchmarks/run $(BENCH_OPTIONS)

# The scripts are texts of ipamctl, so that 'ipamctl completion' can print them.
completions: ## write the files in completions/ anew
	$(SWIFT) build --product ipamctl
	scripts/generate-completions

# The completions and the manual are compared with what the built ipamctl prints.
lint: setup ## check format, scripts, order of the source folders, version, completions, manual
	$(SWIFT) format lint --strict --recursive --configuration .swift-format Sources Tests Package.swift Benchmarks
	shellcheck $(SHELL_SCRIPTS)
	pyflakes3 $(PYTHON_SCRIPTS)
	shellcheck --shell=bash completions/ipamctl.bash
	scripts/check-layers
	scripts/check-version
	$(SWIFT) build --product ipamctl
	scripts/generate-completions --check
	scripts/generate-manual --check

manual: ## write the manual pages of ipamctl anew, from its help
	$(SWIFT) build --product ipamctl
	scripts/generate-manual

# Installs the programs that `make build` made, so that root needs no compiler: make build && sudo make install
install: ## install programs, completions and manual (DESTDIR=, PREFIX=/usr/local, CNI_BIN_DIR=/opt/cni/bin)
	$(INSTALL) -D -s -m 755 $(RELEASE)/kube-ipam $(DESTDIR)$(CNI_BIN_DIR)/kube-ipam
	$(INSTALL) -D -s -m 755 $(RELEASE)/ipamctl $(DESTDIR)$(PREFIX)/bin/ipamctl
	ln -sf ipamctl $(DESTDIR)$(PREFIX)/bin/kubectl-ipam
	ln -sf ipamctl $(DESTDIR)$(PREFIX)/bin/kubectl_complete-ipam
	$(INSTALL) -D -m 644 completions/ipamctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ipamctl
	$(INSTALL) -D -m 644 completions/_ipamctl $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ipamctl
	$(INSTALL) -D -m 644 completions/ipamctl.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ipamctl.fish
	for section in 1 5 8; do \
		$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/man/man$$section && \
		$(INSTALL) -m 644 man/*.$$section $(DESTDIR)$(PREFIX)/share/man/man$$section || exit 1; \
	done

clean: ## remove what was built, and the tools that `make test` downloaded
	$(SWIFT) package clean
