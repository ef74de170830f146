/// The used keys of a network, to be matched with attachments: 32 bytes for each, because a network may have half a million.
struct UseIndex {
    private struct Use {
        let address: IPAddress
        var isTaken: Bool
        /// Of the container ID, with the seed of this process: nobody can make an ID that has the hash of another one.
        let container: Int
    }

    private var uses: [Use] = []
    private var rest = 0

    /// Adds the used key of an address; every address comes once.
    mutating func append(_ address: IPAddress, container: String) {
        uses.append(Use(address: address, isTaken: false, container: container.hashValue))
        rest += 1
    }

    /// Orders the keys, after all have been added.
    mutating func sort() { uses.sort { $0.address < $1.address } }

    /// Whether keys are left that nobody has taken.
    var hasRest: Bool { rest > 0 }

    /// Whether the used key of `address` is the container's and nobody has taken it; then it is taken.
    mutating func take(_ address: IPAddress, by container: String) -> Bool {
        let index = uses.partitionPoint { $0.address < address }
        guard index < uses.count, uses[index].address == address, !uses[index].isTaken,
            uses[index].container == container.hashValue
        else { return false }
        uses[index].isTaken = true
        rest -= 1
        return true
    }
}
