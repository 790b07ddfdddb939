import Glibc

/// Bytes on their way in one direction, each piece with the moment from which it may go on.
struct DelayedBytes {
    private var pieces: [(due: ContinuousClock.Instant, bytes: ArraySlice<UInt8>)] = []
    private(set) var count = 0

    var isEmpty: Bool { pieces.isEmpty }
    var firstDue: ContinuousClock.Instant? { pieces.first?.due }

    mutating func append(_ bytes: ArraySlice<UInt8>, due: ContinuousClock.Instant) {
        pieces.append((max(due, pieces.last?.due ?? due), bytes))
        count += bytes.count
    }

    func isDue(at now: ContinuousClock.Instant) -> Bool { pieces.first.map { $0.due <= now } ?? false }

    /// Writes what is due; false when the other side is gone.
    mutating func flush(to descriptor: Int32, at now: ContinuousClock.Instant) -> Bool {
        while let first = pieces.first, first.due <= now {
            let sent = first.bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent >= 0 else { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR }
            count -= sent
            if sent == first.bytes.count {
                pieces.removeFirst()
            } else {
                pieces[0].bytes = first.bytes.dropFirst(sent)
                return true
            }
        }
        return true
    }
}

/// One connection through the proxy: the socket of the worker, and the one to Redis. Owned by the proxy's thread.
struct ProxyLink {
    let client: Int32
    let server: Int32
    /// The process that opened it.
    let incarnation: Int
    var toServer = DelayedBytes()
    var toClient = DelayedBytes()
    var clientHasEnded = false
    var serverHasEnded = false
    var spotter: IncrementSpotter
    /// Of what the server says.
    let rewriter: PortRewriter?
    static let maxWaiting = 1 << 20

    /// Whether everything that one side sent before it ended has arrived.
    var isOver: Bool { (clientHasEnded && toServer.isEmpty) || (serverHasEnded && toClient.isEmpty) }

    func polled(at now: ContinuousClock.Instant) -> [pollfd] {
        func events(_ isReadable: Bool, _ isWritable: Bool) -> Int16 {
            Int16((isReadable ? POLLIN : 0) | (isWritable ? POLLOUT : 0))
        }
        return [
            pollfd(
                fd: client,
                events: events(!clientHasEnded && toServer.count < Self.maxWaiting, toClient.isDue(at: now)),
                revents: 0),
            pollfd(
                fd: server,
                events: events(!serverHasEnded && toClient.count < Self.maxWaiting, toServer.isDue(at: now)),
                revents: 0),
        ]
    }

    /// Takes what has arrived on either side, and passes on what is due.
    mutating func move(
        _ client: pollfd, _ server: pollfd, _ delay: Duration, _ buffer: inout [UInt8],
        _ started: (_ number: Int, _ incarnation: Int) -> Void
    ) {
        let now = ContinuousClock.now
        if client.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !clientHasEnded {
            let count = recv(self.client, &buffer, buffer.count, 0)
            if count > 0 {
                toServer.append(buffer[..<count], due: now + delay)
                for number in spotter.read(buffer[..<count]) { started(number, incarnation) }
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                clientHasEnded = true
            }
        }
        if server.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !serverHasEnded {
            let count = recv(self.server, &buffer, buffer.count, 0)
            if count > 0 {
                toClient.append(rewriter?.rewritten(buffer[..<count]) ?? buffer[..<count], due: now + delay)
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                serverHasEnded = true
            }
        }
        let isFlushed = toServer.flush(to: self.server, at: now) && toClient.flush(to: self.client, at: now)
        if !isFlushed { (clientHasEnded, serverHasEnded) = (true, true) }
    }

    /// Closes both sides; with `reset` as a broken network would.
    func close(reset: Bool) {
        for descriptor in [client, server] {
            if reset {
                var none = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
            }
            Glibc.close(descriptor)
        }
    }
}
