/// A stored value that is not in the format of its key.
public struct DamagedValue: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error, to follow a colon, such as `it is not an array`.
    public let description: String

    init(_ problem: String) {
        description = problem
    }
}

extension JSONValue {
    init(stored text: String) throws(DamagedValue) {
        do throws(JSONSyntaxError) {
            self = try JSONValue(parsing: text)
        } catch {
            throw DamagedValue(error.description)
        }
    }
}
