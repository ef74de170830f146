import Foundation
import HTTPTransport
import Testing

@Suite struct LibraryTests {
    /// `scripts/test-archives` runs the tests with another libcurl than the system's, and tells which.
    @Test func theTestsRunWithTheLibcurlThatWasChosen() throws {
        _ = TransferLoop(usesTLS: true)
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
        let maps = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
        let loaded = Set(
            maps.split(separator: "\n").compactMap { $0.split(separator: " ").last }.filter { $0.contains("/libcurl") })
        let chosen = ProcessInfo.processInfo.environment["KUBE_IPAM_TESTS_LIBCURL"]
        #expect(loaded.count == 1, "\(loaded)")
        if let chosen { #expect(loaded.first.map(String.init) == chosen) }
    }
}
