# kube-ipam and ipamctl: what to run. `make` alone lists the targets.

PREFIX ?= /usr/local
CNI_BIN_DIR ?= /opt/cni/bin
DESTDIR ?=

SWIFT ?= swift
INSTALL ?= install
# Most tests run an etcd of their own: with many more of them at once than cores, their deadlines pass.
TESTS_AT_ONCE ?= 4
RELEASE := .build/release
SHELL_SCRIPTS = $(shell grep -rIl --exclude-dir=.build '^\#!.*\b\(bash\|sh\)$$' scripts .ci Benchmarks)
PYTHON_SCRIPTS = $(shell grep -rIl '^\#!.*\bpython3$$' scripts Benchmarks) $(shell find Tests Benchmarks -name '*.py')

.DEFAULT_GOAL := help
.PHONY: help setup build demo test unit e2e bench lint install clean

help: ## lists the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

setup: ## installs what building needs and this machine lacks
	@scripts/setup

build: setup ## builds kube-ipam and ipamctl, release, with the Swift runtime linked in
	scripts/build-release

demo: ## shows the programs at work on a private etcd
	@scripts/demo

test: ## builds the debug products and runs every test (needs root for the network namespaces)
	@scripts/setup --test
	scripts/check-manifests
	$(SWIFT) build --build-tests
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TESTS_AT_ONCE) $(SWIFT) test --skip-build

# A test that needs an etcd or root says so: .needs(.etcd, .root).
unit: ## of these only the tests that need neither root nor an etcd: seconds, once the products are built
	$(SWIFT) build --build-tests
	@KUBE_IPAM_TESTS=unit $(SWIFT) test --skip-build

e2e: ## of these only the tests with real containers and real CNI plugins
	@scripts/setup --test
	$(SWIFT) build --build-tests
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TESTS_AT_ONCE) $(SWIFT) test --skip-build \
		--filter '\.EndToEnd[A-Za-z]*/'

bench: setup ## measures against the limits of the design and prints the ratios
	@Benchmarks/run
	@if [ "$$(id -u)" = 0 ]; then Benchmarks/rebuild; else echo "Benchmarks/rebuild needs root: run it with sudo"; fi

lint: setup ## checks the form of the Swift sources and of the scripts
	$(SWIFT) format lint --strict --recursive --configuration .swift-format Sources Tests Package.swift Benchmarks
	shellcheck $(SHELL_SCRIPTS)
	pyflakes3 $(PYTHON_SCRIPTS)
	scripts/check-layers

# What `make build` made is installed as it is, so that root needs no compiler: make build && sudo make install
install: ## installs what was built, stripped: DESTDIR=, PREFIX=/usr/local, CNI_BIN_DIR=/opt/cni/bin
	$(INSTALL) -D -s -m 755 $(RELEASE)/kube-ipam $(DESTDIR)$(CNI_BIN_DIR)/kube-ipam
	$(INSTALL) -D -s -m 755 $(RELEASE)/ipamctl $(DESTDIR)$(PREFIX)/bin/ipamctl

clean: ## removes what was built, and the etcd that `make test` fetched
	$(SWIFT) package clean
