import CSandbox
import CSeccomp
import Foundation
import Glibc
import Synchronization

/// Stands between the workers and the kernel, for the system calls by which a storage makes files safe and gives them
/// their names: lets them pass, lets them fail, or takes its time. It needs no privileges.
///
/// The kernel asks for each of these calls; see seccomp_unotify(2). ``GateEntrance`` is the worker's side.
final class CallGate: Sendable {
    enum Rule: Sendable, Hashable {
        /// With this `errno`.
        case fails(Int32)
        /// Longer by this, and done then.
        case takes(Duration)
    }

    private struct Order {
        var rule: Rule
        var id: UUID
        var calls = 0
    }

    private struct State {
        var orders: [Int: Order] = [:]
        /// Ends of sockets on which a worker's question channel will come.
        var arriving: [(socket: Int32, worker: Int)] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wakeInput: Int32
    private let wakeOutput: Int32

    /// - Throws: ``TortureError`` where the kernel or its library cannot ask.
    init() throws(TortureError) {
        guard seccomp_api_get() >= 5 else { throw TortureError("the kernel cannot ask about system calls") }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TortureError("no pipe: errno \(errno)") }
        for end in ends { LocalSocket.prepare(end) }
        (wakeInput, wakeOutput) = (ends[0], ends[1])
        Thread.detachNewThread { [self] in serve() }
    }

    /// For a process of this worker that is to be started: the caller closes it then.
    func socket(for worker: Int) throws(TortureError) -> Int32 {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw TortureError("no socket: errno \(errno)") }
        state.withLock { $0.arriving.append((ends[0], worker)) }
        wake()
        return ends[1]
    }

    /// Goes on for longer when the worker makes no such call meanwhile.
    ///
    /// - Returns: how many calls of the worker it has concerned.
    func apply(_ rule: Rule, to worker: Int, for length: Duration) async -> Int {
        let id = UUID()
        state.withLock { $0.orders[worker] = Order(rule: rule, id: id) }
        var calls = 0
        for round in 0..<10 where round == 0 || calls == 0 {
            await pause(length)
            calls = state.withLock { state in state.orders[worker].flatMap { $0.id == id ? $0.calls : nil } ?? 0 }
        }
        state.withLock { state in if state.orders[worker]?.id == id { state.orders[worker] = nil } }
        return calls
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 1
        _ = write(wakeOutput, &byte, 1)
    }

    private func serve() {
        Thread.current.name = "call-gate"
        var request: UnsafeMutablePointer<seccomp_notif>?
        var response: UnsafeMutablePointer<seccomp_notif_resp>?
        guard seccomp_notify_alloc(&request, &response) == 0, let request, let response else { return }
        defer { seccomp_notify_free(request, response) }
        var arriving: [(socket: Int32, worker: Int)] = []
        var listeners: [(listener: Int32, worker: Int)] = []
        var late: [(due: ContinuousClock.Instant, listener: Int32, id: UInt64)] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while true {
            let isClosed = state.withLock { state in
                arriving += state.arriving
                state.arriving = []
                return state.isClosed
            }
            if isClosed { break }
            var polled = [pollfd(fd: wakeInput, events: Int16(POLLIN), revents: 0)]
            for descriptor in arriving.map(\.socket) + listeners.map(\.listener) {
                polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            }
            let wait = late.map(\.due).min().map { max(.zero, $0 - .now) } ?? .seconds(1)
            _ = poll(&polled, nfds_t(polled.count), Int32((wait / .milliseconds(1)).rounded(.up)))
            if polled[0].revents != 0 { while read(wakeInput, &buffer, buffer.count) > 0 {} }
            for (index, listener) in listeners.enumerated().reversed() {
                let found = polled[1 + arriving.count + index].revents
                if found & Int16(POLLIN) != 0 {
                    if let due = answer(listener.listener, listener.worker, request, response) {
                        late.append((due, listener.listener, request.pointee.id))
                    }
                } else if found & Int16(POLLHUP | POLLERR) != 0 {
                    Glibc.close(listener.listener)
                    late.removeAll { $0.listener == listener.listener }
                    listeners.remove(at: index)
                }
            }
            for (index, arrival) in arriving.enumerated().reversed() where polled[1 + index].revents != 0 {
                if let listener = Self.receive(arrival.socket) { listeners.append((listener, arrival.worker)) }
                Glibc.close(arrival.socket)
                arriving.remove(at: index)
            }
            for call in late where call.due <= .now { Self.letPass(call.listener, call.id, response) }
            late.removeAll { $0.due <= .now }
        }
        for descriptor in arriving.map(\.socket) + listeners.map(\.listener) + [wakeInput, wakeOutput] {
            Glibc.close(descriptor)
        }
    }

    /// - Returns: when the call may pass, if that is later.
    private func answer(
        _ listener: Int32, _ worker: Int, _ request: UnsafeMutablePointer<seccomp_notif>,
        _ response: UnsafeMutablePointer<seccomp_notif_resp>
    ) -> ContinuousClock.Instant? {
        // The kernel takes nothing but zeros here.
        memset(request, 0, MemoryLayout<seccomp_notif>.size)
        guard seccomp_notify_receive(listener, request) == 0 else { return nil }
        let rule = state.withLock { state in
            state.orders[worker]?.calls += 1
            return state.orders[worker]?.rule
        }
        switch rule {
        case .takes(let time): return .now + time
        case .fails(let code):
            response.pointee = seccomp_notif_resp(id: request.pointee.id, val: 0, error: -code, flags: 0)
            seccomp_notify_respond(listener, response)
        case nil: Self.letPass(listener, request.pointee.id, response)
        }
        return nil
    }

    private static func letPass(
        _ listener: Int32, _ id: UInt64, _ response: UnsafeMutablePointer<seccomp_notif_resp>
    ) {
        // 1 is SECCOMP_USER_NOTIF_FLAG_CONTINUE, a macro that Swift does not see.
        response.pointee = seccomp_notif_resp(id: id, val: 0, error: 0, flags: 1)
        seccomp_notify_respond(listener, response)
    }

    private static func receive(_ socket: Int32) -> Int32? {
        var byte: UInt8 = 0
        var descriptor: Int32 = -1
        var count = 0
        return csb_receive(socket, &byte, 1, &descriptor, 1, &count) == 1 && count == 1 ? descriptor : nil
    }
}
