import Store

/// Changes that belong together, because they are about the same addresses. They are made in one transaction, so that what is
/// consistent in the file and in the store is consistent at every moment of a restore.
public struct RestoreUnit: Hashable, Sendable {
    /// In the order of the keys.
    public let changes: [RestoreChange]
    /// Guards on keys that do not change, but belong to the same addresses.
    var neighbours: [Guard] = []

    /// The most changes that are made in one transaction: with forty units side by side, it is less wide than etcd allows.
    private static let most = 80
    /// The most units in one transaction, and the most bytes.
    static let mostAtOnce = 40
    static let mostBytes = 512 << 10

    init(_ changes: [RestoreChange]) {
        self.changes = changes
    }

    /// Whether all of the store's part is older than the backup, or is of no importance.
    var isNewer: Bool { changes.contains(where: \.isNewer) }
    /// In bytes.
    var size: Int { changes.reduce(0) { $0 + 2 * $1.key.text.utf8.count + ($1.value?.size ?? 0) } }

    /// The transactions of the unit, one after the other. A unit that is too large for one, because many containers have
    /// exchanged their addresses, is restored in three steps: the attachments that change are deleted, then everything else is
    /// restored, then the attachments are put. In between, addresses are used without an attachment, which nobody frees. A DEL
    /// that comes in between finds no attachment: the audit then finds the address leaked.
    var stages: [Transaction] {
        if changes.count + neighbours.count <= Self.most { return [Self.transaction(changes, neighbours)] }
        let attachments = changes.filter { $0.kind == .attachment }
        let deleted = attachments.filter { $0.former != nil }.map {
            RestoreChange(key: $0.key, kind: $0.kind, value: nil, former: $0.former)
        }
        let put = attachments.filter { $0.value != nil }.map {
            RestoreChange(key: $0.key, kind: $0.kind, value: $0.value, former: nil)
        }
        return [deleted, changes.filter { $0.kind != .attachment }, put].flatMap { stage in
            stride(from: 0, to: stage.count, by: Self.most).map { start in
                Self.transaction(Array(stage[start..<min(start + Self.most, stage.count)]), [])
            }
        }
    }

    private static func transaction(_ changes: [RestoreChange], _ neighbours: [Guard]) -> Transaction {
        Transaction(if: changes.map(\.guardOfKey) + neighbours, then: changes.map(\.operation))
    }
}
