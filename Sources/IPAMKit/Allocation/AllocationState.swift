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
    var claims: [ClaimOwner: [IPAddress]] = [:]
    /// True if addresses are reserved for workloads of which one may be the pod's (``PodReference/deploymentPrefix``).
    var hasPossibleClaims = false
    /// The addresses that are requested by name, and those that are claimed.
    var addresses: [IPAddress: AddressState] = [:]
    /// The histories that the ADD will add to.
    var histories = Histories()
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
