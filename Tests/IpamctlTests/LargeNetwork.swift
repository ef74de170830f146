import TestSupport

extension AdminSite {
    /// The keys of a network `big` with 65,536 addresses, each used by a container with an attachment.
    func putLargeNetwork() async throws {
        let base = "/etcd-cni/networks/big"
        let document =
            #"[[{"rangeStart":"10.20.0.0","rangeEnd":"10.20.255.255","subnet":"10.16.0.0/12","gateway":"10.16.0.1"}]]"#
        var keys = [(base, document)]
        for index in 0..<65_536 {
            let container = "c" + String(repeating: "0", count: 50) + "\(index)"
            let address = "10.20.\(index / 256).\(index % 256)"
            keys.append(("\(base)/used/\(address)", container))
            keys.append(
                (
                    "\(base)/attachments/\(container)/eth0",
                    #"{"addresses":["\#(address)"],"namespace":"default","pod":"web-\#(index)","node":"n\#(index % 50)","since":"2026-11-23T02:00:00Z","fixed":false}"#
                ))
        }
        try await put(keys)
    }
}
