import Testing

@testable import IPAMKit
@testable import Store

/// The text of a backup: what is written is read again, and nothing else is believed.
@Suite struct BackupFileTests {
    static func text(of pool: TestPool) async throws -> String {
        let backup = try #require(
            try await NetworkBackup.plan([pool.network], in: pool.store(), timeout: .seconds(60), at: noon))
        var text = ""
        try await backup.write(progress: { _ in }, to: { text += $0 })
        return text
    }

    static func entries(_ text: String) throws -> (header: BackupHeader, entries: [BackupEntry]) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf8) }[...]
        if lines.last == [] { lines.removeLast() }
        var reader = try BackupReader(firstLine: lines.popFirst() ?? [])
        var entries: [BackupEntry] = []
        for line in lines { if let entry = try reader.read(line) { entries.append(entry) } }
        try reader.finish()
        return (reader.header, entries)
    }

    private func pool() async throws -> TestPool {
        let pool = try TestPool([set("10.60.0.0/24")])
        for index in 1...3 { _ = try await pool.pool().add(pool.request("c\(index)", "default/web-\(index)")) }
        return pool
    }

    @Test func hostileValuesAreReadAsTheyWereWritten() async throws {
        let pool = try await pool()
        let values: [StoredValue] = [
            .text(""), .text("\n{\"sha256\":\"x\"}\n"), .text("\u{0}\u{1B}[31m\u{202E}\u{7F}"), .text("e\u{301}"),
            .text("\u{E9}"), .text(#"\u0000"\"#), .bytes([0xFF, 0xFE, 0x00]),
            .bytes(Array(repeating: 0x80, count: 4096)),
            .text(String(repeating: "\u{1F600}", count: 5000)), .text("\u{FFFD}"),
        ]
        for (index, value) in values.enumerated() {
            let key = Key("\(pool.keys.document)/x/\(index)")
            _ = try await pool.store().commit(
                Transaction(if: [], then: [value.put(key)]), deadline: .now + .seconds(60))
        }
        let (header, entries) = try Self.entries(try await Self.text(of: pool))
        let read = entries.filter { $0.key.text.contains("/x/") }.map(\.value)
        #expect(read == values)
        #expect(header.count == entries.count && header.networks == [pool.network])
        #expect(header.time == noon && header.version == ProductVersion.text)
    }

    @Test func aFileThatIsNotCompleteIsRefused_whereverItEnds() async throws {
        let text = Array(try await Self.text(of: try await pool()).utf8)
        for end in 0..<(text.count - 1) {
            let part = String(decoding: text[..<end], as: UTF8.self)
            #expect(throws: BackupProblem.self, "\(part.suffix(40))") { try Self.entries(part) }
        }
        // Only the last line break may be missing.
        #expect(throws: Never.self) { try Self.entries(String(decoding: text.dropLast(), as: UTF8.self)) }
    }

    @Test func aByteThatWasChangedIsNoticed() async throws {
        let text = Array(try await Self.text(of: try await pool()).utf8)
        for index in stride(from: 0, to: text.count - 1, by: 3) {
            var edited = text
            edited[index] ^= 1
            #expect(throws: BackupProblem.self, "byte \(index)") {
                try Self.entries(String(decoding: edited, as: UTF8.self))
            }
        }
    }

    @Test func linesThatAreMissingOrExchangedAreNoticed() async throws {
        let lines = try await Self.text(of: try await pool()).split(separator: "\n").map(String.init)
        for index in 1..<(lines.count - 1) {
            var edited = lines
            edited.remove(at: index)
            #expect(throws: BackupProblem.self) { try Self.entries(edited.joined(separator: "\n")) }
            edited = lines
            edited.swapAt(index, lines.count - 2)
            guard index != lines.count - 2 else { continue }
            #expect(throws: BackupProblem.self) { try Self.entries(edited.joined(separator: "\n")) }
        }
        #expect(throws: BackupProblem(lines.count + 1, "there is text after the last line")) {
            try Self.entries((lines + ["{}"]).joined(separator: "\n"))
        }
    }

    @Test func anotherFormatIsNamed() async throws {
        let text = try await Self.text(of: try await pool())
        let newer = text.replacing(#""kubeIPAMBackup":1"#, with: #""kubeIPAMBackup":2"#, maxReplacements: 1)
        #expect(throws: BackupProblem(nil, "its format is 2; this version reads only format 1")) {
            try Self.entries(newer)
        }
        for other in ["", "{}", "# plan", "address,for,note,expires", "\u{0}"] {
            #expect(throws: BackupProblem.self, "\(other)") { try Self.entries(other + "\n") }
        }
    }

    @Test func theLockIsNotBackedUp() async throws {
        let pool = try await pool()
        try await pool.put([(pool.keys.lock, "7587862094992476162")])
        let (header, entries) = try Self.entries(try await Self.text(of: pool))
        #expect(!entries.contains { $0.key == pool.keys.lock } && header.count == entries.count)
    }
}
