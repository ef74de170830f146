import Foundation
import TestSupport
import Testing

@testable import KubernetesClient

/// `KUBECONFIG` with several files, merged as kubectl does.
@Suite struct KubeconfigMergeTests {
    /// Files in folders of their own.
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "merge") }

    private func write(_ text: String, to name: String) throws -> String {
        let place = folder.file(name)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place.appendingPathComponent("config"))
        return place.appendingPathComponent("config").path
    }

    private static func entries(server: String, user: String = "u") -> String {
        """
        contexts: [{name: c, context: {cluster: k, user: \(user)}}]
        clusters: [{name: k, cluster: {server: "\(server)"}}]
        users: [{name: \(user), user: {token: of-\(user)}}]

        """
    }

    @Test func theFirstFileToSetAnEntryWins_whole() throws {
        let first = try write(Self.entries(server: "https://first"), to: "a")
        let second = try write(
            """
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u, namespace: second}}, {name: d, context: {cluster: l, user: v}}]
            clusters: [{name: k, cluster: {server: "https://second", proxy-url: "http://p"}}, {name: l, cluster: {server: "https://l"}}]
            users: [{name: u, user: {token: second}}, {name: v, user: {token: of-v}}]

            """, to: "b")
        let merged = try Kubeconfig(list: "\(first):\(second)")
        #expect(merged.context == "c" && merged.server == "https://first" && merged.proxy == nil)
        #expect(try merged.namespace == nil && merged.token?.current() == "of-u")
        #expect(merged.path == "\(first):\(second)")
        let other = try Kubeconfig(list: "\(first):\(second)", context: "d")
        #expect(try other.server == "https://l" && other.token?.current() == "of-v")
        // The other way round the second one is the first.
        #expect(try Kubeconfig(list: "\(second):\(first)").server == "https://second")
    }

    @Test func currentContextIsTheFirstFilesThatHasOne() throws {
        let none = try write("kind: Config\n", to: "none")
        let x = try write("current-context: x\ncontexts: [{name: x, context: {cluster: k}}]\n", to: "x")
        let c = try write("current-context: c\n" + Self.entries(server: "https://h"), to: "c")
        #expect(try Kubeconfig(list: "\(none):\(x):\(c)").context == "x")
        #expect(try Kubeconfig(list: "\(none):\(c):\(x)").context == "c")
    }

    /// Relative paths belong to the folder of the file that names them.
    @Test func pathsCountFromTheFolderOfTheirOwnFile() throws {
        let first = try write(
            "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {tokenFile: token}}]\n",
            to: "a")
        let second = try write("clusters: [{name: k, cluster: {server: \"https://h\"}}]\n", to: "b")
        try folder.write("of-a\n", to: "a/token")
        try folder.write("of-b\n", to: "b/token")
        #expect(try Kubeconfig(list: "\(second):\(first)").token?.current() == "of-a")
    }

    @Test func filesThatAreNotThereArePassedOver_andEmptyOnesSayNothing() throws {
        let there = try write("current-context: c\n" + Self.entries(server: "https://h"), to: "a")
        let empty = try write("", to: "empty")
        for list in ["/nowhere:\(there)", "\(there):/nowhere", ":\(there):", "\(there):\(there)", "\(empty):\(there)"] {
            #expect(try Kubeconfig(list: list).server == "https://h", "\(list)")
        }
        #expect(try Kubeconfig(list: there).path == there)
        func problem(_ list: String, context: String? = nil) -> String? {
            do throws(KubeconfigError) {
                _ = try Kubeconfig(list: list, context: context)
                return nil
            } catch { return error.description }
        }
        #expect(
            problem("/nowhere:/nor/here")
                == "the kubeconfig /nowhere:/nor/here cannot be read: none of these files exists")
        #expect(problem("/nowhere") == "the kubeconfig /nowhere cannot be read: No such file or directory")
        // A file that is there and cannot be understood may be the one that counts.
        let broken = try write("a: [", to: "broken")
        #expect(problem("\(broken):\(there)")?.hasPrefix("the kubeconfig \(broken), line ") == true)
        #expect(problem(there, context: "x") == "the kubeconfig \(there): there is no context \"x\", only \"c\"")
        #expect(
            problem("\(there):\(empty)", context: "x")
                == "the kubeconfig \(there):\(empty): there is no context \"x\", only \"c\"")
    }
}
