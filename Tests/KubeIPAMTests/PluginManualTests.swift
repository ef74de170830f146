import Foundation
import IPAMKit
import TestSupport
import Testing

/// kube-ipam.8 and kube-ipam.conf.5, which are written by hand, against the plugin.
@Suite struct PluginManualTests {
    private struct Key {
        let name: String
        let example: JSONValue
        /// Where it stands in a configuration: `[]`, `["ipam"]` or `["ipam", "etcdConfig"]`.
        let parents: [String]
    }

    /// The keys that kube-ipam.conf.5 describes, each with its example.
    private func keys() throws -> [Key] {
        try ManualPage("kube-ipam.conf.5").items.flatMap { item in
            let names = item.names("Ic")
            guard !names.isEmpty else { return [Key]() }
            let example = try JSONValue(parsing: "{\(try #require(item.literal, "no example for \(names)"))}")
            return names.map { name in
                let parents =
                    switch item.section {
                    case "Keys of ipam: etcd" where name != "etcdConfig": ["ipam", "etcdConfig"]
                    case let section where section.hasPrefix("Keys of ipam") || section.hasPrefix("Other keys of ipam"):
                        ["ipam"]
                    default: [String]()
                    }
                return Key(name: name, example: example, parents: parents)
            }
        }
    }

    private let least: JSONObject = [
        "cniVersion": "1.0.0", "name": "net",
        "ipam": ["type": "kube-ipam", "subnet": "10.188.0.0/16", "etcdConfig": ["etcdURL": "http://127.0.0.1:2379"]],
    ]

    /// The least configuration with further members.
    private func configuration(_ members: JSONObject, in parents: [String]) -> JSONObject {
        func adding(_ object: JSONObject, _ parents: ArraySlice<String>) -> JSONObject {
            var object = object
            if let first = parents.first {
                object[first] = .object(adding(object[first]?.object ?? [:], parents.dropFirst()))
            } else {
                for member in members.members { object[member.key] = member.value }
            }
            return object
        }
        return adding(least, parents[...])
    }

    private func read(_ object: JSONObject) throws -> NetworkConfiguration {
        try NetworkConfiguration(json: Array(JSONValue.object(object).serialized().utf8))
    }

    @Test func eachKeyOfThePageIsReadByThePlugin() throws {
        // The first two are of no consequence; of the others only the command that needs them reads the contents.
        let unchecked = ["type", "name", "prevResult", "cniVersions"]
        for key in try keys() {
            let members = try #require(key.example.object)
            #expect(
                members.members.contains { $0.key == key.name } || key.name == "etcdTrustedCAFile"
                    || key.name == "cni.dev/attachments", "the example of \(key.name) lacks it")
            #expect(throws: Never.self, "the example of \(key.name)") {
                _ = try read(configuration(members, in: key.parents))
            }
            guard !unchecked.contains(key.name) else { continue }
            // A wrong kind of value is noticed, and the error message has the path of the key.
            let example = members[key.name]
            let wrong: JSONValue = example?.array == nil && example?.object == nil ? ["17"] : .number("17")
            let path = (key.parents + [key.name]).joined(separator: ".")
            do {
                _ = try read(configuration([key.name: wrong], in: key.parents))
                Issue.record("\(path) is not read")
            } catch let error as ConfigurationError {
                #expect("\(error)".contains(key.parents.isEmpty ? key.name : path), "\(error)")
            }
        }
    }

    /// The reader has no list of its keys, so they are taken from its source.
    @Test func eachKeyThatThePluginReadsIsInThePage() throws {
        let folder = BuildProducts.packageRoot.appendingPathComponent("Sources/IPAMKit/Configuration")
        var read: Set<String> = []
        let calls =
            /[ .](?:string|secret|address|block|blockOfAddress|integer|reader|elements|nonEmpty)\(((?:"[^"]+"(?:, )?)+)/
        let lookups =
            /(?:self|top|ipam|reader|store|runtime)\??\["([^"]+)"\]|keyword\(ipam, "([^"]+)"|Key = "([^"]+)"/
        for file in [
            "NetworkConfiguration+Reading", "NetworkConfiguration+Freeing", "RangeConfiguration", "ConfigurationReader",
        ] {
            let source = try String(contentsOf: folder.appendingPathComponent("\(file).swift"), encoding: .utf8)
            for call in source.matches(of: calls) {
                read.formUnion(call.1.matches(of: /"([^"]+)"/).map { String($0.1) })
            }
            for lookup in source.matches(of: lookups) {
                read.formUnion([lookup.1, lookup.2, lookup.3].compactMap { $0.map(String.init) })
            }
        }
        #expect(read.count > 40, "the keys are found: \(read.sorted())")
        let page = try ManualPage("kube-ipam.conf.5")
        let named = Set(
            page.text.split(separator: "\n").filter { $0.hasPrefix(".") }
                .flatMap { $0.split(separator: " ").map(String.init) })
        #expect(read.isSubset(of: named), "kube-ipam.conf.5 lacks \(read.subtracting(named).sorted())")
        let items = Set(page.items.flatMap { $0.names("Ic") }).subtracting(["type"])
        #expect(items.isSubset(of: read), "kube-ipam.conf.5 has keys that are not read: \(items.subtracting(read))")
    }

    @Test func theLimitsAndDefaultsOfThePageAreThoseOfThePlugin() throws {
        let text = try ManualPage("kube-ipam.conf.5").text
        func paragraph(_ key: String) throws -> String {
            let start = try #require(text.range(of: ".It Ic \(key) Pq"))
            let rest = text[start.upperBound...]
            return String(rest[..<(rest.range(of: "\n.It ")?.lowerBound ?? rest.endIndex)])
        }
        let timeout = try paragraph("timeout")
        #expect(timeout.contains("Default: \(Int(NetworkConfiguration.defaultTimeoutSeconds))."))
        #expect(timeout.contains("at most \(Int(NetworkConfiguration.longestTimeoutSeconds))."))
        let wait = try paragraph("waitForRelease")
        #expect(wait.contains("Default: \(Int(NetworkConfiguration.defaultWaitForReleaseSeconds))."))
        #expect(wait.contains("Range: 0 to \(Int(NetworkConfiguration.longestWaitForReleaseSeconds)),"))
        let depth = try paragraph("historyDepth")
        #expect(depth.contains("Range: 0 to \(History.largestDepth)."))
        #expect(depth.contains("Default: \(History.defaultDepth)."))
        #expect(try paragraph("logFile").contains(NetworkConfiguration.defaultLogFile))
        #expect(try paragraph("kubeConfig").contains(NetworkConfiguration.defaultKubeConfig))
        for level in LogLevel.allCases { #expect(try paragraph("logLevel").contains(".Dq \(level.rawValue)")) }
        for version in CNIVersion.allCases { #expect(try paragraph("cniVersion").contains(version.rawValue)) }
    }

    @Test(.needs(.etcd)) func thePluginAcceptsTheCompleteExamples() async throws {
        let examples = try ManualPage("kube-ipam.conf.5").examples
        #expect(examples.count == 3)
        for example in examples {
            var object = try #require(try JSONValue(parsing: example.text).object)
            if let plugin = object["plugins"]?.array?.first?.object {
                // As a runtime passes a plugin of a list.
                let list = object
                object = plugin
                object["name"] = list["name"]
                object["cniVersion"] = list["cniVersion"]
            }
            #expect(throws: Never.self, "\(example.text)") { _ = try read(object) }
            // The same on the etcd and in the files of this test.
            var network = try await PluginNetwork(in: EtcdServer.start())
            for member in object.members where member.key != "name" && member.key != "ipam" {
                network.configuration[member.key] = member.value
            }
            let places = network.ipam
            var ipam = try #require(object["ipam"]?.object)
            for key in ["etcdConfig", "logFile"] { ipam[key] = places[key] }
            network.ipam = ipam
            let addresses = try await network.add("c1").addresses()
            #expect(addresses.count == (ipam["ranges"]?.array?.count ?? 1), "\(addresses)")
        }
    }

    @Test func thePageOfThePluginHasEachCommandAndEachErrorCode() throws {
        let page = try ManualPage("kube-ipam.8")
        let codes = page.items.filter { $0.section == "DIAGNOSTICS" }
            .flatMap { $0.head.split(separator: " ").compactMap { Int($0) } }
        #expect(Set(codes) == Set(CNIErrorCode.allCases.map(\.rawValue)))
        let operations = page.items.filter { $0.section == "Operations" }.flatMap { $0.names("Cm") }
        #expect(Set(operations) == Set(CNICommand.allCases.map(\.rawValue)))
    }

    @Test(.needs(.etcd, .root)) func theExamplesOfThePluginsPageWork() async throws {
        let etcd = try await EtcdServer.start()
        let files = try TemporaryDirectory(prefix: "net.d")
        var configuration = least
        configuration["ipam"] = [
            "type": "kube-ipam", "subnet": "10.188.0.0/16", "annotations": "none",
            "etcdConfig": ["etcdURL": .string(etcd.clientURL)],
        ]
        try files.write(JSONValue.object(configuration).serialized(), to: "10-kube-ipam.conf")
        let examples = try ManualPage("kube-ipam.8").examples
        let script = """
            set -e
            mkdir /mnt/bin /mnt/work2
            mount -t overlay none -o lowerdir=/opt,upperdir=/mnt/bin,workdir=/mnt/work2 /opt
            mount -t tmpfs none /var/log
            mkdir -p /opt/cni/bin
            cp "$1" /opt/cni/bin/
            \(examples.map(\.text).joined(separator: "\n"))
            """
        let command = PrivateFolder.command(
            showing: files.path, at: ConfigurationFolder.standard, "/bin/sh",
            ["-c", script, "sh", try BuildProducts.product("kube-ipam").path])
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let output = try await runProcess(command.program, command.arguments, environment: ["PATH": path]).checked()
        #expect(output.stdoutText.contains("supportedVersions") && output.stdoutText.contains("10.188.0.2/16"))
        #expect(output.stdoutText.contains(" info ADD ") && output.stdoutText.contains(" info DEL "))
        #expect(try await etcd.contents(prefix: "/etcd-cni/networks/net/used/").isEmpty)
    }
}
