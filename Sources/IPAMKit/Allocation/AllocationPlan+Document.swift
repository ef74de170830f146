import Store

/// What an ADD writes about the network itself.
extension AllocationPlan {
    /// Creates the network's document and settings, or updates them if their meaning differs from the configuration.
    /// The ADD is never guarded by the document: nodes with the Go plugin rewrite it all the time.
    var documentUpdate: [Operation] {
        guard !request.rangeSets.isEmpty, state.document == nil || rangesChange != nil else { return [] }
        let text = NetworkDocument.serialize(request.rangeSets)
        let put = Operation.put(keys.document, text)
        if let document = state.document, let change = rangesChange {
            // The change is recorded, so that an operator can find out later why addresses are out of range.
            var changed = settings ?? NetworkSettings(hasGoNodes: true, fixed: [])
            changed.record(request.rangeSets)
            changed.record(change)
            let isSame = (try? NetworkDocument.parse(document.value)).map { NetworkDocument.serialize($0) == text }
            return (isSame == true ? [] : [put]) + [.put(keys.settings, changed.serialized())]
        }
        guard settings == nil else { return [put] }
        // Created here: no node with the Go plugin has written the document before this transaction.
        var made = NetworkSettings(hasGoNodes: false, fixed: [])
        made.record(request.rangeSets)
        return [
            .transaction(
                Transaction(if: [.absent(keys.document)], then: [put, .put(keys.settings, made.serialized())]))
        ]
    }

    /// The difference between the store's ranges and the configuration's; nil if they mean the same, or if one of them
    /// has none.
    func findRangesChange() -> NetworkSettings.RangesChange? {
        guard !request.rangeSets.isEmpty, let document = state.document else { return nil }
        // Compared without the fixed ranges: if ranges share a subnet, the document does not say to which one a fixed
        // range belongs.
        let stored = try? NetworkDocument.parse(document.value)
        let isSame =
            stored.map { NetworkDocument.serialize($0) == NetworkDocument.serialize(request.rangeSets) } ?? false
        // A network that the Go plugin created has no settings; they are made if something is excluded.
        if isSame, settings?.match(request.rangeSets) ?? request.rangeSets.excludedRanges.isEmpty { return nil }
        let former = (try? NetworkDocument.parse(document.value, settings)) ?? stored
        return NetworkSettings.RangesChange(
            by: author, at: request.now.description, from: former.map(NetworkDocument.phrase) ?? "what cannot be read",
            to: NetworkDocument.phrase(of: request.rangeSets))
    }
}
