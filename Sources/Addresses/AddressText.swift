/// Reads and writes the text of addresses, over UTF-8 bytes.
enum AddressText {
    /// The UTF-8 bytes of a text, or a part of them.
    typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    private static let dot = UInt8(ascii: ".")
    private static let colon = UInt8(ascii: ":")
    private static let zero = UInt8(ascii: "0")

    /// The address that a text names; nil if the text is not an address.
    static func address(_ bytes: Bytes) -> IPAddress? {
        // 45 bytes are the longest form, an IPv6 address that ends in a dotted quad.
        guard (2...45).contains(bytes.count) else { return nil }
        if !bytes.contains(colon) {
            return quad(bytes).map { IPAddress(family: .ipv4, value: $0) }
        }
        guard let value = groups(bytes) else { return nil }
        if value >> 32 == 0xFFFF {
            return IPAddress(family: .ipv4, value: value & 0xFFFF_FFFF)
        }
        return IPAddress(family: .ipv6, value: value)
    }

    /// The value of a strict dotted quad: four decimal octets without leading zeros.
    private static func quad(_ bytes: Bytes) -> UInt128? {
        var value: UInt128 = 0
        var octets = 0
        var index = bytes.startIndex
        while true {
            guard let (octet, next) = decimal(bytes, from: index, maximum: 255) else { return nil }
            value = value << 8 | UInt128(octet)
            octets += 1
            index = next
            if octets == 4 { return index == bytes.endIndex ? value : nil }
            guard index < bytes.endIndex, bytes[index] == dot else { return nil }
            index += 1
        }
    }

    /// A decimal number without leading zeros and the index after its last digit.
    static func decimal(_ bytes: Bytes, from start: Int, maximum: Int) -> (number: Int, end: Int)? {
        var number = 0
        var index = start
        while index < bytes.endIndex, case let digit = bytes[index] &- zero, digit < 10 {
            if index > start, number == 0 { return nil }
            number = number * 10 + Int(digit)
            if number > maximum { return nil }
            index += 1
        }
        return index > start ? (number, index) : nil
    }

    /// The value of an IPv6 address in any of the three forms of RFC 4291 section 2.2.
    private static func groups(_ bytes: Bytes) -> UInt128? {
        var value: UInt128 = 0
        var count = 0
        var gap: Int?
        var index = bytes.startIndex
        if bytes[index] == colon {
            guard bytes[index + 1] == colon else { return nil }
            gap = 0
            index += 2
        }
        while index < bytes.endIndex {
            let start = index
            var group: UInt128 = 0
            while index < bytes.endIndex, index - start < 4, let digit = hexadecimalDigit(bytes[index]) {
                group = group << 4 | UInt128(digit)
                index += 1
            }
            guard index > start, count < 8 else { return nil }
            if index < bytes.endIndex, bytes[index] == dot {
                guard count <= 6, let embedded = quad(bytes[start..<bytes.endIndex]) else { return nil }
                value = value << 32 | embedded
                count += 2
                break
            }
            value = value << 16 | group
            count += 1
            if index == bytes.endIndex { break }
            guard bytes[index] == colon, index + 1 < bytes.endIndex else { return nil }
            index += 1
            if bytes[index] == colon {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        guard let gap else { return count == 8 ? value : nil }
        guard count < 8 else { return nil }
        let tailBits = UInt128(16 * (count - gap))
        let tail = value & ~(UInt128.max << tailBits)
        return (value >> tailBits) << UInt128(16 * (8 - gap)) | tail
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - zero
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The reason why a text that ``address(_:)`` refused is not an address.
    static func diagnosis(of text: String) -> AddressError {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last else { return .empty }
        if first <= 0x20 || last <= 0x20 { return .surroundingWhitespace(text) }
        if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
            // Anything else with a slash, such as a pod, is no address.
            return (try? IPAddress(String(text[..<slash]))) == nil ? .notAnAddress(text) : .unexpectedPrefixLength(text)
        }
        if bytes.contains(UInt8(ascii: "%")), bytes.contains(colon) { return .zoneIdentifier(text) }
        let octets = bytes.split(separator: dot, omittingEmptySubsequences: false)
        let areNumbers = octets.allSatisfy { $0.count >= 1 && $0.allSatisfy { (zero...zero + 9).contains($0) } }
        if octets.count == 4, areNumbers, octets.contains(where: { $0.count > 1 && $0.first == zero }) {
            return .leadingZeros(text)
        }
        return .notAnAddress(text)
    }

    /// The canonical text of an address: a dotted quad, or RFC 5952.
    static func text(of address: IPAddress) -> String {
        switch address.family {
        case .ipv4:
            String(unsafeUninitializedCapacity: 15) { buffer in
                var count = 0
                appendQuad(address.value, to: buffer, &count)
                return count
            }
        case .ipv6:
            String(unsafeUninitializedCapacity: 45) { buffer in
                var count = 0
                appendGroups(address.value, to: buffer, &count)
                return count
            }
        }
    }

    private static func appendQuad(_ value: UInt128, to buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int) {
        let word = UInt32(truncatingIfNeeded: value)
        for shift: UInt32 in [24, 16, 8, 0] {
            let octet = UInt8(truncatingIfNeeded: word >> shift)
            if octet >= 100 { append(zero + octet / 100, to: buffer, &count) }
            if octet >= 10 { append(zero + octet / 10 % 10, to: buffer, &count) }
            append(zero + octet % 10, to: buffer, &count)
            if shift > 0 { append(dot, to: buffer, &count) }
        }
    }

    /// RFC 5952 section 4 (shortest groups, the first longest run of zero groups as `::`, lower case) and section 5
    /// (mixed notation for IPv4-mapped addresses).
    private static func appendGroups(
        _ value: UInt128, to buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int
    ) {
        let isMapped = value >> 32 == 0xFFFF
        let groupCount = isMapped ? 6 : 8
        let gap = longestZeroRun(value, groupCount: groupCount)
        var position = 0
        while position < groupCount {
            if position == gap.lowerBound, !gap.isEmpty {
                append(colon, to: buffer, &count)
                append(colon, to: buffer, &count)
                position = gap.upperBound
                continue
            }
            if position > 0, position != gap.upperBound || gap.isEmpty { append(colon, to: buffer, &count) }
            appendHexadecimal(group(value, position), to: buffer, &count)
            position += 1
        }
        if isMapped {
            append(colon, to: buffer, &count)
            appendQuad(value, to: buffer, &count)
        }
    }

    private static func group(_ value: UInt128, _ position: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: value >> UInt128(16 * (7 - position)))
    }

    /// The first of the longest runs of at least two zero groups, or an empty range.
    private static func longestZeroRun(_ value: UInt128, groupCount: Int) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for position in 0..<groupCount {
            if group(value, position) != 0 {
                start = position + 1
            } else if position + 1 - start > max(longest.count, 1) {
                longest = start..<position + 1
            }
        }
        return longest
    }

    private static func appendHexadecimal(
        _ group: UInt16, to buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int
    ) {
        var isLeading = true
        for shift: UInt16 in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: group >> shift) & 0xF
            if isLeading, digit == 0, shift > 0 { continue }
            isLeading = false
            append(digit < 10 ? zero + digit : UInt8(ascii: "a") + digit - 10, to: buffer, &count)
        }
    }

    private static func append(_ byte: UInt8, to buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int) {
        buffer[count] = byte
        count += 1
    }
}
