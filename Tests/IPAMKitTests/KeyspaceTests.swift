import Store
import TestSupport
import Testing

@testable import IPAMKit

@Suite struct KeyspaceTests {
    private let keys = Keyspace(Self.networkName("k8s"))

    private static func networkName(_ text: String) -> NetworkName {
        guard let name = try? NetworkName(text) else { fatalError("\(text) is no network") }
        return name
    }

    /// The contract between the two programs, and with the Go project (docs/keyspace.md), letter by letter.
    @Test func keysAreThoseOfTheContract() throws {
        let base = "/etcd-cni/networks/k8s"
        let v4 = address("10.188.0.216")
        let namespace = try Namespace("default")
        #expect(keys.document.text == base)
        #expect(keys.settings.text == base + "/config")
        #expect(keys.lock.text == base + "/lock")
        #expect(keys.used(v4).text == base + "/used/10.188.0.216")
        #expect(keys.used(address("FD00:0:0::1")).text == base + "/used/fd00::1")
        #expect(keys.cursor(rangeSet: 0).text == base + "/lastReserved/0")
        #expect(keys.attachment(try reference("4b1f", "eth0")).text == base + "/attachments/4b1f/eth0")
        #expect(keys.reservation(v4).text == base + "/reservations/10.188.0.216")
        #expect(keys.claim(.pod(pod("default/db-0")), v4).text == base + "/claims/default/pod/db-0/10.188.0.216")
        #expect(
            keys.claim(.workload(namespace, try PodName("db")), v4).text
                == base + "/claims/default/workload/db/10.188.0.216")
        #expect(keys.suspect(v4).text == base + "/suspects/10.188.0.216")
    }

    @Test(arguments: [
        "a/b", "..", ".", "", "/", "a/../b", "a\0b", "a\nb", "-a", "a b", "ä", String(repeating: "a", count: 300) + "/",
    ])
    func aNameNeverMovesAKey(name: String) {
        if let network = try? NetworkName(name) {
            #expect(!network.text.contains("/") && Keyspace(network).usedPrefix.hasPrefix(Keyspace.root + name))
        }
        if let container = try? ContainerID(name) {
            #expect(keys.attachmentsPrefix(of: container).split(separator: "/").count == 5, "\(name)")
        }
        if let namespace = try? Namespace(name), let pod = try? PodName(name) {
            let owner = ClaimOwner.pod(PodReference(namespace: namespace, name: pod))
            #expect(keys.claimsPrefix(of: owner).split(separator: "/").count == 7, "\(name)")
        }
        if let ifname = try? InterfaceName(name) { #expect(!ifname.text.contains("/")) }
    }

    @Test func onlyCanonicalKeysAreAddresses() {
        let prefix = keys.usedPrefix
        #expect(Keyspace.address(of: Key(prefix + "10.188.0.1"), in: prefix) == address("10.188.0.1"))
        for text in ["10.188.0.01", "10.188.0.1/", "x", "", "FD00::1", "fd00:0::1", "10.188.0.1 "] {
            #expect(Keyspace.address(of: Key(prefix + text), in: prefix) == nil, "\(text)")
        }
        #expect(Keyspace.address(of: keys.reservation(address("10.188.0.1")), in: prefix) == nil)
    }

    @Test func attachmentKeysAreReadBack() throws {
        let known = try reference("4b1f", "net1")
        #expect(keys.attachmentReference(of: keys.attachment(known)) == known)
        for text in ["4b1f", "4b1f/", "4b1f/net1/x", "/net1", "4b1f/a:b", "-x/eth0"] {
            #expect(keys.attachmentReference(of: Key(keys.attachmentsPrefix + text)) == nil, "\(text)")
        }
    }
}

@Suite struct TextBlockTests {
    @Test func blocksShareTheTextOfTheirAddresses() throws {
        let keys = Keyspace(try NetworkName("k8s"))
        for (octets, prefix, span) in [
            (1, "10.", "10.0.0.0/8"), (2, "10.188.", "10.188.0.0/16"), (3, "10.188.3.", "10.188.3.0/24"),
        ] {
            let block = try #require(TextBlock(containing: address("10.188.3.77"), octets: octets))
            #expect(block.range == range(span))
            #expect(block.usedRead(keys, .count).range == KeyRange(prefix: keys.usedPrefix + prefix))
            for text in ["10.188.3.0", "10.188.30.1", "10.18.3.1", "10.189.3.1", "1.188.3.1", "10.188.3.255"] {
                let inText = block.usedRead(keys, .keys).range.contains(keys.used(address(text)))
                #expect(inText == block.range.contains(address(text)), "\(text) in \(prefix)")
            }
        }
        #expect(TextBlock(containing: address("fd00::1"), octets: 3) == nil)
    }

    @Test func blocksOfASpaceStartWithTheOneOfTheCursor() throws {
        let space = try set("10.9.0.0/22").dynamicSpace
        let blocks = TextBlock.blocks(of: space, octets: 3, startingAt: address("10.9.2.9"))
        #expect(blocks.map(\.range.start.description) == ["10.9.2.0", "10.9.3.0", "10.9.0.0", "10.9.1.0"])
    }
}

@Suite struct SpreadSequenceTests {
    @Test func differentContainersAreSpreadAndTheSameIsNot() {
        func values(_ seed: String) -> [UInt128] {
            var sequence = SpreadSequence(seed: seed)
            return (0..<4).map { _ in sequence.next() % 256 }
        }
        #expect(values("4b1f") == values("4b1f"))
        var counts = [Int](repeating: 0, count: 256)
        for index in 0..<10_000 { for value in values("container-\(index)") { counts[Int(value)] += 1 } }
        // 40,000 throws into 256 boxes: 156 each, with a standard deviation of 12.5; six of them on either side.
        #expect(counts.allSatisfy { (80...232).contains($0) }, "\(counts.min() ?? 0)...\(counts.max() ?? 0)")
    }
}
