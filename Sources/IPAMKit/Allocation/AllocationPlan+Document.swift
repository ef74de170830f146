import Store

/// What an ADD changes of the network itself.
extension AllocationPlan {
    private var fixed: [AddressRange] { request.rangeSets.flatMap { $0.ranges.compactMap(\.fixed) } }

    /// Makes the network's document and settings, or brings them up to date when they differ in meaning. The document
    /// is never a guard of the ADD itself: Go nodes rewrite it all the time.
    var documentUpdate: [Operation] {
        guard !request.rangeSets.isEmpty, state.document == nil || rangesChange != nil else { return [] }
        let text = NetworkDocument.serialize(request.rangeSets)
        let put = Operation.put(keys.document, text)
        if let document = state.document, let change = rangesChange {
            // Who changed the ranges is to be found out later: everything that lay in the former ones may be out of place.
            var changed = settings ?? NetworkSettings(hasGoNodes: true, fixed: fixed)
            changed.fixed = fixed
            changed.record(change)
            let isSame = (try? NetworkDocument.parse(document.value)).map { NetworkDocument.serialize($0) == text }
            return (isSame == true ? [] : [put]) + [.put(keys.settings, changed.serialized())]
        }
        guard settings == nil else { return [put] }
        // First made here: no Go node has written the document before this very transaction.
        let made = NetworkSettings(hasGoNodes: false, fixed: fixed).serialized()
        return [.transaction(Transaction(if: [.absent(keys.document)], then: [put, .put(keys.settings, made)]))]
    }

    /// Compares the store's ranges with the configuration's; nil where they mean the same, or one has none.
    func findRangesChange() -> NetworkSettings.RangesChange? {
        guard !request.rangeSets.isEmpty, let document = state.document else { return nil }
        // Without the fixed ranges: of ranges that share a subnet, the document does not say whose they are.
        let stored = try? NetworkDocument.parse(document.value)
        let isSame =
            stored.map { NetworkDocument.serialize($0) == NetworkDocument.serialize(request.rangeSets) } ?? false
        if isSame, settings.map({ $0.fixed == fixed }) ?? true { return nil }
        let former = (try? NetworkDocument.parse(document.value, fixed: settings?.fixed ?? [])) ?? stored
        return NetworkSettings.RangesChange(
            by: author, at: request.now.description, from: former.map(NetworkDocument.phrase) ?? "what cannot be read",
            to: NetworkDocument.phrase(of: request.rangeSets))
    }
}
