/// The name of a plan of reservations: `plan` of a reservation says which plan the reservation belongs to.
public struct PlanName: Hashable, Sendable, CustomStringConvertible {
    /// The name: 1 to ``longest`` letters, digits, "-", "_" and ".", with a letter or a digit at both ends.
    public let text: String

    /// The most characters of a name, as of a label's value in Kubernetes.
    public static let longest = 63

    /// Checks a name.
    ///
    /// - Throws: ``InvalidPlanName`` for any other text.
    public init(_ text: String) throws(InvalidPlanName) {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= Self.longest,
            isAlphanumeric(first), isAlphanumeric(last),
            text.utf8.allSatisfy({ isAlphanumeric($0) || "-_.".utf8.contains($0) })
        else { throw InvalidPlanName(text: text) }
        self.text = text
    }

    /// The name itself.
    public var description: String { text }
}

/// A text that is not the name of a plan.
public struct InvalidPlanName: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String

    /// The error message, with the valid form.
    public var description: String {
        "\(text.quotedForPeople) is not the name of a plan: use 1 to \(PlanName.longest) letters, digits, \"-\", \"_\" or \".\", "
            + "with a letter or a digit at both ends"
    }
}
