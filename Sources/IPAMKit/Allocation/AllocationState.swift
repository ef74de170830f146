import Store

/// What an ADD has read of its network, as of one revision.
struct AllocationState {
    var revision: Revision
    var document: Record?
    var settings: Record?
    var lock: Record?
    var attachment: Record?
    /// One for each of the request's numbered range sets; nil where no address was given yet.
    var cursors: [IPAddress?] = []
    /// The claimed addresses of each owner.
    var claims: [ClaimOwner: [IPAddress]] = [:]
    /// Addresses are claimed for workloads of which one may be the pod's (``PodReference/deploymentPrefix``).
    var hasPossibleClaims = false
    /// The addresses that were asked for by name, and those claimed.
    var addresses: [IPAddress: AddressState] = [:]
    /// The histories that the ADD is going to add to.
    var histories = Histories()
}

/// That an address is taken from a holder that is gone.
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
