import IPAMKit

/// What a command did, or would do: one line for each address.
struct ChangeList: Renderable {
    struct Change {
        let address: IPAddress
        /// `reserved`, `updated`, `unchanged`, `released`, ...
        let action: String
        /// What follows the address: `reserved for default/db-0`.
        let text: String
    }

    let network: NetworkName
    let changes: [Change]
    let isDryRun: Bool
    /// Why the command fails although a part was done; nil if everything was.
    var failure: Failure?

    var json: JSONValue {
        .array(changes.map { .object(JSONObject(change: $0.action, of: network, $0.address, isDryRun: isDryRun)) })
    }
    var names: [String] { changes.map(\.address.description) }

    func cells(wide: Bool) -> [[String]] {
        [["NETWORK", "ADDRESS", "ACTION"]]
            + changes.map { [network.text, $0.address.description, $0.action] }
    }

    func text(wide: Bool) -> String {
        changes.map { "\($0.address) \($0.text)\(isDryRun ? " (dry run)" : "")\n" }.joined()
    }
}

extension JSONObject {
    /// `{network, address?, action, dryRun?}`, which every change has.
    init(change action: String, of network: NetworkName, _ address: IPAddress? = nil, isDryRun: Bool) {
        self = ["network": .string(network.text)]
        self["address"] = address.map { .string($0.description) }
        self["action"] = .string(action)
        if isDryRun { self["dryRun"] = true }
    }
}
