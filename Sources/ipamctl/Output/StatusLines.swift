import IPAMKit

/// Lines that begin with a status: the results of checks for people. On a terminal they are broken between words to fit it,
/// with the next step on a line of its own.
struct StatusLines {
    struct Line {
        let status: Check.Status
        /// What stands beside the status, in a column; nil for a list without it.
        var label: String?
        let text: String
        let next: String?
    }

    let lines: [Line]

    func text(_ layout: Layout) -> String {
        let statusWidth = Check.Status.allCases.map(\.rawValue.utf8.count).max() ?? 0
        let labelWidth = lines.compactMap { $0.label?.utf8.count }.max()
        let indent = statusWidth + ColumnWidths.gap + (labelWidth.map { $0 + ColumnWidths.gap } ?? 0)
        func wrapped(_ text: String) -> String {
            let visible = DisplayText.visible(text)
            return layout.screen.columns.map { DisplayText.wrapped(visible, to: $0 - indent, indent: indent) }
                ?? visible
        }
        var result: [String] = []
        for line in lines {
            var bytes: [UInt8] = []
            TextTable.append(
                line.status.rawValue, layout.screen.hasColor ? line.status.style : nil, width: statusWidth,
                isNumeric: false, isLast: false, to: &bytes)
            if let labelWidth {
                TextTable.append(
                    line.label ?? "", nil, width: labelWidth, isNumeric: false, isLast: false, to: &bytes)
            }
            let start = String(decoding: bytes, as: UTF8.self)
            guard let next = line.next else {
                result.append(start + wrapped(line.text))
                continue
            }
            if layout.screen.columns == nil {
                result.append("\(start)\(wrapped(line.text)) -- next: \(wrapped(next))")
            } else {
                result.append(start + wrapped(line.text))
                result.append(String(repeating: " ", count: indent) + wrapped("next: \(next)"))
            }
        }
        return result.joined(separator: "\n")
    }
}
