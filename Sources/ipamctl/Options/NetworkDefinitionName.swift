import IPAMKit

/// The name of a NetworkAttachmentDefinition, as `--nad` takes it.
struct NetworkDefinitionName: Hashable, Sendable, CustomStringConvertible {
    let namespace: Namespace
    let name: String

    /// Reads `namespace/name`.
    ///
    /// - Throws: ``Failure`` that says how it is written.
    init(argument text: String) throws(Failure) {
        guard case .pod(let found)? = try? ReservationHolder(text), ReservationHolder.pod(found).isPossible else {
            throw Failure(
                .usage,
                "\(text.quotedForPeople) is not a NetworkAttachmentDefinition: write NAMESPACE/NAME, such as "
                    + "default/database, in lower-case letters, digits, \"-\" and \".\"")
        }
        (namespace, name) = (found.namespace, found.name.text)
    }

    var description: String { "\(namespace)/\(name)" }
}
