import IPAMKit

/// What a command did to a whole network, or would do.
struct NetworkChange: Renderable {
    let network: NetworkName
    /// `held`, `lifted`, `unchanged`
    let action: String
    /// `on hold: moving to 10.189/16`
    let sentence: String
    let hold: NetworkSettings.Hold?
    let isDryRun: Bool

    var json: JSONValue {
        var object: JSONObject = ["network": .string(network.text), "action": .string(action)]
        object["hold"] = hold?.json
        if isDryRun { object["dryRun"] = true }
        return .array([.object(object)])
    }
    var names: [String] { [network.text] }

    func cells(wide: Bool) -> [[String]] {
        [["NETWORK", "ACTION"] + (wide ? ["HOLD"] : []), [network.text, action] + (wide ? [hold?.reason ?? ""] : [])]
    }

    func text(wide: Bool) -> String { "network \(network) \(sentence)\(isDryRun ? " (dry run)" : "")\n" }
}
