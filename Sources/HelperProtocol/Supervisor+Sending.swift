internal import CSandbox
internal import Glibc
internal import Synchronization

extension Supervisor {
    /// What one call of ``HelperProcess/run(_:_:descriptors:timeout:onProgress:)`` sends.
    struct Submission: Sendable {
        var id: UInt64
        var body: [UInt8]
        var descriptors: [Int32]
        var timeout: Duration
        var onProgress: (@Sendable (HelperProgress) -> Void)?
    }

    /// Takes a request in and sends it from the calling thread as far as the socket takes it; the helper's thread sends
    /// the rest. Resumes `waiter` exactly once, now or later.
    func submit(_ request: Submission, waiter: CheckedContinuation<Outcome, Never>) {
        let (refusal, mustWake) = state.withLock { state -> (HelperFailure?, Bool) in
            if let end = state.end { return (end.failureToStart, false) }
            guard !state.isKilled, state.killDeadline == nil, state.facts != nil else { return (.interrupted, false) }
            // `cancel` found nothing if it ran before this lock was taken; the flag was set before that.
            if Task.isCancelled { return (.cancelled, false) }
            let now = ContinuousClock.now
            let deadline = now + request.timeout
            state.pending[request.id] = Pending(
                deadline: deadline, timeout: request.timeout, onProgress: request.onProgress, nextProgress: now,
                waiter: waiter)
            let frame = Frame(
                kind: .request, id: request.id, descriptorCount: request.descriptors.count, body: request.body)
            send(frame, request.descriptors, &state)
            return (nil, !state.outgoing.isEmpty || deadline < state.nextWake)
        }
        if mustWake { wake() }
        if let refusal { waiter.resume(returning: .failure(refusal)) }
    }

    /// Cancels a request that may have been answered already.
    func cancel(_ id: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.pending[id] != nil else { return nil }
            if case .kill = launch.interruption {
                kill(.cancelled(id), &state)
                return nil
            }
            return abandon(id, &state)
        }
        wake()
        waiter?.resume(returning: .failure(.cancelled))
    }

    /// Lets the caller go; the helper is told, and has a while to answer.
    func abandon(_ id: UInt64, _ state: inout State) -> CheckedContinuation<Outcome, Never>? {
        guard let pending = state.pending.removeValue(forKey: id) else { return nil }
        if let unsent = state.outgoing.firstIndex(where: { $0.id == id && $0.sent == 0 }) {
            state.outgoing.remove(at: unsent).descriptors.forEach { close($0) }
            return pending.waiter
        }
        if case .tell(let patience) = launch.interruption {
            state.abandoned[id] = ContinuousClock.now + patience
            send(Frame(kind: .cancel, id: id, body: []), [], &state)
        }
        return pending.waiter
    }

    private func send(_ frame: Frame, _ descriptors: [Int32], _ state: inout State) {
        guard let process = state.process else { return }
        let header = frame.header
        var sent = 0
        if state.outgoing.isEmpty {
            let flags = Int32(MSG_DONTWAIT)
            sent = csb_send(
                process.socket, header, header.count, frame.body, frame.body.count, descriptors, descriptors.count,
                flags)
            // A socket that is gone is noticed by the thread, which knows why.
            if sent == header.count + frame.body.count || (sent < 0 && sent != -Int(EAGAIN)) { return }
        }
        let own = sent > 0 ? [] : descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
        state.outgoing.append(
            Outgoing(id: frame.id, bytes: header + frame.body, sent: max(sent, 0), descriptors: own))
    }

    /// Sends what waits, as far as the socket takes it.
    func flush(_ state: inout State) {
        guard let process = state.process else { return }
        while var message = state.outgoing.first {
            let sent = message.bytes.withUnsafeBytes { bytes in
                csb_send(
                    process.socket, bytes.baseAddress?.advanced(by: message.sent), bytes.count - message.sent, nil, 0,
                    message.descriptors, message.descriptors.count, Int32(MSG_DONTWAIT))
            }
            guard sent > 0 else { return }
            message.descriptors.forEach { close($0) }
            message.descriptors = []
            message.sent += sent
            if message.sent < message.bytes.count {
                state.outgoing[0] = message
            } else {
                state.outgoing.removeFirst()
            }
        }
    }
}
