/// The configuration that the published documentation shows.
enum PublishedSample {
    /// As it is published: a comma is missing after `kubeConfig` in line 9.
    static let text = """
        {
                "cniVersion":"0.3.1",
                "name": "k8snetwork",
                "type": "macvlan",
                "master": "eth0",
                "ipam": {
                        "name": "kube-subnet",
                        "type": "kube-ipam",
        \t\t"kubeConfig": "/etc/kubernetes/pki/kubectl.kubeconfig"
                        "etcdConfig": {
                                "etcdURL": "https://192.168.1.50:2379,https://192.168.1.58:2379,https://192.168.1.63:2379",
                                "etcdCertFile": "/etc/kubernetes/pki/etcd.pem",
                                "etcdKeyFile": "/etc/kubernetes/pki/etcd-key.pem",
                                "etcdTrustedCAFileFile": "/etc/kubernetes/pki/ca.pem"
                        },
                        "subnet": "10.188.0.0/16",
        \t\t"fixedStart": "10.188.0.10",
        \t\t"fixedEnd": "10.188.0.255",
                        "rangeStart": "10.188.1.0",
                        "rangeEnd": "10.188.255.254",
                        "gateway": "10.188.0.1",
                        "routes": [{
                                "dst": "0.0.0.0/0"
                        }],
                        "resolvConf": "/etc/resolv.conf"
                }
        }
        """

    /// With the comma.
    static let corrected = text.replacing(
        firstLineWith: "kubectl.kubeconfig", with: #""kubeConfig": "/etc/kubernetes/pki/kubectl.kubeconfig","#)

    /// With `kubeConfig` inside `etcdConfig`, where the description of the parameters has it.
    static let kubeConfigInside = text.replacing(firstLineWith: "kubectl.kubeconfig", with: "")
        .replacing(
            firstLineWith: "etcdConfig",
            with: #""etcdConfig": { "kubeConfig": "/etc/kubernetes/pki/kubectl.kubeconfig","#)
}

extension String {
    /// The text with its first line that contains a needle replaced.
    func replacing(firstLineWith needle: String, with replacement: String) -> String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let index = lines.firstIndex(where: { $0.contains(needle) }) { lines[index] = replacement }
        return lines.joined(separator: "\n")
    }
}
