import Store

/// What a restore of one network would do, as it is shown before it is carried out.
///
/// A restore never touches the Go plugin's `/lock`, and keeps what the store has of histories and cursors. Suspects are not
/// restored: they name revisions of used keys, which get other revisions.
///
/// **What is newer.** A key that the store has and the file has not, or has with another value, was written after the backup,
/// or by pods that the backup knows nothing of. Times and revisions cannot tell more: if the store is the one that was backed
/// up, such a key was changed after the backup, or it would be equal; if the store is another one, or was itself restored,
/// revisions of the two are not comparable. To change or delete it could give a live pod's address away, so that is done only
/// by `force`. What the store lacks is added without further questions: that can only keep addresses from being given out,
/// and the audit finds those whose pods are gone.
public struct RestorePlan: Sendable {
    /// How the store's revisions relate to the file's.
    public enum Lineage: String, Hashable, Sendable {
        /// The store that was backed up.
        case same
        /// The store that was backed up, but its past is another one than the file's: it was restored from a snapshot.
        case rolledBack
        /// Another store, or it is not known.
        case other
    }

    /// The file.
    public let header: BackupHeader
    /// The network.
    public let network: NetworkName
    /// The revision at which the store was read.
    public let revision: Revision
    /// How the store's revisions relate to the file's.
    public let lineage: Lineage
    /// The changes, grouped.
    public internal(set) var units: [RestoreUnit]
    /// The changes of the network's ranges and settings.
    public internal(set) var settings: [RestoreChange]
    /// The number of keys that are equal.
    public let equal: Int
    /// The number of keys that differ and are kept.
    public internal(set) var kept: Int
    /// The hold that the store has; nil if the network is not on hold.
    public let hold: NetworkSettings.Hold?
    /// The settings with which the network is held, without the hold.
    var wanted: NetworkSettings
    /// The store's settings, if ``settings`` are not restored; nil if they cannot be read, or there are none.
    let stored: NetworkSettings?
    /// The record of the store's settings.
    let record: Record?

    /// All changes, the network's own first.
    public var changes: [RestoreChange] { settings + units.flatMap(\.changes) }
    /// The changes of what is newer in the store than in the file.
    public var newer: [RestoreChange] { changes.filter(\.isNewer) }
    /// Whether the store has all that the file has, and nothing else.
    public var isEmpty: Bool { units.isEmpty && settings.isEmpty }

    /// The same plan without what is newer in the store, and without what belongs to the same addresses.
    public var keepingNewer: RestorePlan {
        var plan = self
        plan.units = units.filter { !$0.isNewer }
        plan.settings = settings.filter { !$0.isNewer }
        plan.kept += changes.count - plan.changes.count
        if settings.contains(where: { $0.kind == .settings && $0.isNewer }), let stored { plan.wanted = stored }
        return plan
    }
}
