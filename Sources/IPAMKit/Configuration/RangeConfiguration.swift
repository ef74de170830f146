/// The range sets of a configuration, with their key paths for errors.
struct RangeConfiguration {
    /// The sets in order.
    private(set) var sets: [RangeSet] = []
    /// The path of each set, such as `ipam.ranges[0]`.
    private(set) var paths: [String] = []
    /// The addresses of all lists `exclude`. They are excluded from the whole network: ranges may share a subnet.
    private(set) var excluded: [AddressRange] = []

    /// A range before its defaults are applied.
    private struct Draft {
        let path: String
        let subnet: CIDR
        let reader: ConfigurationReader
        var fixed: FixedFields
    }

    /// `fixedStart` and `fixedEnd` of one object: both or neither.
    private struct FixedFields {
        var range: AddressRange?
        var start: ConfigurationReader.Item?

        init() {}

        init(_ reader: ConfigurationReader) throws(ConfigurationError) {
            guard let first = try reader.address("fixedStart") else {
                guard let end = reader.nonEmpty("fixedEnd") else { return }
                throw .missing(key: reader.keyPath("fixedStart"), expected: "it is required if \(end.key) is set")
            }
            start = reader.nonEmpty("fixedStart")
            guard let last = try reader.address("fixedEnd") else {
                throw .missing(
                    key: reader.keyPath("fixedEnd"),
                    expected: "it is required if \(reader.keyPath("fixedStart")) is set")
            }
            do {
                range = try AddressRange(first, last)
            } catch .reversed {
                throw reader.error("fixedEnd", "is before fixedStart, \(first)")
            } catch {
                throw reader.error("fixedEnd", "is \(last.family), but fixedStart is \(first.family)")
            }
        }
    }

    /// Reads the set of `ipam.subnet` and its range, and after it the sets of `ipam.ranges`.
    init(ipam: ConfigurationReader) throws(ConfigurationError) {
        var drafts: [[Draft]] = []
        var fixed = try ipam.attempt(try FixedFields(ipam)) ?? FixedFields()
        if let subnet = try ipam.block("subnet") {
            drafts.append([Draft(path: ipam.path, subnet: subnet, reader: ipam, fixed: fixed)])
            paths.append(ipam.path)
            fixed.range = nil
        }
        try read(ipam.elements("ranges"), into: &drafts)
        let items = try ipam.elements("exclude")
        if drafts.isEmpty {
            let keys = ["rangeStart", "rangeEnd", "gateway", "fixedStart"] + (items.isEmpty ? [] : ["exclude"])
            for key in keys where ipam.nonEmpty(key) != nil {
                throw .missing(
                    key: ipam.keyPath("subnet"), expected: "it is required if \(ipam.keyPath(key)) is set")
            }
        }
        if let range = fixed.range {
            _ = try ipam.attempt(try Self.assign(range, fixed.start, to: &drafts))
        }
        // The range of ipam.subnet has the list as its own.
        if drafts.first?.first?.path != ipam.path { try exclude(items, from: drafts.flatMap { $0.map(\.subnet) }) }
        try finish(drafts)
    }

    /// Reads the sets that the runtime passes as `runtimeConfig.ipRanges`, in the format of `ipam.ranges`.
    ///
    /// - Parameter excluded: the addresses that the configuration excludes.
    init(runtime item: ConfigurationReader.Item, excluding excluded: [AddressRange]) throws(ConfigurationError) {
        self.excluded = excluded
        var drafts: [[Draft]] = []
        try read(item.elements(), into: &drafts)
        try finish(drafts)
    }

    /// Reads an array of arrays of range objects.
    private mutating func read(
        _ items: [ConfigurationReader.Item], into drafts: inout [[Draft]]
    ) throws(ConfigurationError) {
        for item in items {
            guard let set = try item.problems.attempt(try Self.set(item)), !set.isEmpty else { continue }
            drafts.append(set)
            paths.append(item.key)
        }
    }

    /// Reads a list `exclude`: addresses, ranges a-b and CIDR blocks, each in one of `subnets`.
    private mutating func exclude(_ items: [ConfigurationReader.Item], from subnets: [CIDR]) throws(ConfigurationError)
    {
        for item in items {
            guard let range = try item.problems.attempt(try Self.exclusion(item, of: subnets)) else { continue }
            excluded.append(range)
            guard excluded.count <= NetworkConfiguration.mostExcluded else {
                throw .value(
                    key: item.key, found: item.value.excerpt,
                    problem:
                        "is one too many: the lists exclude have at most \(NetworkConfiguration.mostExcluded) elements")
            }
        }
    }

    private static func exclusion(_ item: ConfigurationReader.Item, of subnets: [CIDR]) throws(ConfigurationError)
        -> AddressRange
    {
        let range: AddressRange
        let text = try item.string()
        do { range = try AddressRange(parsing: text) } catch { throw item.error(error.problem) }
        guard subnets.contains(where: { $0.contains(range.start) && $0.contains(range.end) }) else {
            let known =
                subnets.prefix(3).map(\.description).joined(separator: ", ") + (subnets.count > 3 ? ", ..." : "")
            throw item.error(
                subnets.count == 1 ? "lies outside the subnet \(known)" : "lies in none of the subnets \(known)")
        }
        return range
    }

    /// The ranges of a set; if errors are collected, those without errors.
    private static func set(_ item: ConfigurationReader.Item) throws(ConfigurationError) -> [Draft] {
        if item.value.object != nil {
            throw item.error("must be an array: ranges is an array of range sets, each an array of range objects")
        }
        let elements = try item.elements()
        guard !elements.isEmpty else { throw item.error(RangeError.emptySet.problem) }
        var set: [Draft] = []
        for element in elements {
            if let draft = try item.problems.attempt(try draft(element)) { set.append(draft) }
        }
        return set
    }

    private static func draft(_ element: ConfigurationReader.Item) throws(ConfigurationError) -> Draft {
        let reader = try element.reader()
        let subnet = try reader.block("subnet")
        if subnet == nil, reader.problems != nil {
            // Their own errors are found, too.
            for key in ["rangeStart", "rangeEnd", "gateway", "fixedStart", "fixedEnd"] { _ = try reader.address(key) }
        }
        guard let subnet else {
            throw .missing(
                key: reader.keyPath("subnet"), expected: "a range must have a subnet such as 10.188.0.0/16")
        }
        let fixed = try reader.attempt(try FixedFields(reader)) ?? FixedFields()
        return Draft(path: element.key, subnet: subnet, reader: reader, fixed: fixed)
    }

    /// Assigns `fixedStart` and `fixedEnd` of `ipam` to the first range whose subnet has them and that has no fixed range.
    private static func assign(
        _ fixed: AddressRange, _ item: ConfigurationReader.Item?, to drafts: inout [[Draft]]
    ) throws(ConfigurationError) {
        for set in drafts.indices {
            for index in drafts[set].indices {
                let subnet = drafts[set][index].subnet
                guard subnet.contains(fixed.start), subnet.contains(fixed.end) else { continue }
                if drafts[set][index].fixed.range == nil {
                    drafts[set][index].fixed.range = fixed
                    return
                }
            }
        }
        throw .value(
            key: item?.key ?? "ipam.fixedStart", found: fixed.description.quotedForPeople,
            problem: "must be in a subnet of ipam.ranges that has no fixed range of its own")
    }

    /// Applies defaults and checks each range, then each set, then all sets together.
    private mutating func finish(_ drafts: [[Draft]]) throws(ConfigurationError) {
        for draft in drafts.flatMap(\.self) {
            try exclude(draft.reader.elements("exclude"), from: [draft.subnet])
        }
        for (set, path) in zip(drafts, paths) {
            var ranges: [PoolRange] = []
            for draft in set {
                if let range = try draft.reader.attempt(try range(draft)) { ranges.append(range) }
            }
            // If errors are collected, ranges without those that have errors are not judged.
            guard ranges.count == set.count else { continue }
            do {
                sets.append(try RangeSet(ranges))
            } catch .mixedFamilies(let subnet, let index, let first) {
                let error = RangeError.mixedFamilies(subnet, index: index, first: first)
                throw set[index].reader.error("subnet", error.problem)
            } catch .overlap(let range, let index, let other, let otherIndex) {
                throw .value(
                    key: set[index].path, found: range.description.quotedForPeople,
                    problem: "overlaps \(other) of \(set[otherIndex].path)")
            } catch {
                throw .value(key: path, found: error.subject, problem: error.problem)
            }
        }
        guard sets.count == paths.count else { return }
        try Self.requireDisjoint(sets, paths)
    }

    /// The members of a range that can be wrong together with its subnet.
    private struct Limits {
        var rangeStart: IPAddress?
        var rangeEnd: IPAddress?
        var gateway: IPAddress?
        var fixed: AddressRange?

        /// The same without a member; nil if it is absent anyway.
        func without(_ field: RangeField?) -> Limits? {
            var rest = self
            switch field {
            case .rangeStart where rangeStart != nil: rest.rangeStart = nil
            case .rangeEnd where rangeEnd != nil: rest.rangeEnd = nil
            case .gateway where gateway != nil: rest.gateway = nil
            case .fixedStart where fixed != nil, .fixedEnd where fixed != nil: rest.fixed = nil
            case .rangeStart, .rangeEnd, .gateway, .fixedStart, .fixedEnd, .subnet, nil: return nil
            }
            return rest
        }
    }

    private func range(_ draft: Draft) throws(ConfigurationError) -> PoolRange {
        let reader = draft.reader
        let limits = Limits(
            rangeStart: try reader.address("rangeStart"), rangeEnd: try reader.address("rangeEnd"),
            gateway: try reader.address("gateway"), fixed: draft.fixed.range)
        return try range(draft, limits)
    }

    private func range(_ draft: Draft, _ limits: Limits) throws(ConfigurationError) -> PoolRange {
        do {
            return try PoolRange(
                subnet: draft.subnet, rangeStart: limits.rangeStart, rangeEnd: limits.rangeEnd,
                gateway: limits.gateway, fixed: limits.fixed, excluded: excluded)
        } catch {
            // If the default of one end reverses the range, the error names the other end.
            var field = error.field
            if field == .rangeStart, limits.rangeStart == nil { field = .rangeEnd }
            if draft.reader.problems != nil, let rest = limits.without(field) {
                // The errors of the other members are found, too.
                _ = try draft.reader.attempt(try range(draft, rest))
            }
            throw draft.reader.error((field ?? .subnet).rawValue, error.problem)
        }
    }

    /// Checks that no two sets have an address in common.
    static func requireDisjoint(_ sets: [RangeSet], _ paths: [String]) throws(ConfigurationError) {
        do {
            try RangeSet.requireDisjoint(sets)
        } catch .overlap(let range, let index, let other, let otherIndex) {
            throw .value(
                key: paths[index], found: range.description.quotedForPeople,
                problem: "overlaps \(other) of \(paths[otherIndex])")
        } catch {
            throw .value(key: "ipam.ranges", found: error.subject, problem: error.problem)
        }
    }
}

extension ConfigurationReader {
    /// The error that a member's value is invalid.
    func error(_ key: String, _ problem: String) -> ConfigurationError {
        self[key]?.error(problem) ?? .value(key: keyPath(key), found: "the default", problem: problem)
    }
}
