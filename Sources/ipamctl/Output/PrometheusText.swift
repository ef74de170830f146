/// A gauge with a value for each set of labels.
struct Metric {
    struct Sample {
        let labels: [(name: String, value: String)]
        /// A number.
        let value: String
    }

    let name: String
    let help: String
    let samples: [Sample]
}

/// Prometheus' text exposition format, version 0.0.4.
enum PrometheusText {
    /// Metrics without values are left out.
    static func render(_ metrics: [Metric]) -> String {
        metrics.filter { !$0.samples.isEmpty }.map { metric in
            let lines = metric.samples.map { sample in
                let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                return "\(metric.name){\(labels.joined(separator: ","))} \(sample.value)\n"
            }
            return "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n# TYPE \(metric.name) gauge\n"
                + lines.joined()
        }.joined()
    }

    /// Escapes backslashes and line breaks and, in a label's value, quotes.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
