extension EtcdClient {
    /// The result of a login.
    struct Session: Sendable {
        /// nil if the server's authentication is off.
        let token: String?
    }

    /// The token to send with a call; nil if none is needed. Calls that need a token at the same time share one login, which
    /// takes the server a tenth of a second (bcrypt).
    ///
    /// - Throws: ``EtcdError``, never `outcomeUnknown`.
    func token(until deadline: ContinuousClock.Instant) async throws(EtcdError) -> String? {
        guard let credentials else { return nil }
        while true {
            if let session { return session.token }
            if let login {
                // This is the login of another call, with its deadline, so the end of that deadline does not count here.
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
        let request = EtcdAuthenticateRequest(name: credentials.user, password: credentials.password)
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

    /// Whether to try a call that was refused with `error` again with a new token. A token is valid for five minutes, or until
    /// the member restarts, and authentication may have been switched on since the call began.
    func mayRenewToken(_ used: String?, after error: EtcdError) -> Bool {
        guard case .unauthenticated(let message) = error else { return false }
        if message.contains("revision of auth store is old") {
            // Permissions have just changed. If certificates name the user, trying again is enough.
        } else {
            guard credentials != nil,
                message.contains("invalid auth token") || message.contains("user name is empty")
            else { return false }
        }
        forgetToken(used)
        return true
    }

    /// Makes the next call log in again, unless there is a new token already.
    func forgetToken(_ used: String?) {
        if session?.token == used { session = nil }
    }
}
