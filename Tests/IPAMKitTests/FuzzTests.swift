import IPAMKit
import TestSupport
import Testing

/// Parsers of what others write must refuse or accept, never trap.
@Suite struct FuzzTests {
    /// The bytes with a few random changes; snippets are of the kind the parsers look for.
    private func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        let snippets = [
            "\"", "{", "}", "[", ",", ":", "::", "/", "/0", "/129", "-", ".", "%", "0", "1e9", "null", "\0", "é", ";",
            "=",
        ]
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: (snippets.randomElement(using: &generator) ?? "").utf8, at: place)
            default:
                let end = min(bytes.count, place + Int.random(in: 1...8, using: &generator))
                bytes.insert(
                    contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0..<bytes.count, using: &generator))
            }
        }
        return bytes
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func mutatedConfigurationsAreReadOrRefusedWithASentence(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let originals = [PublishedSample.corrected, PublishedSample.kubeConfigInside].map { Array($0.utf8) }
        for _ in 0..<1500 {
            let bytes = mutated(originals[Int.random(in: 0...1, using: &generator)], &generator)
            do {
                let configuration = try NetworkConfiguration(json: bytes)
                #expect(!configuration.allRangeSets.isEmpty, "seed \(seed), \(bytes)")
            } catch {
                #expect(!error.description.isEmpty, "seed \(seed), \(bytes)")
                #expect(error.description.utf8.allSatisfy { $0 >= 0x20 }, "seed \(seed), \(error)")
                #expect([1, 6, 7].contains(error.cniCode), "seed \(seed), \(error)")
            }
        }
    }

    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func mutatedAddressesAreReadOrRefused(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let originals = [
            "10.188.0.216", "fd00::1:2", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "10.0.0.0/8",
            "fd00::/64",
            "10.0.0.1-10.0.0.9", "::1-::9",
        ]
        for _ in 0..<5000 {
            let original = Array((originals.randomElement(using: &generator) ?? "").utf8)
            let text = String(decoding: mutated(original, &generator), as: UTF8.self)
            if let address = try? IPAddress(text) {
                #expect(try IPAddress(address.description) == address, "seed \(seed), \(text)")
            }
            if let block = try? CIDR(text) {
                #expect(try CIDR(block.description) == block, "seed \(seed), \(text)")
            }
            if let range = try? AddressRange(parsing: text) {
                #expect(try AddressRange(parsing: range.description) == range, "seed \(seed), \(text)")
            }
            _ = try? EtcdSettings.endpoint(text, defaultsToTLS: true)
        }
    }

    @Test(arguments: [31, 32] as [UInt64])
    func mutatedArgumentsAndResolverFilesAreReadOrRefused(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let arguments = Array("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0;IP=10.0.0.1/8,fd00::1".utf8)
        let resolver = Array("# x\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a b\noptions ndots:5\n".utf8)
        for _ in 0..<3000 {
            let text = String(decoding: mutated(arguments, &generator), as: UTF8.self)
            do { _ = try CNIArguments(text) } catch {
                #expect(error.cniCode == 4, "seed \(seed), \(text)")
            }
            let dns = DNSConfiguration(resolvConf: String(decoding: mutated(resolver, &generator), as: UTF8.self))
            #expect(dns.nameservers.count <= 4, "seed \(seed)")
        }
    }
}
