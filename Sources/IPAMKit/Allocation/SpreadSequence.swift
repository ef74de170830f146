/// Numbers that are the same for the same seed text and scattered for different ones: FNV-1a, then SplitMix64.
///
/// Neither random nor secret: it keeps nodes that race for addresses apart.
struct SpreadSequence {
    private var state: UInt64

    init(seed: String) {
        state = seed.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    mutating func next() -> UInt128 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return UInt128(Self.mix(state)) << 64 | UInt128(Self.mix(state ^ 0x5555_5555_5555_5555))
    }

    /// The rank of `address` in an order that differs for each seed.
    func rank(_ address: IPAddress) -> UInt64 {
        Self.mix(state ^ UInt64(truncatingIfNeeded: address.value) ^ UInt64(truncatingIfNeeded: address.value >> 64))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
