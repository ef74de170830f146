import IPAMKit
import KubernetesManifests

/// Manifests of Kubernetes: the addresses that their pods request are reserved for these pods.
extension ReservationPlanFile {
    /// - Parameter namespace: the namespace of objects that name none; those that name another one are refused.
    /// - Throws: ``Failure`` with the place in the manifest.
    func plan(ofManifest text: String, namespace: Namespace?) throws(Failure) -> Plan {
        var manifest = Manifest()
        do throws(ManifestError) {
            try manifest.add(Array(text.utf8), file: name, namespace: namespace)
        } catch {
            throw Failure(.usage, error.description, hint: error.hint ?? "correct the manifest")
        }
        let (objects, replaced) = Preflight.effective(manifest.objects)
        for remark in manifest.remarks { Terminal.note(remark) }
        for line in replaced { Terminal.note("warning: \(line.place): \(line.reason)") }
        let reservations: [NamedReservation]
        do throws(NamedReservationError) {
            reservations = try NamedReservation.all(of: objects)
        } catch {
            throw Failure(.usage, error.description, hint: "'ipamctl preflight -f FILE' checks a whole manifest")
        }
        guard !reservations.isEmpty else {
            // A misspelt annotation may be the reason. Which networks exist is not known here.
            let networks = objects.flatMap(\.qualifiedNetworks).compactMap { try? NetworkName($0) }
            for warning in Self.warnings(on: objects, networks: Set(networks)) { Terminal.note(warning) }
            throw Failure(
                .usage, "\(name) requests no address",
                hint: "the annotation kube-ipam.ip of a pod template requests one; a plan has no apiVersion")
        }
        let rows = reservations.map { reservation in
            ReservationPlan.Row(
                place: reservation.place.description, network: reservation.network?.text,
                otherNetworks: reservation.otherNetworks.map(\.text), ranges: [AddressRange(reservation.address)],
                reservation: Reservation(for: reservation.holder, by: Operator.name, since: now), pods: nil)
        }
        return Plan(rows: rows, objects: objects)
    }

    /// The warnings about annotations that have no effect.
    static func warnings(on objects: [PlannedObject], networks: Set<NetworkName>) -> [String] {
        Preflight.manifestLines(objects, networks: networks).map { line in
            "warning: \(line.place): \(line.reason)" + (line.hint.map { "\nhint: \($0)" } ?? "")
        }
    }
}
