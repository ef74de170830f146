import IPAMKit
import Machine

/// A plan of reservations in a file: CSV, YAML or JSON, what `ipamctl list` writes in these formats, or a manifest of
/// Kubernetes.
struct ReservationPlanFile {
    /// What a file says.
    struct Plan: Sendable {
        var rows: [ReservationPlan.Row] = []
        /// The plan's own name; nil if it says none.
        var name: PlanName?
        /// The network that the whole plan is for; nil if it says none.
        var network: String?
        /// The name of the file.
        var source = ""
        /// The objects of a manifest, without those that a later one replaces.
        var objects: [PlannedObject] = []
    }

    /// The path, or `standard input`.
    let name: String
    let now: Timestamp
    private let contents: PlanContents

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: ``Failure`` if it cannot be read, is not UTF-8, or is in no format of a plan.
    init(_ path: String, now: Timestamp) throws(Failure) {
        name = path == "-" ? "standard input" : path
        let lowered = path.lowercased()
        if lowered.hasPrefix("https://") || lowered.hasPrefix("http://") {
            throw Failure(
                .usage, "\(path) is a URL, and 'reserve -f' reads a file",
                hint: "curl -fsS \(path) | ipamctl reserve -f -")
        }
        if FileReader.kind(of: path) == .folder {
            throw Failure(
                .usage, "\(path) is a folder, and 'reserve -f' reads a file",
                hint: "name one file at a time; manifests that begin with --- can be read together: "
                    + "cat \(path)\(path.hasSuffix("/") ? "" : "/")*.yaml | ipamctl reserve -f -")
        }
        self.now = now
        contents = try PlanContents(try TextFile.readUTF8(path), name: name)
    }

    /// How the file's format is written.
    var formatHint: String {
        switch contents {
        case .table: PlanEntry.columnHint
        case .plan: PlanEntry.keyHint
        case .manifest: "the pods of a manifest request addresses with the annotation kube-ipam.ip"
        }
    }

    /// What the file says; its rows are empty only if it says so, with an empty list or nothing but a header.
    ///
    /// - Parameter namespace: of objects of a manifest that name none.
    /// - Throws: ``Failure`` with the entry, the column or the key that cannot be used.
    func plan(namespace: Namespace?) throws(Failure) -> Plan {
        if case .manifest = contents {
        } else if namespace != nil {
            throw Failure(
                .usage, "--namespace: \(name) is not a manifest of Kubernetes",
                hint: "omit --namespace: the entries of a plan name the namespace with 'for'")
        }
        switch contents {
        case .table(let text): return try plan(ofTable: text)
        case .plan(let node): return try plan(of: node)
        case .manifest(let text):
            return try plan(ofManifest: text, namespace: namespace)
        }
    }

    /// Reads the entries of a plan.
    ///
    /// - Parameters:
    ///   - place: where an entry is, such as `entry 3`.
    ///   - read: returns nil for an entry that reserves nothing.
    /// - Throws: ``Failure`` with the first entry that cannot be used, and the numbers of the others.
    func collect<Entry>(
        _ entries: [Entry], place: (Int, Entry) -> String, _ read: (Entry) throws(Failure) -> PlanEntry?
    ) throws(Failure) -> [ReservationPlan.Row] {
        var rows: [ReservationPlan.Row] = []
        var failures: [(index: Int, failure: Failure)] = []
        for (index, entry) in entries.enumerated() {
            do throws(Failure) {
                guard var row = try read(entry)?.row(now: now) else { continue }
                row.place = "\(name), \(place(index, entry))"
                rows.append(row)
            } catch {
                failures.append((index, error))
            }
        }
        guard let (index, first) = failures.first else { return rows }
        let others = failures.dropFirst().map { String($0.index + 1) }
        let numbers = others.prefix(5).joined(separator: ", ") + (others.count > 5 ? ", ..." : "")
        let rest = others.isEmpty ? "" : "; \(others.count) more cannot be used (entry \(numbers))"
        throw Failure(
            .usage, "\(name), \(place(index, entries[index])): \(first.message)\(rest)", hint: first.hint)
    }

    /// Whether a list's reservation has expired.
    func isExpired(_ expires: String?) -> Bool {
        Reservation(for: .anyone, expires: expires.flatMap(Timestamp.init)).isExpired(at: now)
    }

    /// Tells how many reservations of a list are skipped because they have expired.
    func reportExpired(_ count: Int) {
        guard count > 0 else { return }
        Terminal.note("skipped: \(count.counted("reservation")) that \(count == 1 ? "has" : "have") expired")
    }

    func noReservations(_ hint: String) -> Failure {
        Failure(
            .usage, "\(name) lists no address that is reserved",
            hint: "only its reservations are reserved; \(hint)")
    }
}
