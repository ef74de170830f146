import TestSupport
import Testing

@testable import KubernetesClient

/// What others write is read or refused, and nothing else happens.
@Suite struct KubeconfigFuzzTests {
    private static let json =
        #"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"#
        + #""clusters":[{"name":"k","cluster":{"server":"https://h:6443"}}],"users":[{"name":"u","user":{"token":"t"}}]}"#

    private func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        let snippets = [
            "\t", "\n", "- ", ": ", "&a ", "*a", "<<: *a", "{", "}", "[", "]", "\"", "'", "|", ">-", "---\n", "...\n",
            "!!binary ", "%YAML 9.9\n", "? ", "#", "~", "\0", "\u{FEFF}", "é", "\u{85}", "\r", ",", "  ", "@", "`",
        ]
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: (snippets.randomElement(using: &generator) ?? "").utf8, at: place)
            case 3: bytes.removeSubrange(place...)
            default:
                let piece = Array(bytes[place..<end])
                bytes.insert(contentsOf: piece, at: Int.random(in: 0..<bytes.count, using: &generator))
            }
        }
        return bytes
    }

    @Test(arguments: [41, 42, 43, 44] as [UInt64])
    func mutatedKubeconfigsAreReadOrRefusedWithASentence(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let originals = [
            KubeconfigText.ordinary, Self.json,
            KubeconfigText.with(
                cluster: ["server: &s https://h", "proxy-url: http://p"], user: ["token: |-", "  a", "as: *s"]),
        ].map { Array($0.utf8) }
        for _ in 0..<1500 {
            let original = originals[Int.random(in: 0..<originals.count, using: &generator)]
            let bytes = mutated(original, &generator)
            do {
                let kubeconfig = try Kubeconfig(text: bytes, path: "admin.conf", folder: "/nowhere")
                #expect(kubeconfig.server.hasPrefix("http"), "\(generator), \(bytes)")
            } catch {
                let sentence = error.description
                #expect(sentence.contains("admin.conf"), "\(generator), \(bytes)")
                #expect(sentence.utf8.allSatisfy { $0 >= 0x20 }, "\(generator), \(bytes): \(sentence)")
                #expect(sentence.utf8.count < 2000, "\(generator), \(bytes): \(sentence)")
            }
        }
    }
}
