import TestSupport
import Testing

@testable import IPAMKit

/// What is read from the store was written by anyone.
@Suite struct StoredValueTests {
    @Test func attachmentIsReadAsItWasWritten() throws {
        let full = Attachment(
            addresses: [address("10.188.1.0"), address("fd00::1")],
            holder: Holder(
                pod: pod("default/db-0"), uid: "u", node: "n1", boot: "b", machine: "m", netns: "/run/netns/x",
                cluster: "c"), since: noon, isFixed: true)
        let bare = Attachment(addresses: [address("fd00::1")], holder: Holder(), since: nil, isFixed: false)
        for attachment in [full, bare] {
            #expect(try Attachment(stored: attachment.json.serialized()) == attachment)
        }
        #expect(bare.json.serialized() == #"{"addresses":["fd00::1"],"fixed":false}"#)
    }

    /// An IPv6 subnet's gateway may be link-local, outside the subnet (RFC 4861).
    @Test func rangeSetWithALinkLocalGatewayIsReadAsItWasWritten() throws {
        let set = try RangeSet([PoolRange(subnet: CIDR("fd00:1::/64"), gateway: IPAddress("fe80::1"))])
        #expect(try NetworkDocument.parse(NetworkDocument.serialize([set])) == [set])
    }

    @Test func anAddressThatIsListedTwiceIsOne() throws {
        let attachment = try Attachment(stored: #"{"addresses":["10.0.0.2","10.0.0.2"]}"#)
        #expect(attachment.addresses == [address("10.0.0.2")])
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"addresses":[]}"#,
        #"{"addresses":"10.0.0.1"}"#, #"{"addresses":[1]}"#,
        #"{"addresses":["10.0.0.256"]}"#,
    ])
    func damagedAttachmentsAreRefused(text: String) {
        #expect(throws: DamagedValue.self) { try Attachment(stored: text) }
    }

    @Test func settingsKeepWhatThisVersionDoesNotKnow() throws {
        let text = """
            {"later":{"a":[1,2.50,"é"]},"format":1,"goNodes":true,"fixed":[["10.0.0.1","10.0.0.9"]],\
            "hold":{"by":"root","reason":"move","since":"2026","more":true}}
            """
        var settings = try NetworkSettings(stored: text)
        #expect(settings.serialized() == text)
        settings.fixed = [range("10.0.0.2-10.0.0.3")]
        settings.hasGoNodes = false
        let rewritten = try NetworkSettings(stored: settings.serialized())
        #expect(rewritten.fixed == [range("10.0.0.2-10.0.0.3")])
        #expect(!rewritten.hasGoNodes)
        #expect(rewritten.hold == settings.hold)
        #expect(rewritten.serialized().contains(#""later":{"a":[1,2.50,"é"]}"#), "\(rewritten.serialized())")
        #expect(rewritten.serialized().contains(#""more":true"#), "\(rewritten.serialized())")
    }

    @Test(arguments: [
        #"{"format":2}"#, #"{"format":"1"}"#, "{}", "[]", "", #"{"format":1,"fixed":[["10.0.0.1"]]}"#,
        #"{"format":1,"fixed":[["10.0.0.9","10.0.0.1"]]}"#, #"{"format":1,"fixed":[["10.0.0.9","fd00::1"]]}"#,
    ])
    func settingsOfANewerFormatOrDamagedOnesAreRefused(text: String) {
        #expect(throws: DamagedValue.self) { try NetworkSettings(stored: text) }
    }

    @Test func documentIsWhatTheGoProjectWrites() throws {
        let sets = [try set("10.188.0.0/16 10.188.1.0-10.188.255.254")]
        let text = NetworkDocument.serialize(sets)
        #expect(
            text == """
                [[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}]]
                """)
        #expect(try NetworkDocument.parse(text) == sets)
    }

    @Test func documentAndFixedRangesGoTogether() throws {
        let sets = [
            try set("10.1.0.0/24 - 10.1.0.10-10.1.0.20", "10.2.0.0/24"),
            try set("fd00::/64 fd00::100-fd00::200 fd00::10-fd00::20"),
        ]
        let fixed = sets.flatMap { $0.ranges.compactMap(\.fixed) }
        #expect(try NetworkDocument.parse(NetworkDocument.serialize(sets), fixed: fixed) == sets)
    }

    /// Programs that do not know the stored form must not read it as a holder: an address without a holder that they can read
    /// goes to nobody.
    @Test func fenceIsReadAgain_andAdmitsNobody() throws {
        let fence = Reservation(for: .nobody, by: "root@a", note: "printer")
        let text = fence.json.serialized()
        #expect(text == #"{"for":"(nobody)","by":"root@a","note":"printer"}"#)
        #expect(try Reservation(stored: text) == fence)
        #expect(!text.contains("/"), "every other holder's text has a slash, or is empty")
        #expect(!fence.holder.admits(nil) && !fence.holder.admits(Holder(pod: pod("default/db-0"))))
        #expect(fence.holder.claimOwner == nil && fence.holder.namespace == nil && !fence.isOfUntrackedAddress)
        for near in ["(nobody", "nobody", "(nobody) ", "(Nobody)", "(unreadable)"] {
            #expect(throws: InvalidReservationHolder.self, "\(near)") { try ReservationHolder(near) }
        }
    }

    @Test func documentAndExcludedAddressesGoTogether() throws {
        let sets = [
            try set(
                "10.1.0.0/24 10.1.0.2-10.1.0.99 - 10.1.0.16/28,10.1.0.120",
                "10.1.0.0/24 10.1.0.100-10.1.0.200 - 10.1.0.16/28,10.1.0.120"),
            try set("fd00::/64 - fd00::10-fd00::20 fd00::/112"),
        ]
        var settings = NetworkSettings(hasGoNodes: false, fixed: [])
        settings.record(sets)
        let text = settings.serialized()
        #expect(
            text
                == #"{"format":1,"goNodes":false,"fixed":[["fd00::10","fd00::20"]],"exclude":[["10.1.0.16","10.1.0.31"],"#
                + #"["10.1.0.120","10.1.0.120"],["fd00::","fd00::ffff"]]}"#)
        let read = try NetworkSettings(stored: text)
        #expect(read.match(sets) && read.excluded == sets.excludedRanges)
        #expect(try NetworkDocument.parse(NetworkDocument.serialize(sets), read) == sets)
        #expect(!read.match([sets[1]]))
        // A configuration that excludes nothing any more.
        settings.record([try set("10.1.0.0/24")])
        #expect(settings.serialized() == #"{"format":1,"goNodes":false,"fixed":[]}"#)
        for damaged in [
            #"["10.1.0.1"]"#, #"[["10.1.0.9","10.1.0.1"]]"#, #"[["10.1.0.1",2]]"#, #"[["10.1.0.1","fd00::1"]]"#,
        ] {
            #expect(throws: DamagedValue.self, "\(damaged)") {
                try NetworkSettings(stored: #"{"format":1,"exclude":\#(damaged)}"#)
            }
        }
    }

    @Test(arguments: [
        "", "{}", "[1]", "[[]]", "[[{}]]", #"[[{"subnet":"10.0.0.0/33"}]]"#,
        #"[[{"subnet":"10.0.0.0/24","rangeStart":1}]]"#,
        #"[[{"subnet":"10.0.0.0/24","rangeStart":"10.0.0.9","rangeEnd":"10.0.0.2"}]]"#,
        #"[[{"subnet":"10.0.0.0/24","gateway":"10.1.0.1"}]]"#, #"[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]"#,
    ])
    func damagedDocumentsAreRefused(text: String) {
        #expect(throws: DamagedValue.self) { try NetworkDocument.parse(text) }
    }

    /// Random bytes, and values with a few random changes: read or refused, and what is read can be written again.
    @Test(arguments: [31, 32, 33] as [UInt64]) func nothingStoredMakesItTrap(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let originals = [
            #"{"addresses":["10.188.1.0","fd00::1"],"namespace":"default","pod":"db-0","since":"2026-11-23T02:00:00Z"}"#,
            #"{"for":"default/sts/db","by":"root@a","note":"x","since":"2026-11-23T02:00:00Z","expires":"9999-12-31T23:59:59Z"}"#,
            #"{"format":1,"goNodes":false,"fixed":[["10.0.0.1","10.0.0.9"]],"hold":{"by":"x"}}"#,
            #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}]]"#,
        ].map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<4000 {
            var bytes = originals[round % originals.count]
            if round % 10 == 0 {
                bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                    .random(in: 0...255, using: &generator)
                }
            }
            for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = .random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default:
                    bytes.insert(
                        contentsOf: Array(#"{}[]",:019-/\."#.utf8.shuffled(using: &generator).prefix(2)), at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if let value = try? Attachment(stored: text) {
                accepted += 1
                #expect(try Attachment(stored: value.json.serialized()) == value, "\(generator) \(text)")
            }
            if let value = try? Reservation(stored: text) {
                accepted += 1
                #expect(try Reservation(stored: value.json.serialized()) == value, "\(generator) \(text)")
                _ = value.isExpired(at: noon)
            }
            if let value = try? NetworkSettings(stored: text) {
                accepted += 1
                #expect(try NetworkSettings(stored: value.serialized()).fixed == value.fixed, "\(generator) \(text)")
            }
            if let sets = try? NetworkDocument.parse(text) {
                accepted += 1
                #expect(try NetworkDocument.parse(NetworkDocument.serialize(sets)) == sets, "\(generator) \(text)")
            }
            if let name = text.split(separator: "\"").first.map(String.init), let pod = try? PodName(name) {
                _ = Workload(derivedFrom: PodReference(namespace: try Namespace("x"), name: pod))
            }
            _ = try? ReservationHolder(text)
        }
        #expect(accepted > 500, "\(generator): most of the changes must leave values readable")
    }
}
