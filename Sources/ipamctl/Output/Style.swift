import IPAMKit

/// A colour of a cell. It only repeats what the text says.
enum Style: UInt8, Sendable {
    case red = 1
    case yellow, green, cyan

    /// A number from 1 that stands for the style.
    var code: UInt8 { rawValue }

    /// - Parameter code: 0 for no style.
    init?(code: UInt8) { self.init(rawValue: code) }

    /// The escape sequence that begins it (ECMA-48, "SGR").
    var start: String {
        switch self {
        case .red: "\u{1B}[31m"
        case .yellow: "\u{1B}[33m"
        case .green: "\u{1B}[32m"
        case .cyan: "\u{1B}[36m"
        }
    }

    /// The escape sequence that ends every style.
    static let end = "\u{1B}[0m"
}

/// The percentages from which fullness is coloured.
enum FullnessThreshold {
    static let yellow = 80
    static let red = 95

    static func style(ofPercent percent: Int) -> Style? {
        percent >= red ? .red : percent >= yellow ? .yellow : nil
    }
}

extension AddressEntry.State {
    var style: Style? {
        switch self {
        case .used: nil
        case .reserved: .cyan
        case .free: .green
        }
    }
}

extension AuditCode.Severity {
    var style: Style? {
        switch self {
        case .info: nil
        case .warning: .yellow
        case .error: .red
        }
    }
}
