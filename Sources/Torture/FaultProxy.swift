import Foundation
import Glibc
import Redis
import Synchronization

/// Stands between one worker and its Redis servers and sentinels, on ports of 127.0.0.1, and is as bad a network as it is
/// told to be.
final class FaultProxy: Sendable {
    /// The way to one server.
    struct Route: Sendable {
        let upstream: RedisNode
        let listener: Int32
        let port: UInt16
        /// Whether what it says names servers, in place of which our own ports have to be named.
        let isSentinel: Bool
    }

    let routes: [Route]
    private let redirections: [PortRewriter.Pair]
    private let wakeInput: Int32
    private let wakeOutput: Int32
    private let counterPrefix: String
    /// Told the number of each `INCR` of a counter that a worker sends, and the process that sent it.
    private let started: @Sendable (_ number: Int, _ incarnation: Int) -> Void
    private let orders = Mutex(Orders())
    private let linkCount = Atomic(0)

    private struct Orders {
        var incarnation = 0
        var isCut = false
        var silentUntil: ContinuousClock.Instant?
        var delay = Duration.zero
        var isClosed = false
    }

    init(
        servers: [RedisNode], sentinels: [RedisNode] = [], counterPrefix: String,
        started: @escaping @Sendable (Int, Int) -> Void
    ) throws(TortureError) {
        self.counterPrefix = counterPrefix
        self.started = started
        var routes: [Route] = []
        for (index, node) in (servers + sentinels).enumerated() {
            let (listener, port) = try LocalSocket.listen()
            routes.append(
                Route(upstream: node, listener: listener, port: port, isSentinel: index >= servers.count))
        }
        self.routes = routes
        redirections = routes.filter { !$0.isSentinel }.map { PortRewriter.Pair(from: $0.upstream.port, to: $0.port) }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TortureError("no pipe: errno \(errno)") }
        for end in ends { LocalSocket.prepare(end) }
        (wakeInput, wakeOutput) = (ends[0], ends[1])
        Thread.detachNewThread { [self] in serve() }
    }

    /// Connections from now on belong to this process.
    func belongs(to incarnation: Int) { order { $0.incarnation = incarnation } }

    /// - Returns: whether there was a connection.
    @discardableResult
    func cut() -> Bool {
        order { $0.isCut = true }
        return linkCount.load(ordering: .relaxed) > 0
    }

    /// Carries nothing until then, in neither direction; connections stay open, and what was sent arrives late.
    ///
    /// - Returns: whether there was a connection.
    func fallSilent(for length: Duration) -> Bool {
        order { $0.silentUntil = .now + length }
        return linkCount.load(ordering: .relaxed) > 0
    }

    /// - Returns: whether there was a connection.
    func delay(by delay: Duration) -> Bool {
        order { $0.delay = delay }
        return linkCount.load(ordering: .relaxed) > 0
    }

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
            linkCount.store(links.count, ordering: .relaxed)
            var polled = [pollfd(fd: wakeInput, events: Int16(POLLIN), revents: 0)]
            var until = orders.silentUntil
            if until == nil {
                for route in routes { polled.append(pollfd(fd: route.listener, events: Int16(POLLIN), revents: 0)) }
                for link in links { polled += link.polled(at: now) }
                until = links.flatMap { [$0.toServer.firstDue, $0.toClient.firstDue] }.compactMap { $0 }
                    .filter { $0 > now }.min()
            }
            let waitMs = until.map { max(0, ($0 - now) / .milliseconds(1)).rounded(.up) } ?? 1_000
            _ = poll(&polled, nfds_t(polled.count), Int32(min(waitMs, 1_000)))
            if polled[0].revents != 0 { while read(wakeInput, &buffer, buffer.count) > 0 {} }
            guard polled.count > 1 else { continue }
            let first = 1 + routes.count
            for index in links.indices {
                links[index].move(
                    polled[first + 2 * index], polled[first + 2 * index + 1], orders.delay, &buffer, started)
            }
            links.removeAll { link in
                if link.isOver { link.close(reset: false) }
                return link.isOver
            }
            for (index, route) in routes.enumerated() where polled[1 + index].revents != 0 {
                accept(route, orders.incarnation, &links)
            }
        }
        for descriptor in routes.map(\.listener) + [wakeInput, wakeOutput] { Glibc.close(descriptor) }
    }

    private func accept(_ route: Route, _ incarnation: Int, _ links: inout [ProxyLink]) {
        let client = Glibc.accept(route.listener, nil, nil)
        guard client >= 0 else { return }
        LocalSocket.prepare(client)
        guard let server = LocalSocket.connect(route.upstream.host, route.upstream.port) else {
            Glibc.close(client)
            return
        }
        links.append(
            ProxyLink(
                client: client, server: server, incarnation: incarnation,
                spotter: IncrementSpotter(prefix: counterPrefix),
                rewriter: route.isSentinel ? PortRewriter(redirections) : nil))
    }
}
