/// Why a file cannot be restored: it is not a backup, or it is not as it was written.
public struct BackupProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number of the line, from 1; nil if the problem is not one line's.
    public let line: Int?
    /// The problem, such as `the last line is missing: the file is not complete`.
    public let problem: String

    init(_ line: Int?, _ problem: String) {
        self.line = line
        self.problem = problem
    }

    /// `line 3: the key is not one of the networks in the header`
    public var description: String { (line.map { "line \($0): " } ?? "") + problem }
}
