import StrictJSON

/// Reads the documents of a YAML text into nodes. JSON is YAML, too (YAML 1.2 section 1.3).
///
/// Aliases are replaced by the values of their anchors. Merge keys (`<<`), which YAML 1.2 does not have, are refused.
public struct YAMLReader {
    /// The largest number of levels of a document, counted through aliases.
    public static let deepest = 64
    /// The largest number of values in all documents of a text, counted through aliases: a few lines of nested aliases
    /// could stand for billions of values.
    public static let largest = 1_000_000

    private var anchors: [String: YAMLNode] = [:]

    /// The documents that are not empty, in their order.
    ///
    /// - Throws: ``YAMLError`` with the place.
    public static func documents(_ text: [UInt8]) throws(YAMLError) -> [YAMLNode] {
        var documents: [YAMLNode] = []
        var size = 0
        try read(text) { document, _ throws(YAMLError) in
            size += document.size
            guard size <= largest else { throw tooLarge(document.mark) }
            documents.append(document)
        }
        return documents
    }

    /// The only document; nil if there is none, or if it is empty.
    ///
    /// - Throws: ``YAMLError`` with the place; a second document that is not empty is an error.
    public static func document(_ text: [UInt8]) throws(YAMLError) -> YAMLNode? {
        var document: YAMLNode?
        try read(text) { found, start throws(YAMLError) in
            guard document == nil else {
                throw YAMLError(mark: start, problem: "a second document begins here; only one is allowed")
            }
            document = found
        }
        return document
    }

    /// Calls `body` with each document that is not empty, and the place where it begins.
    private static func read(_ text: [UInt8], _ body: (YAMLNode, YAMLMark) throws(YAMLError) -> Void)
        throws(YAMLError)
    {
        try text.withUnsafeBufferPointer { buffer throws(YAMLError) in
            let events = try YAMLEvents(buffer)
            while true {
                let event = try events.next()
                switch event.kind {
                case .streamEnd: return
                case .documentStart:
                    var reader = YAMLReader()
                    let node = try reader.node(try events.next(), events, depth: 1)
                    if !node.isNull { try body(node, event.mark) }
                case .streamStart, .documentEnd, .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart,
                    .mappingEnd:
                    continue
                }
            }
        }
    }

    private mutating func node(
        _ event: YAMLEvents.Event, _ events: borrowing YAMLEvents, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        guard depth <= Self.deepest else { throw Self.tooDeep(event.mark) }
        let node: YAMLNode
        switch event.kind {
        case .alias(let name):
            guard let known = anchors[name] else {
                throw YAMLError(
                    mark: event.mark, problem: "the alias *\(name.prefix(100)) has no anchor before it")
            }
            guard depth + known.height - 1 <= Self.deepest else { throw Self.tooDeep(event.mark) }
            return known
        case .scalar(let text, let isPlain):
            node = YAMLNode(content: .scalar(text, isPlain: isPlain), mark: event.mark, height: 1, size: 1)
        case .sequenceStart: node = try sequence(event.mark, events, depth: depth)
        case .mappingStart: node = try mapping(event.mark, events, depth: depth)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw YAMLError(mark: event.mark, problem: "a value is missing")
        }
        if let anchor = event.anchor { anchors[anchor] = node }
        return node
    }

    private mutating func sequence(
        _ mark: YAMLMark, _ events: borrowing YAMLEvents, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        var elements: [YAMLNode] = []
        var height = 1
        var size = 1
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, events, depth: depth + 1)
            height = max(height, element.height + 1)
            size = min(size + element.size, Self.largest + 1)
            elements.append(element)
        }
        return YAMLNode(content: .sequence(elements), mark: mark, height: height, size: size)
    }

    private mutating func mapping(
        _ mark: YAMLMark, _ events: borrowing YAMLEvents, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        var members: [String: YAMLNode] = [:]
        var height = 1
        var size = 1
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try node(event, events, depth: depth + 1)
            guard case .scalar(let name, let isPlain) = key.content else {
                throw YAMLError(mark: event.mark, problem: "a key must be a string, not \(key.kindName)")
            }
            guard !(isPlain && name == "<<") else {
                throw YAMLError(
                    mark: event.mark, problem: "merge keys (<<) are not supported: write the fields out")
            }
            guard members[name] == nil else {
                throw YAMLError(mark: event.mark, problem: "the key \(name.quotedForPeople) is defined twice")
            }
            let value = try node(try events.next(), events, depth: depth + 1)
            height = max(height, value.height + 1)
            size = min(size + value.size, Self.largest + 1)
            members[name] = value
        }
        return YAMLNode(content: .mapping(members), mark: mark, height: height, size: size)
    }

    private static func tooDeep(_ mark: YAMLMark) -> YAMLError {
        YAMLError(mark: mark, problem: "this is nested more than \(deepest) levels deep")
    }

    private static func tooLarge(_ mark: YAMLMark) -> YAMLError {
        YAMLError(mark: mark, problem: "there are more than \(largest) values; each alias counts as all of its values")
    }
}
