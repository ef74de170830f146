import Store

/// What an ADD has read of its network, as of one revision.
struct AllocationState {
    var revision: Revision
    var document: Record?
    var settings: Record?
    var lock: Record?
    var attachment: Record?
    /// One for each of the request's numbered range sets; nil if no address has been given yet.
    var cursors: [IPAddress?] = []
    /// The claimed addresses of each owner.
    var claims = Claims()
    /// True if addresses are reserved for workloads of which one may be the pod's (``PodReference/deploymentPrefix``).
    var hasPossibleClaims = false
    /// The addresses that are requested by name, those that are claimed, and the first candidates of `auto`.
    var addresses: [IPAddress: AddressState] = [:]
    /// The histories of the addresses that the ADD may add entries to.
    var histories = Histories()
    /// The holders of addresses that are judged. An array, because the first dictionary of each kind costs a process 0.1
    /// ms.
    var holders: [HeldAddress] = []
}

/// The addresses that are claimed for each of a few owners. An array, because the first dictionary with owners as keys would be
/// a fourteenth of an ADD's instructions.
struct Claims {
    private var all: [(owner: ClaimOwner, addresses: [IPAddress])] = []

    /// The addresses claimed for an owner, ascending; nil if they have not been read.
    subscript(owner: ClaimOwner) -> [IPAddress]? {
        get { all.first { $0.owner == owner }?.addresses }
        set {
            all.removeAll { $0.owner == owner }
            if let newValue { all.append((owner, newValue)) }
        }
    }

    /// All addresses, some perhaps more than once.
    var addresses: [IPAddress] { all.flatMap(\.addresses) }
}

/// The holder of an address in use, as of one revision.
struct HeldAddress {
    let address: IPAddress
    /// The used key at that revision.
    let used: Record?
    /// With the attachment's record, if there is an attachment that can be read.
    let tenancy: Tenancy
    let suspect: Record?
    /// True if an attachment of the container cannot be read.
    let isDamaged: Bool
    let revision: Revision
}

/// The takeover of an address from a holder that is gone.
struct Takeover {
    /// The holder's used key.
    let used: Record
    /// The holder, with its attachment's record.
    let tenancy: Tenancy
    let suspect: Record?
    let evidence: HolderVerdict.Evidence

    func report(of address: IPAddress) -> TakeoverReport {
        TakeoverReport(address: address, formerHolder: tenancy.phrase, evidence: evidence)
    }
}
