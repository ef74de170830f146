import CYaml

/// Reads the events of libyaml.
struct YAMLEvents: ~Copyable {
    struct Event {
        enum Kind {
            case streamStart
            case streamEnd
            case documentStart
            case documentEnd
            case alias(String)
            case scalar(String, isPlain: Bool)
            case sequenceStart
            case sequenceEnd
            case mappingStart
            case mappingEnd
        }

        let kind: Kind
        let anchor: String?
        let mark: YAMLMark
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeBufferPointer<UInt8>

    /// - Parameter text: must stay valid while the events are read.
    init(_ text: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(mark: YAMLMark(line: 1, column: 1), problem: "out of memory")
        }
        self.parser = parser
        self.text = text
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event; not to be called after the end of the stream.
    ///
    /// - Throws: ``YAMLError`` with the place.
    func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { yaml_event_delete(&event) }
        let mark = YAMLMark(event.start_mark)
        func made(_ kind: Event.Kind, anchor: UnsafeMutablePointer<yaml_char_t>? = nil) -> Event {
            Event(kind: kind, anchor: anchor.map(Self.text), mark: mark)
        }
        switch event.type {
        case YAML_STREAM_START_EVENT: return made(.streamStart)
        case YAML_DOCUMENT_START_EVENT: return made(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return made(.documentEnd)
        case YAML_ALIAS_EVENT: return made(.alias(event.data.alias.anchor.map(Self.text) ?? ""))
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return made(.scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), anchor: scalar.anchor)
        case YAML_SEQUENCE_START_EVENT: return made(.sequenceStart, anchor: event.data.sequence_start.anchor)
        case YAML_SEQUENCE_END_EVENT: return made(.sequenceEnd)
        case YAML_MAPPING_START_EVENT: return made(.mappingStart, anchor: event.data.mapping_start.anchor)
        case YAML_MAPPING_END_EVENT: return made(.mappingEnd)
        // After the end of the stream, libyaml returns no event at all.
        default: return made(.streamEnd)
        }
    }

    /// The error that libyaml has just reported.
    private var problem: YAMLError {
        let error = parser.pointee
        guard error.error != YAML_READER_ERROR else {
            let words = error.problem.map { String(cString: $0) } ?? ""
            return YAMLError(
                mark: mark(ofByte: error.problem_offset),
                problem: words.contains("control characters")
                    ? "there is a control character, which YAML does not allow" : "the text is not valid UTF-8")
        }
        let mark = YAMLMark(error.problem_mark)
        if isIndentedByTab(mark.line) {
            return YAMLError(mark: mark, problem: "a tab is used for indentation, where YAML allows only spaces")
        }
        let words = [error.context, error.problem].compactMap { $0.map { String(cString: $0) } }
        return YAMLError(mark: mark, problem: words.isEmpty ? "this is not YAML" : words.joined(separator: ": "))
    }

    /// The place of a byte; each byte of a text that cannot be decoded counts as a character.
    private func mark(ofByte offset: Int) -> YAMLMark {
        let before = text.prefix(offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return YAMLMark(line: line, column: column)
    }

    private func isIndentedByTab(_ line: Int) -> Bool {
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return false }
        let blanks = lines[line - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return blanks.contains(UInt8(ascii: "\t"))
    }

    private static func text(_ characters: UnsafeMutablePointer<yaml_char_t>) -> String {
        String(decodingCString: characters, as: UTF8.self)
    }
}

extension YAMLMark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: mark.line + 1, column: mark.column + 1)
    }
}
