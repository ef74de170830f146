import Digest
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4's own examples, as NIST publishes them.
    @Test func hashesAsThePublishedExamples() {
        let examples = [
            "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ]
        for (text, expected) in examples {
            let hash = SHA256.hash(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(hash == expected, "\(text)")
        }
    }

    /// FIPS 180-4's example of a million letters, in parts that begin and end anywhere in a block.
    @Test(arguments: [1, 63, 64, 65, 1000]) func aMessageInPartsHasTheSameHash(size: Int) {
        var hash = SHA256()
        var rest = 1_000_000
        while rest > 0 {
            let part = [UInt8](repeating: UInt8(ascii: "a"), count: min(size, rest))
            part.withUnsafeBytes { hash.update($0) }
            rest -= part.count
        }
        #expect(hash.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
