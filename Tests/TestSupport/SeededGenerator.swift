import Foundation

/// Random numbers that can be had again: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), from a printable seed.
///
/// Name the generator in the message of an expectation: a failure then says how to repeat it. The environment variable
/// `KUBE_IPAM_SEED`, decimal or `0x` hexadecimal, overrides every other choice of a seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable, CustomStringConvertible {
    /// The number it started from.
    public let seed: UInt64
    private var state: UInt64

    /// Starts from `KUBE_IPAM_SEED`, else from the given seed, else from the system's randomness.
    public init(seed: UInt64? = nil) {
        self.seed = Self.seedOfEnvironment ?? seed ?? UInt64.random(in: .min ... .max)
        state = self.seed
        // A long run is told of by its seeds.
        if Repetitions.areMore, seed == nil { print(self) }
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// What to put before the command to get the same numbers again.
    public var description: String { "KUBE_IPAM_SEED=\(seed)" }

    private static let seedOfEnvironment: UInt64? = {
        guard let text = ProcessInfo.processInfo.environment["KUBE_IPAM_SEED"] else { return nil }
        let number = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        guard let number else { fatalError("KUBE_IPAM_SEED=\(text) is not a number from 0 to \(UInt64.max)") }
        return number
    }()
}
