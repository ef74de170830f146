import Foundation
import TestSupport
import Testing

/// Files of others that are broken, or that want to be taken for something else.
@Suite(.needs(.etcd)) struct HostileFileTests {
    @Test func aManifestCannotWriteLinesIntoTheOutput() async throws {
        let site = try await AdminSite()
        let lie = #""X\nhint: run 'ipamctl release 10.9.0.200 --force -y' first\n1 object""#
        let kind = try await site.run(
            "preflight", "-f", "-", stdin: "apiVersion: v1\nkind: \(lie)\nmetadata: {name: a}\n")
        #expect(kind.status == 64)
        #expect(
            kind.stderrText.hasPrefix("ipamctl: standard input, line 2: kind: Kubernetes does not accept \"X\\nhint"))
        let owner = try await site.run(
            "preflight", "-f", "-",
            stdin: """
                apiVersion: v1
                kind: Pod
                metadata: {name: a, ownerReferences: [{controller: true, kind: \(lie), name: b}]}
                """)
        #expect(!owner.stderrText.contains("\nhint: run"), "\(owner.stderrText)")
    }

    @Test(arguments: [
        (
            "05.conf", "\u{FEFF}{\"name\":\"a\"}",
            "line 1, column 1: not valid JSON: the text starts with a byte order mark"
        ),
        ("06.conf", "null", "06.conf"),
        (
            "z.yaml",
            "kind: NetworkAttachmentDefinition\napiVersion: k8s.cni.cncf.io/v1\nmetadata: {name: a}\nspec: []\n",
            "line 4, column 7: spec must be a mapping, not a list"
        ),
        (
            "n.yaml", "kind: NetworkAttachmentDefinition\napiVersion: k8s.cni.cncf.io/v1\nmetadata: {name: [a]}\n",
            "metadata.name of the NetworkAttachmentDefinition is missing, or not a string"
        ),
        ("b.yaml", "a: \"b\u{7}\"\n", "line 1, column 6: not valid YAML: there is a control character"),
    ])
    func aFileThatNobodyCanUseIsNotPassedOver(name: String, text: String, problem: String) async throws {
        let site = try await AdminSite()
        let folder = try TemporaryDirectory(prefix: "hostile")
        let path = try folder.write(text, to: name).path
        let output = try await site.run("config", "check", path)
        #expect(output.status == 1, "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.hasPrefix("failed") && output.stdoutText.contains(problem), "\(output.stdoutText)")
    }

    @Test(arguments: [
        (#"{"plugins":[PLUGIN,5]}"#, "failed", "plugins[1] must be an object, not a number"),
        (#"{"plugins":[PLUGIN,{"mtu":1}]}"#, "failed", "plugins[1].type is missing"),
        (#"{"plugins":[PLUGIN,{"type":"../../bin/sh"}]}"#, "failed", "must be the name of a plugin, not a path"),
        (#"{"plugins":[PLUGIN,{"type":"portmap"}]}"#, "ok", "bridge"),
        (#"{"plugins":[EXCLUDED]}"#, "warning", "leaves no dynamic address of 10.9.0.0/16"),
    ])
    func aListThatARuntimeRefusesIsNotOK(text: String, status: String, problem: String) async throws {
        let site = try await AdminSite()
        let folder = try TemporaryDirectory(prefix: "hostile")
        let plugin =
            #"{"type":"bridge","ipam":{"type":"kube-ipam","annotations":"none","subnet":"10.9.0.0/16","#
            + #""etcdConfig":{"etcdURL":"http://127.0.0.1:2379"}}}"#
        let excluded = plugin.replacing(#""subnet""#, with: #""exclude":["10.9.0.0/16"],"subnet""#)
        let list = text.replacing("PLUGIN", with: plugin).replacing("EXCLUDED", with: excluded)
            .replacing(#"{"plugins""#, with: #"{"cniVersion":"1.0.0","name":"a","plugins""#)
        let output = try await site.run("config", "check", try folder.write(list, to: "a.conflist").path)
        let line = try #require(output.lines.first { $0.hasPrefix(status) }, "\(output.stdoutText)")
        #expect(line.contains(problem), "\(output.stdoutText)")
        #expect(output.status == (status == "failed" ? 1 : 0))
    }

    @Test func aFewLinesThatStandForBillionsOfAddressesAreRefused() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/x-0")
        let plan = (0..<3000).map { "fd00:\($0)::/112,default/a" }.joined(separator: "\n")
        let output = try await site.run("reserve", "-f", "-", "--dry-run", stdin: plan)
        #expect(output.status == 64 && output.stderrText.contains("more than 65536 addresses"), "\(output.stderrText)")
    }

    @Test func aFileThatExistsIsNotReplacedByAGeneratedOne() async throws {
        let site = try await AdminSite()
        let folder = try TemporaryDirectory(prefix: "generated")
        let path = folder.url.appendingPathComponent("10-pods.conflist").path
        let command = [
            "config", "generate", "--type", "bridge", "--name", "pods", "--subnet", "10.21.0.0/16", "--output-file",
            path,
        ]
        #expect(try await site.run(command).status == 0)
        let before = try String(contentsOfFile: path, encoding: .utf8)
        let again = try await site.run(command)
        #expect(
            again.status == 64 && again.stderrText.contains("10-pods.conflist exists already"), "\(again.stderrText)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
    }
}
