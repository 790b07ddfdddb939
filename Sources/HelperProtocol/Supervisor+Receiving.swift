internal import Glibc
internal import Model
internal import Synchronization

extension Supervisor {
    /// Reads what is there and acts on it. False when nothing more will come.
    ///
    /// `read` takes no control messages: descriptors that a hostile helper sends are closed by the kernel.
    func receive(from socket: Int32, _ reader: inout FrameReader, _ probe: MemoryProbe, untilEmpty: Bool) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { chunk in
            var rounds = untilEmpty ? 64 : 4
            while rounds > 0 {
                rounds -= 1
                let count = recv(socket, chunk.baseAddress, chunk.count, Int32(MSG_DONTWAIT))
                if count < 0 { return errno == EAGAIN || errno == EINTR }
                if count == 0 { return false }
                reader.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<count]))
                do throws(ProtocolViolation) {
                    while let frame = try reader.next() { try handle(frame, probe) }
                } catch {
                    kill(.violation(error.reason))
                    return false
                }
                if count < chunk.count, !untilEmpty { return true }
            }
            return true
        }
    }

    private func handle(_ frame: Frame, _ probe: MemoryProbe) throws(ProtocolViolation) {
        guard frame.descriptorCount == 0 else { throw ProtocolViolation("descriptors from the helper") }
        switch frame.kind {
        case .hello: try greet(frame)
        case .progress: try report(frame)
        case .result:
            let memory = probe.take()
            let reply = Reply(json: frame.body, peakBytes: memory.peak, residentBytes: memory.resident)
            try answer(frame.id, .success(reply))
        case .failure: try answer(frame.id, .failure(Self.failure(in: frame.body)))
        case .request, .cancel: throw ProtocolViolation("a coordinator's message from the helper")
        }
    }

    private func greet(_ frame: Frame) throws(ProtocolViolation) {
        guard let hello = try? JSON.decode(Hello.self, from: frame.body) else {
            throw ProtocolViolation("an unreadable greeting")
        }
        guard hello.version == Hello.currentVersion else {
            throw ProtocolViolation("protocol version \(hello.version) instead of \(Hello.currentVersion)")
        }
        guard let facts = hello.facts else {
            let reason = (hello.error ?? "the helper gave no reason").tamed(to: 1_000)
            return kill(.notReady(reason))
        }
        let starters = try state.withLock { state throws(ProtocolViolation) in
            guard state.facts == nil else { throw ProtocolViolation("a second greeting") }
            state.facts = facts
            defer { state.starters = [] }
            return state.starters
        }
        for starter in starters { starter.resume(returning: .success(facts)) }
    }

    private func report(_ frame: Frame) throws(ProtocolViolation) {
        guard let progress = try? JSON.decode(HelperProgress.self, from: frame.body),
            progress.percent.isFinite, (0...100).contains(progress.percent), progress.stage.utf8.count <= 64
        else { throw ProtocolViolation("unreadable progress") }
        let listener = try state.withLock { state throws(ProtocolViolation) -> (@Sendable (HelperProgress) -> Void)? in
            guard let pending = state.pending[frame.id] else {
                guard state.abandoned[frame.id] != nil else { throw ProtocolViolation("progress of no request") }
                return nil
            }
            // An honest helper sends ten a second and one a stage; a flood is thinned out here.
            let now = ContinuousClock.now
            guard pending.nextProgress <= now else { return nil }
            state.pending[frame.id]?.nextProgress = now + .milliseconds(20)
            return pending.onProgress
        }
        listener?(HelperProgress(percent: progress.percent, stage: progress.stage.tamed(to: 64)))
    }

    private func answer(_ id: UInt64, _ outcome: Outcome) throws(ProtocolViolation) {
        let waiter = try state.withLock { state throws(ProtocolViolation) -> CheckedContinuation<Outcome, Never>? in
            guard let pending = state.pending.removeValue(forKey: id) else {
                guard state.abandoned.removeValue(forKey: id) != nil else {
                    throw ProtocolViolation("an answer to no request")
                }
                return nil
            }
            state.answered += 1
            return pending.waiter
        }
        waiter?.resume(returning: outcome)
    }

    private static func failure(in body: [UInt8]) throws(ProtocolViolation) -> HelperFailure {
        guard var failure = try? JSON.decode(OperationFailure.self, from: body),
            (1...64).contains(failure.code.utf8.count),
            failure.code.utf8.allSatisfy({ $0 == 95 || (48...57).contains($0) || (97...122).contains($0) })
        else { throw ProtocolViolation("an unreadable failure") }
        failure.message = failure.message.tamed(to: 1_000)
        failure.detail = failure.detail?.tamed(to: 1_000)
        return .failed(failure)
    }

    /// Waits for the process that has ended, and tells everybody.
    func bury(_ process: Spawned, _ tail: StderrTail, _ probe: MemoryProbe, outOfMemoryKill: Bool) {
        var status: Int32 = 0
        while waitpid(process.pid, &status, 0) < 0, errno == EINTR {}
        probe.close()
        let blame = state.withLock { $0.blame }
        finish(HelperEnd(status: status, blame: blame, stderrTail: tail.text, outOfMemoryKill: outOfMemoryKill))
    }

    func finish(_ end: HelperEnd) {
        let (pending, starters, mourners) = state.withLock { state in
            state.end = end
            for message in state.outgoing { message.descriptors.forEach { close($0) } }
            if let process = state.process {
                [process.pidfd, process.socket, process.stderrPipe].forEach { close($0) }
                state.process = nil
            }
            defer {
                state.pending = [:]
                (state.outgoing, state.abandoned, state.starters, state.mourners) = ([], [:], [], [])
            }
            let open = Set(state.pending.keys).union(state.abandoned.keys)
            let waiting = state.pending.map { id, pending in
                (waiter: pending.waiter, failure: end.failure(for: id, among: open))
            }
            return (waiting, state.starters, state.mourners)
        }
        for (waiter, failure) in pending { waiter.resume(returning: .failure(failure)) }
        for starter in starters { starter.resume(returning: .failure(end.failureToStart)) }
        for mourner in mourners { mourner.resume() }
    }
}
