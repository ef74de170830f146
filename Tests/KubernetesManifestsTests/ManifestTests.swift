import IPAMKit
import KubernetesManifests
import TestSupport
import Testing

private func read(_ text: String, namespace: String? = nil) throws -> Manifest {
    var manifest = Manifest()
    try manifest.add(Array(text.utf8), file: "deploy.yaml", namespace: namespace.map { try Namespace($0) })
    return manifest
}

/// The error of a manifest that cannot be used.
private func problem(_ text: String) throws -> String {
    do {
        _ = try read(text)
        return ""
    } catch let error as ManifestError {
        return error.description
    }
}

@Suite struct ManifestTests {
    @Test func thePublishedSampleIsADeploymentWithItsAnnotations() throws {
        let object = try #require(try read(PublishedManifest.deployment).objects.first)
        #expect(object.description == "default/deploy/fixed-ip-test" && object.replicas == 1)
        #expect(object.rollout == Rollout(replicas: 1, strategy: .rolling(maxUnavailable: 1)))
        #expect(object.annotations.mapValues(\.value)["kube-ipam.ip"] == "10.188.0.216")
        #expect(object.annotations["kube-ipam.netmask"]?.place.line == 24 && object.place.line == 2)
        #expect(object.annotations.count == 3 && object.ownAnnotations.isEmpty)
    }

    @Test func everyKindHasItsPods() throws {
        func workload(_ kind: String, _ spec: String, version: String = "apps/v1") throws -> PlannedObject {
            let text = "{apiVersion: \(version), kind: \(kind), metadata: {name: x}, spec: {\(spec) template: {}}}"
            return try #require(try read(text).objects.first, "\(text)")
        }
        #expect(try workload("Deployment", "").replicas == 1)
        #expect(try workload("Deployment", "replicas: 0,").replicas == 0)
        #expect(try workload("Deployment", "replicas: null,").replicas == 1)
        #expect(
            try workload("Deployment", "replicas: 10, strategy: {rollingUpdate: {maxUnavailable: 15%}},").rollout
                == Rollout(replicas: 10, strategy: .rolling(maxUnavailable: 1)))
        #expect(
            try workload("Deployment", "strategy: {type: Recreate},").rollout
                == Rollout(replicas: 1, strategy: .recreate))
        let set = try workload("StatefulSet", "replicas: 3, ordinals: {start: 5},")
        #expect(set.replicas == 3 && set.firstOrdinal == 5 && set.description == "default/sts/x")
        #expect(try workload("DaemonSet", "").replicas == nil)
        #expect(try workload("ReplicaSet", "replicas: 4,").replicas == 4)
        #expect(try workload("Job", "parallelism: 5, completions: 3,", version: "batch/v1").replicas == 3)
        #expect(try workload("Job", "parallelism: 5,", version: "batch/v1").replicas == 5)
        #expect(try workload("Job", "suspend: true,", version: "batch/v1").replicas == 0)
        let cron = try #require(
            try read(
                """
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: nightly}
                spec:
                  concurrencyPolicy: Forbid
                  jobTemplate:
                    spec:
                      parallelism: 2
                      template:
                        metadata:
                          annotations:
                            kube-ipam.ip: 10.188.0.9
                """
            ).objects.first)
        #expect(cron.replicas == 2 && !cron.mayOverlap && cron.annotations["kube-ipam.ip"]?.value == "10.188.0.9")
    }

    @Test func listsOfAllKindsAreOpened() throws {
        let manifest = try read(
            """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}},
              {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [
                {"metadata": {"name": "b"}, "spec": {"template": {"metadata": null}}}]},
              {"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "s"}}]}]}
            """, namespace: "shop")
        #expect(manifest.objects.map(\.description) == ["shop/a", "shop/deploy/b"])
        #expect(manifest.skippedKinds == ["Service": 1])
    }

    @Test func anObjectOfAnotherNamespaceThanTheRequiredOneIsRefused() throws {
        let pod = { (namespace: String) in "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: \(namespace)}" }
        #expect(try read(pod("shop")).objects.map(\.description) == ["shop/a"])
        #expect(try read(pod("shop"), namespace: "shop").objects.map(\.description) == ["shop/a"])
        let error = #expect(throws: ManifestError.self) { try read(pod("kube-system"), namespace: "shop") }
        #expect(error?.description == "deploy.yaml, line 3: metadata.namespace is kube-system, not shop")
    }

    @Test func whatHasNoAddressOfAPoolIsSkippedWithTheReason() throws {
        let manifest = try read(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c}
            ---
            apiVersion: extensions/v1beta1
            kind: Deployment
            metadata: {name: old}
            ---
            # empty
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: host}
            spec: {hostNetwork: true}
            ---
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-6d9b74fd4d-xjhek
              ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-6d9b74fd4d, controller: true}]
            """)
        #expect(manifest.objects.isEmpty)
        #expect(manifest.skippedKinds == ["ConfigMap": 1, "Deployment (extensions/v1beta1)": 1])
        #expect(manifest.skippedObjects.map(\.object.description) == ["default/host", "default/web-6d9b74fd4d-xjhek"])
        #expect(manifest.skippedObjects.first?.reason.contains("hostNetwork") == true)
        #expect(manifest.skippedObjects.last?.reason.contains("ReplicaSet web-6d9b74fd4d") == true)
    }

    @Test func valuesThatAreNoStringsAreKeptToBeJudged() throws {
        let manifest = try read(
            """
            apiVersion: v1
            kind: Pod
            metadata:
              generateName: job-
              annotations:
                kube-ipam.netmask: 16
                kube-ipam.ip: |
                  10.188.0.9
                a: yes
                b:
            """)
        let object = try #require(manifest.objects.first)
        #expect(object.isNameGenerated && object.description == "default/job-*")
        #expect(object.annotations["kube-ipam.netmask"]?.value == nil)
        #expect(object.annotations["kube-ipam.netmask"]?.kind == "a number")
        #expect(object.annotations["kube-ipam.netmask"]?.place.line == 6)
        #expect(object.annotations["kube-ipam.ip"]?.value == "10.188.0.9\n")
        #expect(object.annotations["a"]?.value == nil && object.annotations["b"]?.value == "")
    }

    @Test func errorsNameTheFileTheLineAndThePath() throws {
        let start = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
        for (text, message) in [
            (
                start + "  replicas: three\n  template: {}",
                "deploy.yaml, line 6: spec.replicas must be a number, not a string"
            ),
            (
                start + "  replicas: -1\n  template: {}",
                "deploy.yaml, line 6: spec.replicas must be a whole number from 0 to 2147483647"
            ),
            (start + "  replicas: 1", "deploy.yaml, line 6: spec.template is missing"),
            (
                start + "  template:\n    metadata:\n      annotations: []",
                "deploy.yaml, line 8: spec.template.metadata.annotations must be a mapping, not a list"
            ),
            (
                start + "  strategy: {rollingUpdate: {maxSurge: many}}\n  template: {}",
                "deploy.yaml, line 6: spec.strategy.rollingUpdate.maxSurge must be a number or a percentage, such as 1 or 25%"
            ),
            ("kind: Pod\nmetadata: {name: x}", "deploy.yaml, line 1: apiVersion is missing"),
            ("a: 1", "deploy.yaml, line 1: kind is missing: this is no object of Kubernetes"),
            (
                "- a", "deploy.yaml, line 1: an object must be a mapping with apiVersion and kind, not a list"
            ),
            ("apiVersion: v1\nkind: Pod\nmetadata: {}", "deploy.yaml, line 3: metadata.name is missing"),
            ("apiVersion: v1\nkind: Pod", "deploy.yaml, line 1: metadata is missing"),
            (
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: Web_1",
                "deploy.yaml, line 4: metadata.name: Kubernetes does not accept \"Web_1\""
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 1",
                "deploy.yaml, line 4: metadata.name must be a string, not a number"
            ),
            ("apiVersion: v1\nkind: List\nitems: [1]", "deploy.yaml, line 3: an object must be a mapping"),
        ] {
            let found = try problem(text)
            #expect(found.hasPrefix(message), "\(text): \(found)")
        }
        #expect(try problem("a: {{ .Values.x }}").hasPrefix("deploy.yaml, line 1: column "))
    }

    /// Whatever a manifest has, it is read or refused with a place.
    @Test func randomManifestsNeverCrash() throws {
        var random = SeededGenerator(seed: 20_261)
        let pieces = [
            "apiVersion: v1", "apiVersion: apps/v1", "kind: Pod", "kind: Deployment", "kind: List", "kind: CronJob",
            "items:",
            "- ", "  ", "    ", "metadata:", "spec:", "template:", "annotations:", "kube-ipam.ip: 10.188.0.9",
            "name: x",
            "replicas: 3", "replicas: 99999999999999999999", "replicas: 0x7fffffff", "\n", "---", "{", "}", "[", "]",
            "null",
            "jobTemplate:", "&a ", "*a", "\"", "'", "|", ": ", "\u{0}", "é", "generateName: y-", "strategy:", "25%",
            "maxSurge: 200%", "ordinals: {start: 2147483647}",
        ]
        let whole = PublishedManifest.deployment.split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        for _ in 0..<Repetitions.of(4_000) {
            var lines = Bool.random(using: &random) ? whole : []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let piece = pieces.randomElement(using: &random) ?? ""
                let line = String(repeating: " ", count: Int.random(in: 0...3, using: &random) * 2) + piece
                lines.insert(line, at: Int.random(in: 0...lines.count, using: &random))
            }
            if Bool.random(using: &random), !lines.isEmpty {
                lines.remove(at: Int.random(in: 0..<lines.count, using: &random))
            }
            do {
                for object in try read(lines.joined(separator: "\n")).objects {
                    #expect(object.place.line > 0 && object.place.line <= lines.count, "\(random)")
                    #expect(object.replicas ?? 0 <= Int(Int32.max) && object.replicas ?? 0 >= 0, "\(random)")
                }
            } catch let error as ManifestError {
                #expect(error.place.line > 0 && !error.problem.isEmpty, "\(random): \(error)")
            }
        }
    }
}
