import TestSupport
import Testing

@testable import IPAMKit

/// The addresses that the pods of a manifest request, with the holders to reserve them for.
@Suite struct NamedReservationTests {
    private func object(_ kind: PlannedObject.Kind, _ name: String, _ annotations: [String: String?]) throws
        -> PlannedObject
    {
        var object = PlannedObject(
            kind, namespace: try Namespace("default"), name: try PodName(name), place: .init(file: "a.yaml", line: 1))
        for (key, value) in annotations {
            object.annotations[key] = .init(value: value, kind: "a number", place: .init(file: "a.yaml", line: 7))
        }
        return object
    }

    private func reserved(_ objects: PlannedObject...) throws -> [String] {
        try NamedReservation.all(of: objects).map { one in
            "\(one.address) \(one.holder) \(one.network?.text ?? "-") \(one.otherNetworks.map(\.text))"
        }
    }

    @Test func eachKindHasItsHolder() throws {
        let ip = ["kube-ipam.ip": "10.9.0.5"]
        for (kind, holder) in [
            (PlannedObject.Kind.pod, "default/x"), (.deployment, "default/deploy/x"), (.statefulSet, "default/sts/x"),
            (.daemonSet, "default/"), (.replicaSet, "default/"), (.job, "default/"), (.cronJob, "default/"),
        ] {
            #expect(try reserved(object(kind, "x", ip as [String: String?])) == ["10.9.0.5 \(holder) - []"], "\(kind)")
        }
    }

    @Test func listsAndQualifiedAnnotationsAreSeparate_andNothingOccursTwice() throws {
        let both: [String: String?] = ["kube-ipam.ip": "10.9.0.5, fd09::5", "kube-ipam.ip/storage": "172.18.0.1"]
        let found = try reserved(
            object(.deployment, "x", both), object(.deployment, "x", both),
            object(.pod, "a", ["kube-ipam.ip": "auto"]), object(.pod, "b", ["kube-ipam.ip/k8s": "dynamic"]),
            object(.pod, "c", [:]))
        #expect(
            found == [
                "10.9.0.5 default/deploy/x - [\"storage\"]", "fd09::5 default/deploy/x - [\"storage\"]",
                "172.18.0.1 default/deploy/x storage []",
            ], "\(found)")
    }

    @Test func whatAnADDRefusesIsRefused() throws {
        for (value, problem) in [
            ("10.9.0", "a.yaml, line 7: annotation kube-ipam.ip: \"10.9.0\" is not an IP address"),
            (nil, "a.yaml, line 7: annotation kube-ipam.ip must be a string, not a number"),
        ] as [(String?, String)] {
            let error = #expect(throws: NamedReservationError.self) {
                try reserved(object(.pod, "x", ["kube-ipam.ip": value]))
            }
            #expect(error?.description.hasPrefix(problem) == true, "\(error?.description ?? "")")
        }
    }
}
