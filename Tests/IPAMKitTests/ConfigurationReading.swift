import IPAMKit

/// What the suites about configurations have in common.
protocol ConfigurationReading {}

extension ConfigurationReading {
    func read(_ text: String, _ arguments: String = "") throws -> NetworkConfiguration {
        try NetworkConfiguration(json: Array(text.utf8), cniArgs: CNIArguments(arguments))
    }

    func refusal(_ text: String) -> ConfigurationError? {
        do {
            _ = try NetworkConfiguration(json: Array(text.utf8))
            return nil
        } catch { return error }
    }

    /// A configuration whose `ipam` has an etcdConfig and the given members.
    func ipam(_ members: String, top: String = "", version: String = "1.0.0") -> String {
        #"{"cniVersion":"\#(version)","name":"net"\#(top),"ipam":{"type":"kube-ipam","#
            + #""etcdConfig":{"etcdURL":"http://127.0.0.1:2379"}\#(members)}}"#
    }

    /// A subnet as a further member of `ipam`.
    var subnet: String { #","subnet":"10.188.0.0/16""# }
}
