import IPAMKit

/// The help text of the program.
enum About {
    static let help = """
        kube-ipam \(ProductVersion.text): a CNI IPAM plugin that gives pods addresses out of a pool kept in etcd.

        A container runtime calls it through a CNI plugin such as bridge or macvlan whose configuration contains
        "ipam": {"type": "kube-ipam", ...}. Install it next to the other plugins, usually in /opt/cni/bin.
        It reads the operation from CNI_COMMAND (ADD, DEL, CHECK, GC, STATUS, VERSION) and the network configuration
        from standard input. CNI versions: \(CNIVersion.allCases.map(\.rawValue).joined(separator: ", ")).

          kube-ipam --version   print the version
          kube-ipam --help      print this help

        To inspect the pool and to reserve addresses, use ipamctl.
        """
}
