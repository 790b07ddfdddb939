internal import CSandbox
internal import Foundation
internal import Glibc
public import Model
internal import Synchronization

/// A helper's side of the conversation: greets, then answers requests until the coordinator closes the socket.
///
/// All of it is synchronous: Dispatch queues and tasks do not work behind the sandbox, see ``Sandbox/Sandbox``.
///
/// ```swift
/// let server = try HelperServer.attach()
/// try Sandbox.apply(.image(limits: limits), parent: server.coordinator)
/// try server.greet(facts)
/// try server.serve { request in try resize(request) }
/// ```
public final class HelperServer: Sendable {
    /// Descriptor of the socket in every helper.
    public static let descriptor: Int32 = 3

    /// The process that started this one; pass it to the sandbox.
    public let coordinator: Int32
    private let socket: Int32
    private let writing = Mutex(())

    private init(socket: Int32, coordinator: Int32) {
        self.socket = socket
        self.coordinator = coordinator
    }

    /// Takes the socket that the coordinator left at descriptor 3, and arranges the signals: SIGTERM and SIGINT are the
    /// coordinator's business (it drains and then closes the socket), a fault says on stderr which request had it.
    ///
    /// - Throws: ``OperationFailure`` when this program was started by hand.
    public static func attach() throws(OperationFailure) -> HelperServer {
        let peer = csb_peer(descriptor)
        guard peer > 0 else {
            throw OperationFailure(
                .internal, code: "not_a_helper",
                message: "This program is started by a worker, with a socket at descriptor 3.")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        for ignored in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { signal(ignored, SIG_IGN) }
        _ = csb_use_alternate_stack()
        _ = csb_install_crash_note()
        return HelperServer(socket: descriptor, coordinator: peer)
    }

    /// Says that requests are welcome.
    ///
    /// - Parameter facts: anything that is a JSON object: library versions, counts.
    public func greet<Facts: Encodable>(_ facts: Facts) throws {
        send(.hello, id: 0, try JSON.encode(Hello(facts: try JSONValue(encoding: facts), error: nil)))
    }

    /// Says why no request can be served; the process should then end.
    public func refuse(_ reason: String) {
        guard let body = try? JSON.encode(Hello(facts: nil, error: reason)) else { return }
        send(.hello, id: 0, body)
    }

    /// Serves requests until the coordinator closes its end.
    ///
    /// - Parameters:
    ///   - threads: how many run at a time, on threads with 8 MiB of stack each; the calling thread reads, and passes
    ///     cancellations on. nil: one at a time on the calling thread, for helpers that are killed when interrupted.
    ///   - handler: blocks as long as it likes, and returns what is sent as the result. An ``OperationFailure`` goes to
    ///     the coordinator as it is, any other error as an internal one.
    public func serve(
        threads: Int? = nil, _ handler: @escaping @Sendable (HelperRequest) throws -> any Encodable
    ) throws(OperationFailure) {
        guard let threads else {
            while let arrival = try receive() {
                if case .request(let request, let descriptors) = arrival { answer(request, descriptors, handler) }
            }
            return
        }
        let line = RequestLine()
        for _ in 1...max(threads, 1) {
            let thread = Thread {
                _ = csb_use_alternate_stack()
                while let (request, descriptors) = line.next() {
                    self.answer(request, descriptors, handler)
                    line.finished(request)
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        while let arrival = try receive() {
            switch arrival {
            case .request(let request, let descriptors): line.add(request, descriptors)
            case .cancel(let id): line.cancel(id)
            }
        }
        line.drain()
    }

    private func answer(
        _ request: HelperRequest, _ descriptors: [Int32], _ handler: (HelperRequest) throws -> any Encodable
    ) {
        csb_set_current_request(request.id)
        defer { csb_set_current_request(0) }
        let (kind, body): (Frame.Kind, [UInt8])
        do {
            let bytes = try JSON.encode(try handler(request))
            guard bytes.count <= Frame.maxBodyBytes else {
                throw OperationFailure(
                    .internal, code: OperationFailure.Code.internalError,
                    message: "The result of \(request.operation) is larger than 1 MiB.")
            }
            (kind, body) = (.result, bytes)
        } catch {
            let failure =
                error as? OperationFailure
                ?? OperationFailure(
                    .internal, code: OperationFailure.Code.internalError, message: "The helper failed.",
                    detail: String(describing: error))
            (kind, body) = (.failure, (try? JSON.encode(failure)) ?? [])
        }
        // Before the answer: whoever reads it may rely on the descriptors being closed here.
        descriptors.forEach { close($0) }
        send(kind, id: request.id, body)
    }

    private func send(_ kind: Frame.Kind, id: UInt64, _ body: [UInt8]) {
        send(Frame(kind: kind, id: id, body: body))
    }

    private func send(_ frame: Frame) {
        writing.withLock { _ in
            let bytes = frame.header + frame.body
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { all in
                    csb_send(socket, all.baseAddress?.advanced(by: sent), all.count - sent, nil, 0, nil, 0, 0)
                }
                // The coordinator is gone, and the kernel is about to end this process too.
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    private enum Arrival {
        case request(HelperRequest, [Int32])
        case cancel(UInt64)
    }

    /// The next message; nil when the coordinator closed the socket.
    private func receive() throws(OperationFailure) -> Arrival? {
        var descriptors: [Int32] = []
        guard let head = try read(Frame.headerBytes, &descriptors) else { return nil }
        do {
            let header = try head.withUnsafeBytes { try Frame.Header($0) }
            guard let body = try read(header.bodyBytes, &descriptors) else { return nil }
            if header.kind == .cancel { return .cancel(header.id) }
            guard header.kind == .request, header.descriptorCount == descriptors.count else {
                throw ProtocolViolation("\(descriptors.count) descriptors instead of \(header.descriptorCount)")
            }
            let request = try JSON.decode(RequestHead.self, from: body)
            guard request.roles.count == descriptors.count else { throw ProtocolViolation("roles do not match") }
            return .request(
                HelperRequest(
                    id: header.id, operation: request.operation, body: body,
                    descriptors: Dictionary(zip(request.roles, descriptors), uniquingKeysWith: { first, _ in first }),
                    send: { frame in self.send(frame) }),
                descriptors)
        } catch {
            throw OperationFailure(
                .internal, code: "helper_protocol", message: "The coordinator broke the protocol.",
                detail: String(describing: error))
        }
    }

    private func read(_ count: Int, _ descriptors: inout [Int32]) throws(OperationFailure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            var arrived: [Int32] = Array(repeating: -1, count: Int(CSB_MAX_DESCRIPTORS))
            var arrivedCount = 0
            let received = bytes.withUnsafeMutableBytes { all in
                csb_receive(
                    socket, all.baseAddress?.advanced(by: done), all.count - done, &arrived, arrived.count,
                    &arrivedCount)
            }
            descriptors += arrived[..<arrivedCount]
            if received == 0 { return nil }
            guard received > 0 else {
                throw OperationFailure(
                    .internal, code: "helper_protocol", message: "The socket to the coordinator broke.",
                    detail: String(cString: strerror(Int32(-received))))
            }
            done += received
        }
        return bytes
    }
}
