extension PlannedObject {
    /// The holder for whom an address that the pods name is to be reserved. No holder stands for the pods of the other kinds:
    /// any pod of the namespace that names the address may have it.
    public var reservationHolder: ReservationHolder {
        switch kind {
        case .pod where !isNameGenerated: .pod(PodReference(namespace: namespace, name: name))
        case .deployment: .workload(namespace, .deployment, name)
        case .statefulSet: .workload(namespace, .statefulSet, name)
        case .pod, .daemonSet, .replicaSet, .job, .cronJob: .namespace(namespace)
        }
    }

    /// The interface of the pods on a network: that of a NetworkAttachmentDefinition with the network's name, the only
    /// selected one if an annotation is for this network, else `eth0`.
    func interface(on network: NetworkName) -> InterfaceName {
        let selection = annotations[MisdirectedAnnotations.networkSelection]?.value ?? ""
        let selected = MisdirectedAnnotations.selected(in: selection)
        var text = selected.first { $0.name == network.text }?.interface
        if text == nil, annotations["kube-ipam.ip/\(network)"] != nil, selected.count == 1 {
            text = selected[0].interface
        }
        return text.flatMap { try? InterfaceName($0) } ?? Self.firstInterface
    }

    private static let firstInterface: InterfaceName = {
        guard let name = try? InterfaceName("eth0") else { preconditionFailure("eth0 is a name") }
        return name
    }()

    /// The networks that the annotations `kube-ipam.ip/NETWORK` name, sorted.
    public var qualifiedNetworks: [String] {
        annotations.keys.filter { $0.hasPrefix(Self.ipKey + "/") }.map { String($0.dropFirst(Self.ipKey.count + 1)) }
            .sorted()
    }

    /// The addresses that the annotation `kube-ipam.ip` names, for whatever network.
    public var unqualifiedAddresses: [IPAddress] { addresses(of: Self.ipKey) }

    /// The addresses in the value of an annotation; none if it is malformed.
    func addresses(of key: String) -> [IPAddress] {
        (annotations[key]?.value ?? "").split { $0 == "," || $0.isWhitespace }.compactMap { try? IPAddress(String($0)) }
    }

    static let ipKey = "kube-ipam.ip"
    private static let companionKeys = ["kube-ipam.netmask", "kube-ipam.gateway"]

    /// The finding if several pods of the object request one address.
    func sharing(_ address: IPAddress, key: String) -> PlannedFinding {
        let reason: String
        if let replicas {
            let without = replicas - 1
            reason =
                "\(self) has \(replicas) pods, and all of them request \(address): "
                + (without == 1 ? "1 pod gets no address" : "\(without) pods get no address")
        } else {
            reason = "a DaemonSet has a pod on each node, and all of them request \(address): only one gets it"
        }
        let hint: String
        switch kind {
        case .deployment, .statefulSet:
            hint =
                "remove the annotation, and reserve an address for each pod: ipamctl reserve --next \(replicas ?? 1) "
                + "--for \(reservationHolder)"
        case .pod, .daemonSet, .replicaSet, .job, .cronJob:
            hint = "remove the annotation: reservations can be shared only by the pods of StatefulSets and Deployments"
        }
        return PlannedFinding(
            code: .tooFewAddresses, reason: reason, hint: hint, place: annotations[key]?.place, addresses: [address])
    }

    // MARK: The manifest itself

    /// The findings about annotations that have no effect, on whatever network.
    ///
    /// - Parameter networks: all networks of the store and of the CNI files.
    func manifestFindings(networks: Set<NetworkName>) -> [PlannedFinding] {
        var findings: [PlannedFinding] = []
        for (key, annotation) in ownAnnotations.sorted(by: { $0.key < $1.key })
        where Self.isRelated(key) && annotations[key] == nil {
            findings.append(
                PlannedFinding(
                    code: .annotationMisplaced,
                    reason: "annotation \(key) is on the \(kind.rawValue) itself, and its pods do not get it",
                    hint: "move it to \(kind == .cronJob ? "spec.jobTemplate." : "")spec.template.metadata.annotations",
                    place: annotation.place))
        }
        for (key, annotation) in annotations.sorted(by: { $0.key < $1.key }) where Self.isRelated(key) {
            guard var finding = ignored(key, networks) else { continue }
            finding.place = annotation.place
            findings.append(finding)
        }
        return findings
    }

    /// Whether an annotation is meant for kube-ipam, perhaps misspelt.
    private static func isRelated(_ key: String) -> Bool {
        let text = key.lowercased().filter { $0 != "-" && $0 != "_" }
        return text.hasPrefix("kubeipam.") || text.hasPrefix("kubeipam/")
    }

    private func ignored(_ key: String, _ networks: Set<NetworkName>) -> PlannedFinding? {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let qualifier = parts.count == 2 ? "/\(parts[1])" : ""
        if parts[0] == Self.ipKey {
            guard parts.count == 2 else { return nil }
            let known = (try? NetworkName(parts[1])).map(networks.contains) ?? false
            if known { return nil }
            let list = networks.map(\.text).sorted().joined(separator: ", ")
            let near = networks.first { $0.text.lowercased() == parts[1].lowercased() }
            return PlannedFinding(
                code: .annotationIgnored,
                reason: "annotation \(key) names a network that is neither in the store nor in a CNI file",
                hint: near.map { "network names are case-sensitive: write \(Self.ipKey)/\($0)" }
                    ?? "the networks are \(list); before a network's first pod, name its CNI file with --config")
        }
        if Self.companionKeys.contains(parts[0]) {
            guard annotations[Self.ipKey + qualifier] == nil, annotations[Self.ipKey] == nil else { return nil }
            return PlannedFinding(
                code: .annotationIgnored, reason: "annotation \(key) is ignored without \(Self.ipKey)\(qualifier)",
                hint: "add \(Self.ipKey)\(qualifier), or remove \(key)")
        }
        let keys = [Self.ipKey] + Self.companionKeys
        let end = key.split { !$0.isLetter }.last?.lowercased()
        let meant = keys.first { $0.split(separator: ".").last?.lowercased() == end }
        return PlannedFinding(
            code: .annotationIgnored, reason: "annotation \(key) is ignored: kube-ipam does not have it",
            hint: meant.map { "did you mean \($0)?" } ?? "kube-ipam has \(keys.joined(separator: ", "))")
    }
}

extension Preflight {
    /// The lines about the manifests themselves, for whatever network.
    ///
    /// - Parameters:
    ///   - objects: of the manifests, in their order.
    ///   - networks: all networks of the store and of the CNI files.
    public static func manifestLines(_ objects: [PlannedObject], networks: Set<NetworkName>) -> [PreflightLine] {
        var lines: [PreflightLine] = []
        for object in objects {
            for finding in object.manifestFindings(networks: networks) {
                lines.append(PreflightLine(object, finding, on: nil))
            }
        }
        return lines
    }

    /// The objects without those that a later one replaces, and a line for each that was left out.
    public static func effective(_ objects: [PlannedObject]) -> (objects: [PlannedObject], lines: [PreflightLine]) {
        var last: [PlannedObject.Identity: Int] = [:]
        for (index, object) in objects.enumerated() where !object.isNameGenerated { last[object.identity] = index }
        var kept: [PlannedObject] = []
        var lines: [PreflightLine] = []
        for (index, object) in objects.enumerated() {
            guard let later = last[object.identity], later != index, !object.isNameGenerated else {
                kept.append(object)
                continue
            }
            let finding = PlannedFinding(
                code: .definedTwice,
                reason: "\(object) is defined again in \(objects[later].place), and only that definition was judged",
                hint: "remove one of the definitions")
            lines.append(PreflightLine(object, finding, on: nil))
        }
        return (kept, lines)
    }
}

extension PreflightLine {
    /// A finding about an object.
    init(_ object: PlannedObject, _ finding: PlannedFinding, on network: NetworkName?) {
        self.init(
            object: object, place: finding.place ?? object.place, pod: object.description, pods: nil, network: network,
            addresses: finding.addresses, choices: [], code: finding.code, reason: finding.reason, hint: finding.hint,
            isOfPods: false)
    }
}

extension PreflightJudge {
    /// The finding for the error of a rule.
    ///
    /// - Parameter code: for errors that may come from several rules.
    func finding(_ error: IPAMError, _ code: PreflightCode, _ object: PlannedObject) -> PlannedFinding {
        var finding = PlannedFinding(code: code, reason: error.description, hint: error.nextStep(on: hintNetwork))
        var key: String?
        switch error {
        case .annotation(_, let problem):
            finding.reason = problem.description
            key = problem.key
        case .misdirected(_, let wrong, let address, let network):
            finding.code = .annotationMisdirected
            finding.reason = IPAMError.misdirected(nil, key: wrong, address, network: network).description
            finding.addresses = [address]
            key = wrong
        case .notForAutomatic(_, let reason, let annotation):
            finding.reason = IPAMError.notForAutomatic(nil, reason, annotation: annotation).description
            finding.hint = "request an address, or remove the annotation for a dynamic one"
            key = annotation
        case .dynamicNotReserved(let address, let range, _, let annotation):
            let error = IPAMError.dynamicNotReserved(
                address, range, for: object.reservationHolder, annotation: annotation)
            finding = PlannedFinding(
                code: .addressNotReserved, reason: error.description, hint: error.nextStep(on: hintNetwork))
            finding.addresses = [address]
            key = annotation
        case .reserved(let address, _), .fenced(let address, _):
            finding.code = .addressReserved
            finding.addresses = [address]
            if let plan = reservations[address]?.plan {
                let option = hintNetwork.map { " -n \($0)" } ?? ""
                finding.hint =
                    "it belongs to plan \(plan): change the plan's file; see 'ipamctl show \(address)\(option)'"
            }
        case .notAllowed(let address, _):
            finding.addresses = [address]
            if let hint = hintForSeveral(object) { finding.hint = hint }
        case .notInNetwork(let address, _, _), .inUse(let address, _):
            finding.addresses = [address]
        default: break
        }
        if code == .addressNotAllowed, finding.hint == nil {
            let option = hintNetwork.map { " -n \($0)" } ?? ""
            finding.hint =
                "'ipamctl list --state free\(option)' lists free addresses, and 'ipamctl map\(option)' shows the ranges"
        }
        let annotated = key ?? annotationKey(object)
        if finding.code == .addressNotAllowed, finding.addresses.isEmpty {
            finding.addresses = object.addresses(of: annotated).filter { (try? rules.eligibility.require($0)) == nil }
        }
        finding.place = object.annotations[annotated]?.place
        return finding
    }

    /// What to do if the annotation of a StatefulSet names several addresses of one range set, as if each pod got one of
    /// them; nil for any other object.
    private func hintForSeveral(_ object: PlannedObject) -> String? {
        let addresses = object.addresses(of: annotationKey(object))
        let ofSets = Dictionary(grouping: addresses) { rules.eligibility.owner(of: $0)?.index }
        guard object.kind == .statefulSet, ofSets.values.contains(where: { $0.count > 1 }) else { return nil }
        let ranges = AddressRange.merged(addresses.map { AddressRange($0) }).map(\.description)
        return onNetwork(
            "remove the annotation, and reserve an address for each pod: ipamctl reserve "
                + "\(ranges.joined(separator: " ")) --for \(object.reservationHolder) --each")
    }

    private func annotationKey(_ object: PlannedObject) -> String {
        let qualified = "\(PlannedObject.ipKey)/\(network)"
        return object.annotations[qualified] == nil ? PlannedObject.ipKey : qualified
    }
}
