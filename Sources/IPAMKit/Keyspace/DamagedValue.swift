/// A stored value that is not what its key promises.
public struct DamagedValue: Error, Hashable, Sendable, CustomStringConvertible {
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
