/// The names and IDs by which attachments refer to this machine.
public struct NodeIdentity: Hashable, Sendable {
    /// Its name in Kubernetes; if that is not known, the configured name or the host name.
    public var name: String
    /// `/proc/sys/kernel/random/boot_id`; nil if it cannot be read.
    public let boot: String?
    /// machine-id(5); nil if there is none.
    public let machine: String?
    /// When this boot began; nil if that is not known.
    public let bootedAt: Timestamp?

    /// A machine with these names and IDs.
    public init(name: String, boot: String?, machine: String?, bootedAt: Timestamp? = nil) {
        self.name = name
        self.boot = boot
        self.machine = machine
        self.bootedAt = bootedAt
    }

    /// Where a holder was recorded, seen from this machine.
    enum Place: Hashable {
        /// On this machine, since it was started.
        case here
        /// On this machine, before it was started.
        case formerBoot
        /// On another machine, or that is not known.
        case elsewhere
    }

    /// Where `holder` was recorded.
    ///
    /// The same machine ID with the same boot ID is this machine, whatever its name. If one of these is not recorded, or
    /// the boot IDs differ, the name must be the same, too. A boot ID alone proves nothing: nodes that are containers
    /// share their host's. Machines that were cloned share machine ID and name: what was recorded in another boot after
    /// this boot began was recorded on another machine.
    ///
    /// - Parameter since: when the holder was recorded.
    func place(of holder: Holder, since: Timestamp?) -> Place {
        if let machine, let recorded = holder.machine {
            guard machine == recorded else { return .elsewhere }
            if isSameBoot(as: holder) { return .here }
        }
        guard holder.node == name else { return .elsewhere }
        guard let boot, let recorded = holder.boot, recorded != boot else { return .here }
        guard let since, let bootedAt, since <= bootedAt else { return .elsewhere }
        return .formerBoot
    }

    /// Whether `holder` was recorded by this very machine since it was started, whatever its name.
    func isSameBoot(as holder: Holder) -> Bool {
        machine != nil && holder.machine == machine && boot != nil && holder.boot == boot
    }

    /// Where `holder` was recorded, if more than the name says so: the machine ID, or the boot ID; else `elsewhere`.
    func certainPlace(of holder: Holder, since: Timestamp?) -> Place {
        let isSure = (machine != nil && holder.machine == machine) || (boot != nil && holder.boot == boot)
        return isSure ? place(of: holder, since: since) : .elsewhere
    }
}
