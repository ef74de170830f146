import EtcdStore
import Store
import TestSupport
import Testing

@Suite(.serialized) struct KeyRangeTests {
    @Test(arguments: ["/used/", "/used/10.188.3.", "a", "~", "\u{1}", "ä/", "a0"])
    func aPrefixHoldsWhatBeginsWithIt(_ prefix: String) async throws {
        let range = KeyRange(prefix: prefix)
        for suffix in ["", "0", "/", "\0", "ä", "\u{10FFFF}", "zzz"] {
            #expect(range.contains(Key(prefix + suffix)), "\(prefix)\(suffix)")
        }
        #expect(!range.contains(Key(String(prefix.dropLast()))))
        #expect(!range.contains(Key("")))
        #expect(range.end.map { !range.contains($0) } == true)
    }

    @Test(arguments: ["", "ä", "\u{7F}"]) func otherPrefixesAreAMistakeOfTheProgram(_ prefix: String) async {
        await #expect(processExitsWith: .failure) { [prefix] in
            _ = KeyRange(prefix: prefix)
        }
    }

    /// Every range means to etcd what it means to ``KeyRange/contains(_:)``.
    @Test(.needs(.etcd)) func etcdAgrees() async throws {
        let etcd = try await EtcdServer.start()
        let store = EtcdStore.of(etcd.endpoints)
        let keys = [
            "\0", "\0\0", "a", "a\0", "a/", "a/b", "a/\u{7F}", "a/ä", "a0", "b", "~", "~~", "\u{7F}", "ä", "äö",
        ]
        for key in keys { try await store.put(key) }
        var ranges = keys.map { KeyRange(Key($0)) } + ["a", "a/", "~", "ä/"].map { KeyRange(prefix: $0) }
        for start in keys {
            for end in keys + ["", "\u{10FFFF}"] { ranges.append(KeyRange(from: Key(start), to: Key(end))) }
        }
        for range in ranges {
            let expected = keys.filter { range.contains(Key($0)) }.sorted { Key($0) < Key($1) }
            let found = try await store.read([Read(range, .keys)], deadline: soon).results[0]
            #expect(found.records.map(\.key.text) == expected, "\(range)")
            #expect(found.count == expected.count, "\(range)")
        }
    }

    @Test func keysAreOrderedByTheirBytes() {
        #expect(Key("Z") < Key("a"))
        #expect(Key("a") < Key("a\0"))
        // Canonically equal to Swift's String, different keys to the store.
        #expect(Key("\u{E9}") != Key("e\u{301}"))
        #expect(Key("e\u{301}") < Key("\u{E9}"))
        #expect(!(Key("a") < Key("a")))
        #expect(Set([Key("\u{E9}"), Key("e\u{301}")]).count == 2)
    }
}
