/// The pod that an ADD is for, and when Kubernetes is asked for it.
extension AddOperation {
    /// Finds out which pod the ADD is for and reads the network, both at the same time.
    func begin() async throws(IPAMError) -> (Claimant, AllocationState) {
        guard request.holder.pod != nil, request.holder.cluster == nil, let identify = observer.identify else {
            return try await readBoth()
        }
        async let cluster = ask(identify)
        var (claimant, state) = try await readBoth()
        claimant.identify(await cluster)
        return (claimant, state)
    }

    /// The identity of the cluster. An ADD that judges no holder does not need it, and so waits no longer than
    /// ``identityTimeout``.
    private func ask(_ identify: Observer.Identify) async -> Result<ClusterIdentity, PodSourceError> {
        do throws(PodSourceError) {
            return .success(try await identify(min(pool.deadline, .now + Self.identityTimeout)))
        } catch {
            return .failure(error)
        }
    }

    private static let identityTimeout = Duration.seconds(2)

    private func readBoth() async throws(IPAMError) -> (Claimant, AllocationState) {
        switch request.annotations {
        case .none: return try await begin(AddressDemand())
        case .passed(let annotations):
            return try await begin(Claimant.demand(annotations, of: request.holder.pod, on: keys.network))
        case .kubernetes:
            guard let reference = request.holder.pod else { return try await begin(AddressDemand()) }
            guard let pods = observer.pods else { throw .noAnnotationSource(reference) }
            // The pod's owner is not known yet; its name reveals it in nearly all cases.
            let guessed = Claimant(request.holder, demand: AddressDemand())
            async let looked = lookUp(reference, in: pods)
            let state = try await readState(of: guessed)
            return (try (await looked).get(), state)
        }
    }

    /// Begins without Kubernetes: the annotations are known, and the pod's name reveals its owner.
    private func begin(_ demand: AddressDemand) async throws(IPAMError) -> (Claimant, AllocationState) {
        let hasKubernetes = observer.pods != nil || request.kubernetesProblem != nil
        let claimant = Claimant(request.holder, demand: demand, isConfirmed: !hasKubernetes)
        return (claimant, try await readState(of: claimant))
    }

    private func lookUp(_ reference: PodReference, in pods: any PodSource, demand: AddressDemand? = nil) async
        -> Result<Claimant, IPAMError>
    {
        let pod: Pod?
        do throws(PodSourceError) {
            pod = try await pods.pod(reference, deadline: pool.deadline)
        } catch {
            return .failure(.lookupFailed(error))
        }
        do throws(IPAMError) {
            return .success(
                try Claimant(
                    request.holder, pod, named: reference, on: observer.node?.identity.name, network: keys.network,
                    demand: demand))
        } catch {
            return .failure(error)
        }
    }

    // MARK: The owner

    /// The claimant with the owner that Kubernetes reports.
    ///
    /// - Throws: ``IPAMError/lookupFailed(_:)`` if Kubernetes cannot be asked, ``IPAMError/podGone(_:_:)``.
    func confirmed(_ claimant: Claimant) async throws(IPAMError) -> Claimant {
        guard let reference = claimant.holder.pod else { return claimant }
        if let pods = observer.pods {
            var confirmed = try await lookUp(reference, in: pods, demand: claimant.demand).get()
            confirmed.keepIdentity(of: claimant)
            return confirmed
        }
        throw .lookupFailed(request.kubernetesProblem ?? PodSourceError("no Kubernetes is configured"))
    }

    /// Whether the ADD may use an address that is reserved for the pod's workload, while only the pod's name reveals
    /// that workload. Only these ADDs ask Kubernetes to confirm it.
    func dependsOnOwner(_ named: [Named?], _ context: AddContext) throws(IPAMError) -> Bool {
        let claimant = context.claimant
        guard !claimant.isConfirmed, let pod = claimant.holder.pod else { return false }
        for (index, name) in named.enumerated() {
            if let name {
                let known = try pool.reservation(context.state.addresses[name.address]?.reservation)
                guard let known, !known.isExpired(at: request.now), case .workload(pod.namespace, _, _) = known.holder
                else { continue }
                return true
            }
            guard claimant.demand.wish != .dynamic else { continue }
            if try isReserved(inSet: index, for: .pod(pod), context) { continue }
            if claimant.demand.wish == .automatic || context.state.hasPossibleClaims { return true }
            for case .workload(let namespace, let name) in claimant.owners {
                if try isReserved(inSet: index, for: .workload(namespace, name), context) { return true }
            }
        }
        return false
    }

    /// Whether an address of a range set is reserved for `owner`, not counting addresses that the container has on
    /// other interfaces.
    private func isReserved(inSet index: Int, for owner: ClaimOwner, _ context: AddContext) throws(IPAMError) -> Bool {
        for address in context.state.claims[owner] ?? [] where eligibility.owner(of: address)?.index == index {
            guard try reservation(of: address, for: owner, context) != nil else { continue }
            if context.state.addresses[address]?.used?.value != request.attachment.containerID.text { return true }
        }
        return false
    }

    /// The reservation of a claimed address if it is valid and gives the address to this interface of a pod of `owner`.
    func reservation(of address: IPAddress, for owner: ClaimOwner, _ context: AddContext) throws(IPAMError)
        -> Reservation?
    {
        guard let reservation = try pool.reservation(context.state.addresses[address]?.reservation),
            rules.gives(reservation, to: context.claimant, of: owner, on: request.attachment.ifname)
        else { return nil }
        return reservation
    }
}
