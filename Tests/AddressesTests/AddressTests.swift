import TestSupport
import Testing

@testable import Addresses

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.188.0.216", "10.188.0.216"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("FD00:0:0::1", "fd00::1"), ("fd00::", "fd00::"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
        ("::ffff:10.188.0.216", "10.188.0.216"), ("::ffff:abc:d8", "10.188.0.216"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ])
    func textIsReadAndPrintedCanonically(text: String, canonical: String) throws {
        #expect(try IPAddress(text).description == canonical)
        #expect(try IPAddress(canonical) == IPAddress(text))
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.-4", "1.2.3.4a", "0x1.2.3.4",
        ":", ":::", "1:2", "1::2::3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:010.1.1.1", "١.2.3.4", "1.2.3.4\0",
    ])
    func junkIsRefused(text: String) {
        #expect(throws: AddressError.self) { try IPAddress(text) }
    }

    @Test func refusalsSayWhatIsWrong() {
        #expect(throws: AddressError.leadingZeros("010.188.0.1")) { try IPAddress("010.188.0.1") }
        #expect(throws: AddressError.leadingZeros("10.188.0.00")) { try IPAddress("10.188.0.00") }
        #expect(throws: AddressError.zoneIdentifier("fe80::1%eth0")) { try IPAddress("fe80::1%eth0") }
        #expect(throws: AddressError.surroundingWhitespace(" 10.0.0.1")) { try IPAddress(" 10.0.0.1") }
        #expect(throws: AddressError.surroundingWhitespace("10.0.0.1\n")) { try IPAddress("10.0.0.1\n") }
        #expect(throws: AddressError.unexpectedPrefixLength("10.0.0.1/8")) { try IPAddress("10.0.0.1/8") }
        #expect(throws: AddressError.empty) { try IPAddress("") }
        #expect(throws: AddressError.notAnAddress("host")) { try IPAddress("host") }
        let sentence = AddressError.leadingZeros("010.188.0.1").description
        #expect(sentence.hasPrefix("\"010.188.0.1\" has leading zeros"), "\(sentence)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomAddressesSurviveTheirText(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            var value: UInt128 = 0
            for _ in 0..<8 {
                value =
                    value << 16
                    | (Bool.random(using: &generator) ? 0 : UInt128.random(in: 0...0xFFFF, using: &generator))
            }
            let v6 = IPAddress(family: .ipv6, value: value)
            let v4 = IPAddress(family: .ipv4, value: value & 0xFFFF_FFFF)
            for address in [v4, v6] where value >> 32 != 0xFFFF || address.family == .ipv4 {
                #expect(try IPAddress(address.description) == address, "seed \(seed), \(address)")
            }
        }
    }

    @Test func orderIsByFamilyThenValue() throws {
        let sorted = try ["::1", "10.0.0.2", "9.255.0.0", "::", "10.0.0.10"].map { try IPAddress($0) }.sorted()
        #expect(sorted.map(\.description) == ["9.255.0.0", "10.0.0.2", "10.0.0.10", "::", "::1"])
    }

    @Test func advancingStopsAtTheEndOfTheFamily() throws {
        #expect(try IPAddress("10.0.0.255").advanced(by: 1) == IPAddress("10.0.1.0"))
        #expect(try IPAddress("255.255.255.255").advanced(by: 1) == nil)
        #expect(try IPAddress("::1").advanced(by: .max) == nil)
        #expect(try IPAddress("::").advanced(by: .max)?.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    }

    @Test func blocksKnowTheirBounds() throws {
        let block = try CIDR("10.188.0.0/16")
        #expect(block.first.description == "10.188.0.0")
        #expect(block.last.description == "10.188.255.255")
        #expect(block.broadcast == block.last)
        #expect(block.count == 65536)
        #expect(block.netmask.description == "255.255.0.0")
        #expect(block.description == "10.188.0.0/16")
        #expect(try block.contains(IPAddress("10.188.3.4")))
        #expect(try !block.contains(IPAddress("10.189.0.0")))
        #expect(try !block.contains(IPAddress("::abc:0")))
        #expect(try CIDR("0.0.0.0/0").count == 1 << 32)
        #expect(try CIDR("::/0").count == .max)
        #expect(try CIDR("fd00::/64").broadcast == nil)
        #expect(try CIDR("fd00::/64").netmask.description == "ffff:ffff:ffff:ffff::")
        #expect(try CIDR("10.0.0.0/31").broadcast == nil)
        #expect(try CIDR("10.0.0.1/32").count == 1)
        #expect(try CIDR(containing: IPAddress("10.1.2.3"), prefixLength: 24).description == "10.1.2.0/24")
    }

    @Test func hostBitsAreRefusedNamingTheNetwork() throws {
        let network = try CIDR("10.188.0.0/16")
        let error = AddressError.hostBitsSet("10.188.0.1/16", network: network)
        #expect(throws: error) { try CIDR("10.188.0.1/16") }
        #expect(error.description.contains("10.188.0.0/16"))
    }

    @Test(arguments: [
        "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/+8",
        "/8", "fd00::/129", "10.0.0.0/8/8", "::ffff:10.0.0.0/104", "10.0.0.0/255.0.0.0",
        "10.0.0.0/99999999999999999999",
    ])
    func malformedBlocksAreRefused(text: String) {
        #expect(throws: AddressError.self) { try CIDR(text) }
    }

    @Test func rangesAreReadInAllForms() throws {
        let pair = try AddressRange(parsing: "10.0.0.1-10.0.0.9")
        #expect(pair.count == 9)
        #expect(pair.description == "10.0.0.1-10.0.0.9")
        #expect(try AddressRange(parsing: "10.0.0.1").description == "10.0.0.1")
        #expect(try AddressRange(parsing: "10.0.0.0/30").description == "10.0.0.0-10.0.0.3")
        #expect(try AddressRange(parsing: "::/0").count == .max)
        #expect(try pair.overlaps(AddressRange(parsing: "10.0.0.9-10.0.0.20")))
        #expect(try !pair.overlaps(AddressRange(parsing: "10.0.0.10-10.0.0.20")))
        #expect(try pair.contains(IPAddress("10.0.0.9")))
        #expect(try !pair.contains(IPAddress("10.0.0.10")))
    }

    @Test(arguments: ["10.0.0.9-10.0.0.1", "10.0.0.1-::1", "10.0.0.1-", "-10.0.0.1", "10.0.0.1 - 10.0.0.2", "a-b"])
    func malformedRangesAreRefused(text: String) {
        #expect(throws: AddressError.self) { try AddressRange(parsing: text) }
    }
}
