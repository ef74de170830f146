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
    /// The histories that the ADD is going to add to; nil for an address that has none.
    var histories: [IPAddress: Record?] = [:]
}

/// An address that is taken from a holder who is gone.
struct Takeover {
    let address: IPAddress
    /// The holder's used key, attachment, and what is known of it.
    let used: Record
    let container: ContainerID
    let record: Record
    let usage: Usage
    let attachment: Attachment
    let suspect: Record?
    let evidence: HolderVerdict.Evidence

    var report: TakeoverReport {
        TakeoverReport(address: address, formerHolder: usage.phrase, evidence: evidence)
    }
}
