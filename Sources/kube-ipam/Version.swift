import IPAMKit

/// What the program says of itself.
enum About {
    static let help = """
        kube-ipam \(ProductVersion.text): a CNI IPAM plugin that gives pods addresses out of a pool kept in etcd.

        It is run by a container runtime, through a CNI plugin such as bridge or macvlan whose configuration says
        "ipam": {"type": "kube-ipam", ...}. Install it beside the other plugins, usually in /opt/cni/bin.
        The operation comes in CNI_COMMAND (ADD, DEL, CHECK, GC, STATUS, VERSION), the network configuration on
        standard input. CNI versions: \(CNIVersion.allCases.map(\.rawValue).joined(separator: ", ")).

          kube-ipam --version   print the version
          kube-ipam --help      print this

        To look at the pool and to reserve addresses, use ipamctl.
        """
}
