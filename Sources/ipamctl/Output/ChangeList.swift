import IPAMKit

/// What a command did, or would do: one line for each address.
struct ChangeList: Renderable {
    struct Change {
        let address: IPAddress
        /// `reserved`, `updated`, `unchanged`, `released`, ...
        let action: String
        /// `reserved for default/db-0`
        let sentence: String
    }

    let network: NetworkName
    let changes: [Change]
    let isDryRun: Bool

    var json: JSONValue {
        .array(
            changes.map { change in
                var object: JSONObject = [
                    "network": .string(network.text), "address": .string(change.address.description),
                    "action": .string(change.action),
                ]
                if isDryRun { object["dryRun"] = true }
                return .object(object)
            })
    }
    var names: [String] { changes.map(\.address.description) }

    func cells(wide: Bool) -> [[String]] {
        [["NETWORK", "ADDRESS", "ACTION"]]
            + changes.map { [network.text, $0.address.description, $0.action] }
    }

    func text(wide: Bool) -> String {
        changes.map { "\($0.address) \($0.sentence)\(isDryRun ? " (dry run)" : "")\n" }.joined()
    }
}
