import Foundation
import Glibc
import Redis
import Synchronization

/// Stands between one worker and Redis, on a port of 127.0.0.1, and is as bad a network as it is told to be.
final class FaultProxy: Sendable {
    let port: UInt16
    private let upstream: RedisNode
    private let listener: Int32
    private let wakeInput: Int32
    private let wakeOutput: Int32
    private let counterPrefix: String
    /// Told the number of each `INCR` of a counter that a worker sends, and the process that sent it.
    private let started: @Sendable (_ number: Int, _ incarnation: Int) -> Void
    private let orders = Mutex(Orders())

    private struct Orders {
        var incarnation = 0
        var isCut = false
        var silentUntil: ContinuousClock.Instant?
        var delay = Duration.zero
        var isClosed = false
    }

    init(
        to upstream: RedisNode, counterPrefix: String, started: @escaping @Sendable (Int, Int) -> Void
    ) throws(TortureError) {
        self.upstream = upstream
        self.counterPrefix = counterPrefix
        self.started = started
        (listener, port) = try LocalSocket.listen()
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TortureError("no pipe: errno \(errno)") }
        for end in ends { LocalSocket.prepare(end) }
        (wakeInput, wakeOutput) = (ends[0], ends[1])
        Thread.detachNewThread { [self] in serve() }
    }

    /// Connections from now on belong to this process.
    func belongs(to incarnation: Int) { order { $0.incarnation = incarnation } }

    func cut() { order { $0.isCut = true } }

    /// Carries nothing until then, in neither direction; connections stay open, and what was sent arrives late.
    func fallSilent(for length: Duration) { order { $0.silentUntil = .now + length } }

    func delay(by delay: Duration) { order { $0.delay = delay } }

    func heal() {
        order {
            $0.silentUntil = nil
            $0.delay = .zero
        }
    }

    func close() { order { $0.isClosed = true } }

    private func order(_ change: (inout Orders) -> Void) {
        orders.withLock { change(&$0) }
        var byte: UInt8 = 1
        _ = write(wakeOutput, &byte, 1)
    }

    private func serve() {
        Thread.current.name = "fault-proxy"
        var links: [ProxyLink] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let now = ContinuousClock.now
            let orders = orders.withLock { orders in
                defer { orders.isCut = false }
                if let until = orders.silentUntil, until <= now { orders.silentUntil = nil }
                return orders
            }
            if orders.isCut || orders.isClosed {
                for link in links { link.close(reset: true) }
                links = []
            }
            if orders.isClosed { break }
            var polled = [pollfd(fd: wakeInput, events: Int16(POLLIN), revents: 0)]
            var until = orders.silentUntil
            if until == nil {
                polled.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
                for link in links { polled += link.polled(at: now) }
                until = links.flatMap { [$0.toServer.firstDue, $0.toClient.firstDue] }.compactMap { $0 }
                    .filter { $0 > now }.min()
            }
            let waitMs = until.map { max(0, ($0 - now) / .milliseconds(1)).rounded(.up) } ?? 1_000
            _ = poll(&polled, nfds_t(polled.count), Int32(min(waitMs, 1_000)))
            if polled[0].revents != 0 { while read(wakeInput, &buffer, buffer.count) > 0 {} }
            guard polled.count > 1 else { continue }
            for index in links.indices {
                move(&links[index], polled[2 + 2 * index], polled[3 + 2 * index], orders.delay, &buffer)
            }
            links.removeAll { link in
                if link.isOver { link.close(reset: false) }
                return link.isOver
            }
            if polled[1].revents != 0 { accept(orders.incarnation, &links) }
        }
        for descriptor in [listener, wakeInput, wakeOutput] { Glibc.close(descriptor) }
    }

    private func accept(_ incarnation: Int, _ links: inout [ProxyLink]) {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        LocalSocket.prepare(client)
        guard let server = LocalSocket.connect(upstream.host, upstream.port) else {
            Glibc.close(client)
            return
        }
        links.append(
            ProxyLink(
                client: client, server: server, incarnation: incarnation,
                spotter: IncrementSpotter(prefix: counterPrefix)))
    }

    private func move(
        _ link: inout ProxyLink, _ client: pollfd, _ server: pollfd, _ delay: Duration, _ buffer: inout [UInt8]
    ) {
        let now = ContinuousClock.now
        if client.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !link.clientHasEnded {
            let count = recv(link.client, &buffer, buffer.count, 0)
            if count > 0 {
                link.toServer.append(buffer[..<count], due: now + delay)
                for number in link.spotter.read(buffer[..<count]) { started(number, link.incarnation) }
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                link.clientHasEnded = true
            }
        }
        if server.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !link.serverHasEnded {
            let count = recv(link.server, &buffer, buffer.count, 0)
            if count > 0 {
                link.toClient.append(buffer[..<count], due: now + delay)
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                link.serverHasEnded = true
            }
        }
        if !link.toServer.flush(to: link.server, at: now) { link.serverHasEnded = true; link.clientHasEnded = true }
        if !link.toClient.flush(to: link.client, at: now) { link.serverHasEnded = true; link.clientHasEnded = true }
    }
}
