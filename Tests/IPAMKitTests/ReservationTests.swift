import TestSupport
import Testing

@testable import IPAMKit

@Suite struct WorkloadTests {
    private func workload(_ name: String) -> String? {
        Workload(derivedFrom: pod("default/\(name)")).map { "\($0.kind.rawValue)/\($0.name)" }
    }

    /// Kubernetes cuts what it generates a pod's name from to 58 bytes.
    @Test func aNameThatMayBeCutTellsNoStatefulSet() throws {
        let long = String(repeating: "a", count: 56)
        #expect(workload("\(long)-6" + "24567") == nil && workload("\(long)a-" + "24567") == nil)
        #expect(workload("\(long)aaaa-12") == "sts/\(long)aaaa")
        let whole = String(repeating: "a", count: 47)
        #expect(workload("\(whole)-6d9b74fd4-xjhek") == "deploy/\(whole)", "58 bytes and five are whole")
        #expect(workload("\(whole)-6d9b74fd4dxjhek") == nil)
    }

    @Test(arguments: [
        ("db-0", "sts/db"), ("db-17", "sts/db"), ("x-0-1", "sts/x-0"), ("my-db-3", "sts/my-db"),
        ("db-2147483647", "sts/db"), ("web-6d9b74fd4d-xjhek", "deploy/web"),
        ("web-admin-6d9b74fd4d-xjhek", "deploy/web-admin"),
        ("web-5b8d7f4-2x9zq", "deploy/web"), ("web-6d9b74fd4d-01234", "deploy/web"),
    ])
    func isDerivedFromACertainName(name: String, expected: String) {
        #expect(workload(name) == expected)
    }

    @Test(arguments: [
        "web", "web-admin", "web-admin-panel", "db-00", "db-01", "db-007", "db-", "-0", "0", "db-0x", "db-2147483648",
        "db-9999999999", "db-99999999999999999999", "db-٣", "web-6d9b74fd4d", "web-6d9b74fd4d-xjhe",
        "web-6d9b74fd4d-xjheks",
        "web-6d9b74fd4d-XJHEK", "6d9b74fd4d-xjhek", "web-aeiou12345-xjhek",
    ])
    func isNotGuessed(name: String) {
        #expect(workload(name) == nil)
    }
}

@Suite struct ReservationHolderTests {
    @Test(arguments: [
        (String(repeating: "a", count: 251) + "-0", true), (String(repeating: "a", count: 64), true), ("0", true),
        ("a.b", true), ("a-.b", false), ("a.-b", false), ("a..b", false), ("-a", false), ("a-", false), ("A", false),
        ("a_b", false), ("a.", false),
    ])
    func podsAndWorkloadsMayHaveLongNames(name: String, isPossible: Bool) throws {
        for holder in ["default/\(name)", "default/sts/\(name)", "default/deploy/\(name)"] {
            #expect(try ReservationHolder(holder).isPossible == isPossible, "\(holder)")
        }
        #expect(try ReservationHolder("\(String(repeating: "a", count: 63))/db-0").isPossible)
        #expect(try !ReservationHolder("\(String(repeating: "a", count: 64))/db-0").isPossible)
        #expect(try !ReservationHolder("a.b/db-0").isPossible)
    }

    @Test(arguments: [
        ("", ""), ("default/", "default/"), ("default/db-0", "default/db-0"), ("default/pod/db-0", "default/db-0"),
        ("default/PO/db-0", "default/db-0"), ("default/sts/db", "default/sts/db"),
        ("default/StatefulSet/db", "default/sts/db"), ("default/statefulsets/db", "default/sts/db"),
        ("default/deploy/web", "default/deploy/web"), ("default/deployments/web", "default/deploy/web"),
    ])
    func isReadAndWritten(text: String, canonical: String) throws {
        let holder = try ReservationHolder(text)
        #expect(holder.description == canonical)
        #expect(try ReservationHolder(holder.description) == holder)
    }

    @Test(arguments: [
        "x", "/", "/db-0", "a/b/c/d", "default/ds/x", "default/sts/", "default//db", "default/a b", "default/\u{7}",
        "default/sts/a b", " /x", "default/pod/",
    ])
    func isRefusedWithTheFormsThatThereAre(text: String) {
        #expect(throws: InvalidReservationHolder.self) { try ReservationHolder(text) }
        do {
            _ = try ReservationHolder(text)
        } catch {
            #expect(error.description.contains("namespace/sts/NAME"), "\(error)")
        }
    }

    @Test func admitsItsPodsAndNoOthers() throws {
        let pods = ["default/db-0", "default/db-1", "other/db-0", "default/web-6d9b74fd4d-xjhek", "default/web-0"]
        let admitted: [String: [String]] = [
            "": pods, "default/": pods.filter { $0.hasPrefix("default/") }, "default/db-0": ["default/db-0"],
            "default/sts/db": ["default/db-0", "default/db-1"],
            "default/deploy/web": ["default/web-6d9b74fd4d-xjhek"], "default/sts/web": ["default/web-0"],
        ]
        for (text, expected) in admitted {
            let holder = try ReservationHolder(text)
            #expect(pods.filter { holder.admits(Holder(pod: pod($0))) } == expected, "\(text)")
            #expect(holder.admits(nil) == (holder == .anyone), "\(text)")
        }
    }

    @Test func onlyPodsAndWorkloadsHaveClaims() throws {
        #expect(try ReservationHolder("").claimOwner == nil)
        #expect(try ReservationHolder("default/").claimOwner == nil)
        #expect(try ReservationHolder("default/db-0").claimOwner == .pod(pod("default/db-0")))
        #expect(
            try ReservationHolder("default/sts/db").claimOwner
                == .workload(Namespace("default"), PodName("db")))
    }
}

@Suite struct ReservationTests {
    @Test func expiresFiveMinutesAfterItsTimeToTheSecond() {
        let reservation = Reservation(for: .anyone, expires: noon)
        for (seconds, expected) in [(-1, false), (0, false), (299, false), (300, true), (301, true)] as [(Int64, Bool)]
        {
            #expect(reservation.isExpired(at: noon.advanced(bySeconds: seconds)) == expected, "\(seconds) s")
        }
        #expect(!Reservation(for: .anyone).isExpired(at: Timestamp(seconds: .max)))
    }

    @Test func isReadAsItWasWritten() throws {
        for holder in ["", "default/", "default/db-0", "default/deploy/web"] {
            for expires in [nil, noon] {
                for note in [nil, "mysql \"primary\"\n\u{1}\u{7f}é🎈", ""] {
                    let reservation = Reservation(
                        for: try ReservationHolder(holder), by: note, note: note, since: expires, expires: expires)
                    let text = reservation.json.serialized()
                    #expect(try Reservation(stored: text) == reservation, "\(text)")
                    #expect(!text.contains("null"), "absent parts are left out: \(text)")
                }
            }
        }
        #expect(Reservation(for: .anyone).json.serialized() == "{}")
    }

    @Test(arguments: [
        "", "[]", "null", "1", "{", #"{"for":"x"}"#, #"{"expires":"soon"}"#, #"{"expires":"2026-02-30T00:00:00Z"}"#,
    ])
    func damagedValuesAreRefused(text: String) {
        #expect(throws: DamagedValue.self) { try Reservation(stored: text) }
    }
}
