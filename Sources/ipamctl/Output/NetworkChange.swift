import IPAMKit

/// What a command did to a whole network, or would do.
struct NetworkChange: Renderable {
    let network: NetworkName
    /// `held`, `lifted`, `unchanged`
    let action: String
    /// What follows the network: `on hold: moving to 10.189/16`.
    let text: String
    let hold: NetworkSettings.Hold?
    let isDryRun: Bool

    var json: JSONValue {
        var object = JSONObject(change: action, of: network, isDryRun: isDryRun)
        object["hold"] = hold?.json
        return .array([.object(object)])
    }
    var names: [String] { [network.text] }

    static let columns: [Column<NetworkChange>] = [
        .text("NETWORK") { $0.network.text },
        .text("ACTION", shortening: .never) { $0.action },
        .text("HOLD", .wide, shortening: .end) { $0.hold?.reason },
    ]

    var rows: [NetworkChange] { [self] }

    func text(_ layout: Layout, isWide: Bool) -> String? {
        Terminal.harmless("network \(network) \(text)\(isDryRun ? " (dry run)" : "")") + "\n"
    }
}
