import Foundation
import IPAMKit
import TestSupport
import Testing

/// Private keys with a passphrase, which a plugin has nobody to ask for: refused in one sentence, also where there is a
/// terminal that could be asked on.
@Suite(.needs(.etcd)) struct EncryptedKeyTests {
    typealias Encryption = CertificateAuthority.Encryption

    /// What OpenSSL asks, and an answer that would do.
    private static let question = "Enter PEM pass phrase"
    private static let answer = CertificateAuthority.passphrase + "\n"

    /// Calls the plugin on a pseudo-terminal, and returns all that stood there.
    private func call(
        _ command: String, of network: PluginNetwork, arguments: String = ""
    ) async throws -> (text: String, answer: JSONValue?) {
        let folder = try TemporaryDirectory(prefix: "stdin")
        let input = try folder.write(JSONValue.object(network.configuration).serialized(), to: "configuration").path
        let output = try await runOnTerminal(
            "sh", ["-c", #"exec "$0" <"$1""#, BuildProducts.product("kube-ipam").path, input],
            environment: [
                "CNI_COMMAND": command, "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0",
                "CNI_NETNS": PluginNetwork.alive, "CNI_ARGS": arguments,
            ], question: Self.question, answer: Self.answer)
        return (output.stdoutText, try? JSONValue(parsing: output.stdoutText))
    }

    private func network(_ change: (EtcdServer, inout JSONObject) throws -> Void) async throws -> PluginNetwork {
        let etcd = try await EtcdServer.start(security: .mutualTLS)
        let authority = try #require(etcd.certificates)
        let identity = try authority.client(commonName: "kube-ipam")
        var network = try await PluginNetwork(in: etcd)
        var settings: JSONObject = [
            "etcdURL": .string(etcd.clientURL), "etcdTrustedCAFileFile": .string(authority.certificate),
            "etcdCertFile": .string(identity.certificate), "etcdKeyFile": .string(identity.key),
        ]
        try change(etcd, &settings)
        network.ipam["etcdConfig"] = .object(settings)
        return network
    }

    @Test(arguments: Encryption.allCases)
    func anEncryptedKeyOfEtcdsIsCode7AndNothingIsAsked(encryption: Encryption) async throws {
        var key = ""
        let network = try await network { etcd, settings in
            let authority = try #require(etcd.certificates)
            key = try authority.encrypted(authority.client(commonName: "kube-ipam"), encryption).key
            settings["etcdKeyFile"] = .string(key)
        }
        for command in ["ADD", "DEL"] {
            let (text, answer) = try await call(command, of: network)
            #expect(!text.contains(Self.question), "\(text)")
            #expect(answer?["code"]?.int == 7, "\(text)")
            #expect(
                answer?["msg"]?.string
                    == "ipam.etcdConfig: \(network.etcd.clientURL): the key \(key) is encrypted: it must be a private key "
                    + "without a passphrase", "\(text)")
        }
    }

    /// Nobody encrypts certificates, but OpenSSL would ask for these too.
    @Test(arguments: ["etcdCertFile", "etcdTrustedCAFileFile"])
    func nothingIsAskedForAnEncryptedCertificate(key: String) async throws {
        let network = try await network { etcd, settings in
            let path = try #require(settings[key]?.string)
            settings[key] = .string(try #require(etcd.certificates).encryptedCertificate(path))
        }
        let (text, answer) = try await call("ADD", of: network)
        #expect(!text.contains(Self.question), "\(text)")
        #expect(answer?["code"]?.int == 7, "\(text)")
        #expect(answer?["msg"]?.string?.contains("encrypted-") == true, "the file is named: \(text)")
    }

    @Test(arguments: Encryption.allCases, [true, false])
    func anEncryptedKeyOfAKubeconfigIsCode7AndNothingIsAsked(encryption: Encryption, isFile: Bool) async throws {
        var cluster = try await PluginCluster(access: .clientCertificate)
        let authority = cluster.api.authority
        let identity = try authority.encrypted(authority.client(commonName: "kube-ipam"), encryption)
        let path = try cluster.api.kubeconfig(
            name: "encrypted", credentials: isFile ? .certificateFiles(identity) : .certificate(identity))
        cluster.network.ipam["kubeConfig"] = .string(path)
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let (text, answer) = try await call("ADD", of: cluster.network, arguments: PluginCluster.arguments(pod))
        #expect(!text.contains(Self.question), "\(text)")
        #expect(answer?["code"]?.int == 7, "\(text)")
        let field = isFile ? "client-key names \(identity.key), which" : "client-key-data"
        let message = answer?["msg"]?.string ?? ""
        #expect(message.hasPrefix("ipam.kubeConfig: the kubeconfig \(path), line "), "\(text)")
        #expect(
            message.hasSuffix(
                ": user \"tester\": \(field) is encrypted: it must be a private key without a passphrase"), "\(text)")
        #expect(try await cluster.network.contents().isEmpty)
    }

    @Test func nothingIsAskedForAnEncryptedAuthorityOfAKubeconfig() async throws {
        var cluster = try await PluginCluster(access: .clientCertificate)
        let authority = cluster.api.authority
        let plain = try String(contentsOfFile: authority.certificate, encoding: .utf8)
        let encrypted = try String(
            contentsOfFile: authority.encryptedCertificate(authority.certificate), encoding: .utf8)
        let text = try String(contentsOfFile: cluster.api.kubeconfig(), encoding: .utf8)
        let both = text.replacingOccurrences(
            of: Data(plain.utf8).base64EncodedString(), with: Data((plain + encrypted).utf8).base64EncodedString())
        #expect(both != text)
        cluster.network.ipam["kubeConfig"] = .string(try cluster.api.folder.write(both, to: "encrypted").path)
        let pod = PluginCluster.replica(on: "n1")
        try cluster.api.put(pod: pod)
        let (seen, answer) = try await call("ADD", of: cluster.network, arguments: PluginCluster.arguments(pod))
        #expect(!seen.contains(Self.question), "\(seen)")
        #expect(answer?["msg"]?.string?.contains("is encrypted") == true, "\(seen)")
    }
}
