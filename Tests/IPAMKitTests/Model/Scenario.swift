@testable import IPAMKit
@testable import Store

/// One of the operations that a scenario lets run at once.
struct ModelOperation: Sendable {
    enum Kind: String, CaseIterable, Hashable, Sendable {
        case add = "ADD"
        case delete = "DEL"
        case collect = "GC"
        case reserve, release, repair, hold, adopt
        case go = "Go plugin"
    }

    /// What the operation's caller is told.
    enum Outcome: Hashable, Sendable {
        case added([IPAddress])
        case done
        /// The operation says that it has made its change.
        case changed
        case refused(IPAMError)
    }

    let kind: Kind
    /// For a schedule that people read: `ADD c1`.
    let name: String
    /// The attachment that an ADD makes, or a DEL ends.
    var attachment: AttachmentReference?
    /// The containers that may lose their addresses by it.
    var ends: Set<String> = []
    /// If it may take this address only from a holder that is a suspect at that moment.
    var takesOnlySuspects: IPAddress?
    /// Whether it may drop this reservation, as it stands.
    var drops: @Sendable (IPAddress, Reservation) -> Bool = { _, _ in false }
    /// The pod whose sandbox an ADD starts.
    var pod: Pod?
    /// Whether what it is to bring about is so; nil if it tells of no change.
    var effect: (@Sendable (NetworkState) -> Bool)?
    /// Whether it is several operations, one after the other: then its guards are never left out.
    var isSequence = false
    let body: @Sendable (AddressPool, TestClock) async throws -> Outcome

    /// The lease of Go processes: each scenario has one of them at most.
    static let lease = "7587848390"
}

/// A small network, and the operations on it that run at once.
struct Scenario: Sendable {
    let name: String
    /// The network as it is before.
    let pool: TestPool
    let operations: [ModelOperation]
    /// The containers whose attachments may be without used keys: they are so before, or a Go process frees them.
    var mayDangle: Set<String> = []
    /// The containers that Go processes record, without attachments.
    var goContainers: Set<String> = []
    /// Whether a lease may end while its Go process goes on.
    var goOutlivesItsLease = false
    /// The pods that Kubernetes has, besides those of the operations.
    var pods: [Pod] = []
    /// What the audit may find at the end, besides `leaked` and `superseded`.
    var findings: Set<AuditCode> = []

    /// The attachments as they are before.
    var attachments: [Key: String] {
        pool.memory?.records.filter { $0.key.text.hasPrefix(pool.keys.attachmentsPrefix) }.mapValues(\.value) ?? [:]
    }

    /// Whether it has so many steps that faults multiply what there is to explore.
    var isLarge: Bool { operations.count > 2 || hasGoNodes || operations.contains(where: \.isSequence) }
    /// Whether it is left out of an ordinary run: it takes seconds.
    var isVeryLarge = false

    var hasGoNodes: Bool { operations.contains { $0.kind == .go } }

    /// The addresses that an ADD without a name chooses from, for each range set: the dynamic ones, and those for `auto`.
    var spaces: [[IPAddress]] {
        pool.rangeSets.flatMap { [$0.dynamicSpace, AllocationRules.automaticSpace(of: $0)] }
            .map { space in (0..<space.count).map { space[$0] } }
    }
}
