import IPAMKit

extension PodReference {
    /// Reads `namespace/name`.
    ///
    /// - Throws: ``Failure`` that says how a pod is written.
    init(argument text: String) throws(Failure) {
        try ReservationHolder.refuseKind(text)
        guard case .pod(let pod)? = try? ReservationHolder(text) else {
            throw Failure(.usage, "\"\(text)\" is not a pod: write NAMESPACE/NAME, such as default/db-0")
        }
        self = pod
    }
}

extension ReservationHolder {
    /// Reads what `--for` takes. An empty text is any pod that names the address.
    ///
    /// - Throws: ``Failure`` also for names that Kubernetes cannot have.
    init(argument text: String) throws(Failure) {
        try Self.refuseKind(text)
        self = try Failure.wrap(.usage) { try ReservationHolder(text) }
        guard self != .nobody else {
            throw Failure(
                .usage, "\(text.quotedForPeople) is not a holder", hint: "--fence reserves an address for nobody")
        }
        guard isPossible else {
            throw Failure(
                .usage, "Kubernetes cannot have \"\(text)\"",
                hint:
                    "names have at most 253 lower-case letters, digits, \"-\" and \".\"; namespaces at most 63, no \".\""
            )
        }
    }
}

extension ReservationHolder {
    private static let kinds: Set<String> = [
        "sts", "statefulset", "statefulsets", "deploy", "deployment", "deployments", "po", "pod", "pods", "ds",
        "daemonset", "rs", "replicaset", "job",
    ]

    /// Refuses `sts/db`, which kubectl takes for a StatefulSet, and which here would be a pod of the namespace `sts`.
    ///
    /// - Throws: ``Failure`` that says how to write it.
    fileprivate static func refuseKind(_ text: String) throws(Failure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = parts.first, kinds.contains(kind.lowercased()) else { return }
        throw Failure(
            .usage, "\(text.quotedForPeople) has no namespace",
            hint: "write NAMESPACE/sts/NAME, NAMESPACE/deploy/NAME or NAMESPACE/NAME of a pod, such as default/sts/db; "
                + "\(kind)/pod/NAME is a pod of the namespace \(kind)")
    }
}

extension PlanName {
    /// Reads what `--plan` takes.
    ///
    /// - Throws: ``Failure`` with the valid form.
    init(argument text: String) throws(Failure) {
        self = try Failure.wrap(.usage, hint: "such as web or team-a.db") { try PlanName(text) }
    }
}

extension Namespace {
    /// Takes a name also if only another runtime than Kubernetes' can have it.
    ///
    /// - Throws: ``Failure`` for a list or a pattern, and for a name that cannot be stored.
    init(argument text: String) throws(Failure) {
        let name = try OneName.checked(text)
        self = try Failure.wrap(.usage, hint: "write the name of one namespace") { try Namespace(name) }
    }
}

/// The value of an option that takes one name.
enum OneName {
    /// - Throws: ``Failure`` for nothing, a list or a pattern: it would never match.
    static func checked(_ text: String) throws(Failure) -> String {
        guard !text.isEmpty, !text.contains(where: { ",*?".contains($0) }) else {
            throw Failure(
                .usage, "\(text.quotedForPeople) is not one name",
                hint: "write one name; lists and patterns do not exist")
        }
        return text
    }
}

/// The ID of a container, whole or abbreviated.
struct ContainerPrefix: Sendable {
    private let text: String

    /// `ipamctl list` and the tools of the runtimes print that many characters.
    static let shortest = 12

    init(argument text: String) {
        self.text = text
    }

    func matches(_ containerID: String) -> Bool {
        containerID == text || (text.utf8.count >= Self.shortest && containerID.hasPrefix(text))
    }
}

/// Texts that become a part of what is stored.
enum StoredText {
    /// Reads a reservation's note.
    ///
    /// - Throws: ``Failure`` for a note that is too long.
    static func note(argument text: String) throws(Failure) -> String { try text.within(Reservation.longestNote) }

    /// Reads the note of `ipamctl note`, which is one line, as tables show it.
    ///
    /// - Throws: ``Failure`` for a note that is too long, or has control characters.
    static func line(argument text: String) throws(Failure) -> String {
        try requireNoControls(text)
        return try note(argument: text)
    }

    private static func requireNoControls(_ text: String) throws(Failure) {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return }
        throw Failure(.usage, "the text has a line break or another control character: write one line")
    }

    /// Reads the reason of a hold.
    ///
    /// - Throws: ``Failure`` for a reason that is empty, too long, or has more than one line.
    static func reason(argument text: String) throws(Failure) -> String {
        if text.allSatisfy(\.isWhitespace) { throw Failure(.usage, "the text is empty: write the reason for the hold") }
        try requireNoControls(text)
        return try text.within(NetworkSettings.Hold.longestReason)
    }
}

extension String {
    /// - Throws: ``Failure`` for a text of more than `longest` bytes.
    fileprivate func within(_ longest: Int) throws(Failure) -> String {
        if utf8.count <= longest { return self }
        throw Failure(
            .usage, "the text has \(utf8.count) bytes; at most \(longest) are allowed", hint: "shorten the text")
    }
}
