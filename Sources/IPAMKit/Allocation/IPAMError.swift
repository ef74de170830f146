import Store

/// Why an address was not given, kept or freed. The sentence for people is ``description``; for a runtime, ``cniCode``.
public enum IPAMError: Error, Hashable, Sendable {
    /// The store did not do what was asked.
    case store(StoreError)
    /// The Go plugin's lock on the network was still held at the deadline.
    case locked(network: NetworkName, lease: String)
    /// No dynamic address is left in a range set.
    case exhausted(network: NetworkName, ranges: String, size: UInt128, reserved: Int)
    /// Another attachment holds the address.
    case inUse(IPAddress, by: String)
    /// The address is kept for someone else.
    case reserved(IPAddress, for: ReservationHolder)
    /// All addresses reserved for a workload, or for the pod, are held.
    case reservationsInUse(of: String, [IPAddress])
    /// The address cannot be given: where it lies, or what it is.
    case notAllowed(IPAddress, String)
    /// The network gives out no address at the moment.
    case onHold(network: NetworkName, NetworkSettings.Hold)
    /// A value in the store cannot be understood.
    case damaged(Key, DamagedValue)
    /// What the runtime believes (`prevResult`) is not what is recorded.
    case notRecorded(String)
    /// Others changed the same keys again and again.
    case contention(network: NetworkName)
    /// Addresses that are someone else's; nothing was changed.
    case conflicts([ReservationConflict])
    /// Addresses that are neither reserved nor in use; nothing was changed.
    case nothingToRelease(network: NetworkName, [IPAddress])
    /// GC was asked to free without being told what is in use.
    case missingAttachments
}

extension IPAMError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .store(let error): error.description
        case .locked(let network, let lease):
            "network \(network) is locked by a node that runs the Go plugin (lease \(lease)), and was until the deadline"
        case .exhausted(let network, let ranges, 0, _):
            "network \(network) has no dynamic address: the fixed range and the gateway cover all of \(ranges)"
        case .exhausted(let network, let ranges, let size, let reserved):
            "network \(network) has no free address: all \(size) of \(ranges) are in use"
                + (reserved > 0 ? " or reserved (\(reserved) of them)" : "")
        case .inUse(let address, let holder): "\(address) is in use by \(holder)"
        case .reserved(let address, let holder): "\(address) is reserved for \(holder.phrase)"
        case .reservationsInUse(let owner, let addresses):
            "every address reserved for \(owner) is in use (\(addresses.map(\.description).joined(separator: ", ")))"
        case .notAllowed(let address, let problem): "\(address) \(problem)"
        case .onHold(let network, let hold):
            "network \(network) is on hold" + (hold.by.map { " by \($0)" } ?? "")
                + (hold.since.map { " since \($0)" } ?? "") + (hold.reason.map { ": \($0)" } ?? "")
        case .damaged(let key, let problem): "the value of \(key) cannot be used: \(problem)"
        case .notRecorded(let problem): problem
        case .contention(let network): "network \(network) changed too often to get a transaction through"
        case .conflicts(let conflicts):
            Self.list(conflicts.map(\.description))
        case .nothingToRelease(let network, let addresses):
            Self.list(addresses.map(\.description))
                + (addresses.count == 1 ? " is" : " are") + " neither reserved nor in use in network \(network)"
        case .missingAttachments:
            "GC needs the list of valid attachments (cni.dev/valid-attachments); without it nothing was freed"
        }
    }

    /// At most five, and how many more there are.
    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(5).joined(separator: ", ")
        return items.count > 5 ? "\(shown) and \(items.count - 5) more" : shown
    }

    /// The code that a runtime sees (CNI spec section 5, and the project's own from 100).
    public var cniCode: CNIErrorCode {
        switch self {
        case .store(.invalidConfiguration), .missingAttachments: .invalidNetworkConfig
        case .store, .locked, .contention: .tryAgainLater
        case .exhausted: .poolExhausted
        case .inUse, .reservationsInUse, .conflicts: .addressInUse
        case .reserved: .reservedForAnother
        case .notAllowed: .addressNotAllowed
        case .onHold: .networkOnHold
        case .damaged: .internalError
        case .notRecorded, .nothingToRelease: .addressNotRecorded
        }
    }
}
