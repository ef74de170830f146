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
