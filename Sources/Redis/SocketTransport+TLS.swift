internal import CTLS

extension SocketTransport {
    /// The caller owns the session; it must not outlive the descriptor.
    func shakeHands(with node: RedisNode, _ tls: RedisTLS) throws(RedisError) -> OpaquePointer {
        var status: Int32 = 0
        var problem = [CChar](repeating: 0, count: 256)
        let session = node.host.withCString { host in
            withOptionalCString(tls.authorities) { authorities in
                withOptionalCString(tls.certificate) { certificate in
                    withOptionalCString(tls.key) { key in
                        var options = ctls_options(
                            host: host, authorities: authorities, certificate: certificate, key: key)
                        return ctls_connect(descriptor, &options, &status, &problem, problem.count)
                    }
                }
            }
        }
        if let session { return session }
        let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw failure(status, text.isEmpty ? "TLS handshake with \(node)" : "\(node): \(text)")
    }

    func write(_ bytes: [UInt8], _ session: OpaquePointer) throws(RedisError) {
        guard !bytes.isEmpty else { return }
        let status = bytes.withUnsafeBytes { ctls_write(session, $0.baseAddress, $0.count) }
        guard status == CTLS_OK.rawValue else { throw failure(status, String(cString: ctls_problem(session))) }
    }

    func read(into buffer: inout [UInt8], waits: Bool, _ session: OpaquePointer) throws(RedisError) -> Int {
        let count = buffer.withUnsafeMutableBytes { ctls_read(session, $0.baseAddress, $0.count, waits) }
        if count > 0 { return count }
        if !waits, count == Int(CTLS_TIMEOUT.rawValue) { return 0 }
        throw failure(Int32(count), String(cString: ctls_problem(session)))
    }

    private func failure(_ status: Int32, _ text: String) -> RedisError {
        switch status {
        case CTLS_TIMEOUT.rawValue: RedisError(.timeout, "no answer within \(readTimeout)")
        case CTLS_CLOSED.rawValue: RedisError(.closed, "the server closed the connection")
        default: RedisError(.io, text)
        }
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}
