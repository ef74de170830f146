import IPAMKit

/// The steps of a change that were tried, and what stopped it before its end.
struct CarriedOut<Step: Sendable>: Sendable {
    let steps: [Step]
    /// nil if the change was carried out to its end.
    let error: (any Error)?

    /// Why the command fails although a part was done; nil if nothing stopped it.
    ///
    /// - Parameters:
    ///   - done: such as `2 addresses`; nil if nothing was done.
    ///   - rest: what was not done, such as `3 addresses`.
    /// - Throws: the error itself if nothing was done.
    func failure(done: String?, rest: [String]) throws -> Failure? {
        guard let error else { return nil }
        guard let done else { throw error }
        return Failure(stoppedBy: error, done: done, rest: rest)
    }
}

extension ChangeOptions {
    /// Asks for a change that was planned, and carries it out: every command that changes something does it here.
    ///
    /// - Parameters:
    ///   - question: nil if there is nothing to ask, because nothing will change.
    ///   - preview: what would be done, a line for each address.
    ///   - progress: the progress line after so many steps.
    ///   - body: carries the plan out. It reports the steps as they are tried, and returns all of them.
    /// - Returns: also if the answer is no, or `body` throws, with the steps reported until then.
    func carryOut<Step: Sendable>(
        asking question: String?, showing preview: [String] = [], progress: @escaping (Int) -> String = { _ in "" },
        _ body: (_ report: ([Step]) -> Void) async throws -> [Step]
    ) async -> CarriedOut<Step> {
        var steps: [Step] = []
        defer { Terminal.progress("") }
        do {
            if let question { try Terminal.confirm(question, showing: preview, assumeYes: yes) }
            let all = try await body { some in
                steps += some
                Terminal.progress(progress(steps.count))
            }
            return CarriedOut(steps: all, error: nil)
        } catch {
            return CarriedOut(steps: steps, error: error)
        }
    }
}
