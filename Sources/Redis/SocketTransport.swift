internal import CTLS
internal import Glibc

/// A connected TCP socket with deadlines, with or without TLS; blocking, closed when it goes out of scope.
struct SocketTransport: ~Copyable {
    let descriptor: Int32
    /// Nil: no TLS.
    private var session: OpaquePointer?
    private(set) var readTimeout: Duration

    private init(descriptor: Int32) {
        self.descriptor = descriptor
        readTimeout = .zero
    }

    deinit {
        if let session { ctls_free(session) }
        close(descriptor)
    }

    static func connect(
        to node: RedisNode, tls: RedisTLS?, connectTimeout: Duration, ioTimeout: Duration
    ) throws(RedisError) -> SocketTransport {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let found = getaddrinfo(node.host, String(node.port), &hints, &list)
        guard found == 0 else {
            throw RedisError(.io, "cannot find host \(node.host): \(String(cString: gai_strerror(found)))")
        }
        defer { freeaddrinfo(list) }
        var failure = RedisError(.io, "host \(node.host) has no address")
        var next = list
        while let entry = next {
            do throws(RedisError) {
                var transport = try open(entry.pointee, to: node, connectTimeout: connectTimeout)
                if let tls { transport.session = try transport.shakeHands(with: node, tls) }
                transport.setTimeout(SO_SNDTIMEO, ioTimeout)
                transport.setReadTimeout(ioTimeout)
                return transport
            } catch { failure = error }
            next = entry.pointee.ai_next
        }
        throw failure
    }

    private static func open(
        _ address: addrinfo, to node: RedisNode, connectTimeout: Duration
    ) throws(RedisError) -> SocketTransport {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, kind, 0)
        guard descriptor >= 0 else { throw RedisError(.io, "no socket: \(systemError(errno))") }
        var transport = SocketTransport(descriptor: descriptor)
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
            guard errno == EINPROGRESS else {
                throw RedisError(.io, "cannot connect to \(node): \(systemError(errno))")
            }
            guard transport.wait(for: Int16(POLLOUT), atMost: connectTimeout) else {
                throw RedisError(.timeout, "no connection to \(node) within \(connectTimeout)")
            }
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { throw RedisError(.io, "cannot connect to \(node): \(systemError(code))") }
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        transport.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        transport.set(SOL_SOCKET, SO_KEEPALIVE, 1)
        transport.set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        transport.set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        transport.set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        transport.setTimeout(SO_SNDTIMEO, connectTimeout)
        transport.setReadTimeout(connectTimeout)
        return transport
    }

    /// How long one `read` may wait; costs a system call only when it changes.
    mutating func setReadTimeout(_ timeout: Duration) {
        guard timeout != readTimeout else { return }
        readTimeout = timeout
        setTimeout(SO_RCVTIMEO, timeout)
    }

    func write(_ bytes: [UInt8]) throws(RedisError) {
        if let session { return try write(bytes, session) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                all.baseAddress.map { send(descriptor, $0 + sent, all.count - sent, Int32(MSG_NOSIGNAL)) } ?? 0
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                throw failure("write")
            }
        }
    }

    /// Reads what has arrived, at least one byte.
    ///
    /// - Parameter waits: `false`: 0 when nothing has arrived.
    func read(into buffer: inout [UInt8], waits: Bool = true) throws(RedisError) -> Int {
        if let session { return try read(into: &buffer, waits: waits, session) }
        let flags = waits ? 0 : Int32(MSG_DONTWAIT)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, flags) }
            if count > 0 { return count }
            if count == 0 { throw RedisError(.closed, "the server closed the connection") }
            if !waits, errno == EAGAIN || errno == EWOULDBLOCK { return 0 }
            if errno != EINTR { throw failure("read") }
        }
    }

    /// Whether the socket becomes ready within the time; `false` also when `other`, a second descriptor, has input.
    func wait(for events: Int16, atMost limit: Duration, orInputOn other: Int32 = -1) -> Bool {
        if let session, ctls_has_pending(session) { return true }
        var descriptors = [
            pollfd(fd: descriptor, events: events, revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        let ms = max(0, limit / .milliseconds(1)).rounded(.up)
        let ready = poll(&descriptors, 2, Int32(min(ms, 3_600_000)))
        return ready > 0 && descriptors[0].revents != 0
    }

    private func failure(_ what: String) -> RedisError {
        let code = errno
        return code == EAGAIN || code == EWOULDBLOCK
            ? RedisError(.timeout, "no answer within \(readTimeout)")
            : RedisError(.io, "\(what) failed: \(systemError(code))")
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func setTimeout(_ option: Int32, _ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        var value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        if value.tv_sec == 0 && value.tv_usec == 0 { value.tv_usec = 1_000 }
        setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<timeval>.size))
    }
}

func systemError(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    return strerror_r(code, &buffer, buffer.count) == 0
        ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "errno \(code)"
}
