import SwiftProtobuf

extension EtcdClient {
    /// What a log-in came to.
    struct Session: Sendable {
        /// Nil where the server does not ask for one: its authentication is off.
        let token: String?
    }

    /// The token that a call must bear; nil where none is needed. Calls that need one at the same time share one log-in,
    /// which costs the server a tenth of a second (bcrypt).
    ///
    /// - Throws: ``EtcdError``, never `outcomeUnknown`.
    func token(until deadline: ContinuousClock.Instant) async throws(EtcdError) -> String? {
        guard let credentials else { return nil }
        while true {
            if let session { return session.token }
            if let login {
                // Another call's, with another call's patience: only what the server itself said counts for this one.
                switch await login.value {
                case .success: continue
                case .failure(.deadlineExceeded(let failures)):
                    if ContinuousClock.now >= deadline || Task.isCancelled { throw .deadlineExceeded(failures) }
                case .failure(let error): throw error
                }
            } else {
                let new = Task(executorPreference: loop) { await self.logIn(credentials, until: deadline) }
                login = new
                if case .failure(let error) = await new.value { throw error }
            }
        }
    }

    private func logIn(_ credentials: EtcdConfiguration.Credentials, until deadline: ContinuousClock.Instant) async
        -> Result<Session, EtcdError>
    {
        defer { login = nil }
        var request = EtcdAuthenticateRequest()
        request.name = credentials.user
        request.password = credentials.password
        do throws(EtcdError) {
            let call = GRPCCall(method: "Auth/Authenticate", message: try serialize(request), isRepeatable: true)
            let new: Session
            do throws(EtcdError) {
                let answer: EtcdAuthenticateResponse = try await repeated(call, until: deadline)
                new = Session(token: answer.token)
            } catch .rejected(_, let message) where message.contains("authentication is not enabled") {
                new = Session(token: nil)
            }
            session = new
            return .success(new)
        } catch {
            return .failure(error)
        }
    }

    /// Whether a call that was refused with `error` is worth another try with a new token: the one it bore lives five
    /// minutes, or as long as the member does; and authentication may have been switched on since.
    func mayRenewToken(_ used: String?, after error: EtcdError) -> Bool {
        guard case .unauthenticated(let message) = error else { return false }
        if message.contains("revision of auth store is old") {
            // The user's rights have just changed; where certificates name the user, asking again is enough.
        } else {
            guard credentials != nil,
                message.contains("invalid auth token") || message.contains("user name is empty")
            else { return false }
        }
        forgetToken(used)
        return true
    }

    /// Makes the next call log in anew, unless that has happened already.
    func forgetToken(_ used: String?) {
        if session?.token == used { session = nil }
    }
}
