import Store

/// Many operations in one transaction. etcd limits the widest path (``Store/Transaction/width``); siblings do not add
/// up. Nested transactions without guards always run, so grouping changes only the width.
extension [Operation] {
    /// The most operations side by side; more are nested.
    static let mostSiblings = 60

    /// The same operations, in nested transactions if there are many.
    var inSiblings: [Operation] {
        guard count > Self.mostSiblings else { return self }
        var operations = self
        while operations.count > Self.siblingsOfMany { operations = operations.grouped(by: Self.siblingsOfMany) }
        return operations
    }

    /// The same operations, grouped into nested transactions `rounds` times.
    func nested(_ rounds: Int) -> [Operation] {
        var operations = self
        for _ in 0..<rounds where operations.count > Self.groupSize {
            operations = operations.grouped(by: Self.groupSize)
        }
        return operations
    }

    /// The size of a group of many operations: four levels, enough for 160,000 operations, are 80 wide.
    private static let siblingsOfMany = 20

    /// Enough for 512 operations to be 8 + 8 + 8 wide.
    static let mostRounds = 2

    private static let groupSize = 8

    private func grouped(by size: Int) -> [Operation] {
        stride(from: 0, to: count, by: size).map { start in
            .transaction(Transaction(if: [], then: Array(self[start..<Swift.min(start + size, count)])))
        }
    }
}
