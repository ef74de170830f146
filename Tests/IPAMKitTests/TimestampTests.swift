import FoundationEssentials
import IPAMKit
import TestSupport
import Testing

@Suite struct TimestampTests {
    @Test func agreesWithFoundation() throws {
        var generator = SeededGenerator()
        for _ in 0..<5000 {
            let seconds = Int64.random(in: 0...8_000_000_000, using: &generator)
            let expected = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
            #expect(Timestamp(seconds: seconds).description == expected, "\(generator)")
            #expect(Timestamp(expected)?.seconds == seconds, "\(generator)")
        }
    }

    @Test(arguments: [
        ("2026-11-23T02:00:00Z", 1_795_399_200), ("2026-11-23T03:30:00+01:30", 1_795_399_200),
        ("2026-11-22t21:00:00.999-05:00", 1_795_399_200), ("2024-02-29T00:00:00Z", 1_709_164_800),
    ])
    func readsRFC3339(text: String, seconds: Int64) {
        #expect(Timestamp(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T02:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T02:00:00Zjunk", "2026-11-23T02:00:00.Z", "1969-12-31T23:59:59Z", "72h", "２026-11-23T02:00:00Z",
    ])
    func refusesAnythingElse(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
