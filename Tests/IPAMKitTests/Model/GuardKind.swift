@testable import IPAMKit
@testable import Store

/// The guards of the transactions, by what they look at. The raw values are the terms of docs/keyspace.md, as far as that has them.
enum GuardKind: String, CaseIterable, Hashable, Sendable, Comparable {
    case lockAbsent = "no lock"
    /// Of a Go process: it revokes its own lease only.
    case lockValue = "its own lock"
    case documentAbsent = "no document yet"
    case settings = "settings unchanged"
    case attachmentAbsent = "no attachment yet"
    case attachmentUnchanged = "attachment unchanged"
    case attachmentsNotNewer = "no newer attachment of the container"
    case usedAbsent = "not used"
    case usedUnchanged = "used key unchanged"
    case usedValue = "used by this container"
    case reservationAbsent = "not reserved"
    case reservationUnchanged = "reservation unchanged"
    case reservationsNotNewer = "no newer reservation"
    case claimsNotNewer = "claims unchanged"
    case suspect = "suspect unchanged"
    case history = "history unchanged"
    /// What tells, after a lost answer, that a change was carried out; it is a transaction without operations.
    case trace = "traces of a change"

    init(_ condition: Guard, _ keys: Keyspace) {
        let key: Key
        let isAbsent: Bool
        switch condition {
        case .absent(let guarded): (key, isAbsent) = (guarded, true)
        case .unchanged(let guarded, _): (key, isAbsent) = (guarded, false)
        case .value(let guarded, _):
            self = guarded == keys.lock ? .lockValue : .usedValue
            return
        case .noneNewer(let range, _):
            let text = range.start.text
            self =
                text.hasPrefix(keys.attachmentsPrefix)
                ? .attachmentsNotNewer
                : text.hasPrefix(keys.reservationsPrefix) ? .reservationsNotNewer : .claimsNotNewer
            return
        }
        let text = key.text
        self =
            if key == keys.lock { .lockAbsent } else if key == keys.document {
                .documentAbsent
            } else if key == keys.settings { .settings } else if text.hasPrefix(keys.attachmentsPrefix) {
                isAbsent ? .attachmentAbsent : .attachmentUnchanged
            } else if text.hasPrefix(keys.usedPrefix) {
                isAbsent ? .usedAbsent : .usedUnchanged
            } else if text.hasPrefix(keys.reservationsPrefix) {
                isAbsent ? .reservationAbsent : .reservationUnchanged
            } else if text.hasPrefix(keys.suspectsPrefix) { .suspect } else { .history }
    }

    static func < (left: GuardKind, right: GuardKind) -> Bool { left.rawValue < right.rawValue }
}

/// A guard of one kind of operation.
struct OperationGuard: Hashable, Sendable, CustomStringConvertible {
    let operation: ModelOperation.Kind
    let kind: GuardKind

    init(_ operation: ModelOperation.Kind, _ kind: GuardKind) {
        self.operation = operation
        self.kind = kind
    }

    var description: String { "\(operation.rawValue): \(kind.rawValue)" }
}

extension Transaction {
    /// The guards of this transaction and of all that are nested in it.
    var allGuards: [Guard] {
        guards
            + (then + otherwise).flatMap { operation -> [Guard] in
                if case .transaction(let inner) = operation { inner.allGuards } else { [] }
            }
    }

    /// The same transaction without the guards that `isDropped` is true for, nested ones included.
    func dropping(_ isDropped: (Guard) -> Bool) -> Transaction {
        func without(_ operations: [Operation]) -> [Operation] {
            operations.map { operation -> Operation in
                if case .transaction(let inner) = operation {
                    .transaction(inner.dropping(isDropped))
                } else {
                    operation
                }
            }
        }
        return Transaction(if: guards.filter { !isDropped($0) }, then: without(then), else: without(otherwise))
    }
}
