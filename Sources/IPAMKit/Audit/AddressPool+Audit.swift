extension AddressPool {
    /// Audits the network: reads the store, then gathers the evidence, then judges.
    ///
    /// - Parameters:
    ///   - configured: what the CNI file says about the network.
    ///   - others: the other networks of the store, as far as they are known.
    ///   - observe: lists pods and nodes, or looks at this node; called after the store was read.
    ///   - now: the time; called after the evidence was gathered.
    /// - Returns: the report, and what was read, for a repair.
    /// - Throws: ``IPAMError``, `lookupFailed` if Kubernetes could not be asked: then nothing is judged.
    public func audit(
        configured: [RangeSet]?, beside others: [NetworkPlace] = [],
        observe: () async throws(PodSourceError) -> AuditEvidence, now: () -> Timestamp
    ) async throws(IPAMError) -> (report: AuditReport, snapshot: NetworkSnapshot) {
        var snapshot = try await snapshot()
        let evidence: AuditEvidence
        do throws(PodSourceError) {
            evidence = try await observe()
        } catch {
            throw .lookupFailed(error)
        }
        // A pod that started after the store was read reports an address that was not in use then.
        let first = Audit(snapshot, evidence: evidence, configured: configured, beside: others, now: now()).report()
        let unrecorded = first.findings.filter { $0.code == .untracked }.compactMap(\.address)
        guard !unrecorded.isEmpty else { return (first, snapshot) }
        try await renewed.noteUsed(unrecorded, in: &snapshot)
        try await renewed.noteUsed(unrecorded, in: others.map(\.name), &snapshot)
        let second = Audit(snapshot, evidence: evidence, configured: configured, beside: others, now: now())
        return (second.report(), snapshot)
    }
}
