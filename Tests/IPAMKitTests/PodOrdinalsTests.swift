import Testing

@testable import IPAMKit

@Suite struct PodOrdinalsTests {
    private func orders(_ texts: [String], from start: Int = 0) throws -> [String] {
        let sets = [try set("10.7.0.0/24"), try set("fd07::/64"), try set("10.8.0.0/24")]
        let reservation = Reservation(for: try ReservationHolder("default/sts/db"), note: "n")
        return try PodOrdinals(of: reservation.holder, from: start).orders(
            texts.map(address), reservation, network: NetworkName("k8s"), rangeSets: sets
        ).map { "\($0.address) \($0.reservation.holder) \($0.reservation.note ?? "")" }
    }

    @Test func theNthAddressOfEachRangeSetIsForTheNthPod() throws {
        #expect(
            try orders(["10.7.0.9", "fd07::9", "10.7.0.10", "10.8.0.9", "fd07::a", "10.7.0.11"]) == [
                "10.7.0.9 default/db-0 n", "fd07::9 default/db-0 n", "10.7.0.10 default/db-1 n",
                "10.8.0.9 default/db-0 n", "fd07::a default/db-1 n", "10.7.0.11 default/db-2 n",
            ])
        #expect(
            try orders(["10.7.0.9", "10.7.0.10"], from: 9) == ["10.7.0.9 default/db-9 n", "10.7.0.10 default/db-10 n"])
        #expect(try orders([]).isEmpty)
    }

    /// The network address, the gateway, and what is excluded.
    @Test func aGapBetweenTheAddressesOfThePodsIsFound() throws {
        let sets = [
            try RangeSet([
                PoolRange(
                    subnet: CIDR("10.7.0.0/24"), gateway: address("10.7.0.1"),
                    excluded: [AddressRange(address("10.7.0.20")), AddressRange(address("10.7.0.30"))])
            ]), try set("fd07::/64"),
        ]
        func gap(_ texts: String..., leavingOut leftOut: String...) throws -> String? {
            let ranges = try texts.map { try AddressRange(parsing: $0) }
            let missing = leftOut.map(address)
            let all = ranges.flatMap { range in
                sequence(first: range.start) { $0 < range.end ? $0.advanced(by: 1) : nil }
            }
            return try PodOrdinals.gap(
                in: ranges, all.filter { !missing.contains($0) }, leavingOut: missing, network: NetworkName("k8s"),
                rangeSets: sets
            )?.description
        }
        #expect(try gap("10.7.0.18-10.7.0.22", leavingOut: "10.7.0.20") == "10.7.0.20")
        #expect(try gap("10.7.0.20-10.7.0.22", leavingOut: "10.7.0.20") == "10.7.0.20")
        #expect(try gap("10.7.0.18-10.7.0.20", leavingOut: "10.7.0.20") == nil)
        #expect(try gap("10.7.0.18-10.7.0.20", "fd07::9-fd07::b", leavingOut: "10.7.0.20") == nil)
        #expect(try gap("10.7.0.18-10.7.0.20", "10.7.0.3-10.7.0.4", leavingOut: "10.7.0.20") == "10.7.0.20")
        #expect(try gap("10.7.0.0-10.7.0.4", leavingOut: "10.7.0.0", "10.7.0.1") == nil)
        #expect(try gap("10.7.0.9-10.7.0.9", "10.7.0.0-10.7.0.4", leavingOut: "10.7.0.0") == "10.7.0.0")
    }

    @Test func onlyStatefulSetsHaveOrdinals() throws {
        for text in ["", "default/", "default/db-0", "default/deploy/web"] {
            let holder = try ReservationHolder(text)
            #expect(throws: InvalidPodOrdinals.notAStatefulSet(holder)) { try PodOrdinals(of: holder) }
        }
        let holder = try ReservationHolder("default/sts/db")
        for start in [-1, PodOrdinals.largest + 1, .max] {
            #expect(throws: InvalidPodOrdinals.outOfRange(start)) { try PodOrdinals(of: holder, from: start) }
        }
    }

    @Test func podsThatKubernetesCannotHaveAreRefused() throws {
        #expect(throws: InvalidPodOrdinals.outOfRange(PodOrdinals.largest)) {
            try orders(["10.7.0.9", "10.7.0.10"], from: PodOrdinals.largest)
        }
        let long = String(repeating: "a", count: 251)
        let pods = try PodOrdinals(of: ReservationHolder("default/sts/\(long)"), from: 9)
        #expect(try pods.pod(0).name.text == "\(long)-9")
        #expect(throws: InvalidPodOrdinals.impossible("default/\(long)-10")) { try pods.pod(1) }
    }
}
