import Redis
import TestServers
import Testing

@Suite struct TLSTests {
    /// A server with TLS only for those who know its authority, and without for `redis-cli`.
    private struct Secured {
        let files: TLSFiles
        let server: RedisServer
        let port: UInt16

        init(names: String = "DNS:localhost,IP:127.0.0.1", asksForCertificates: Bool = false) throws {
            files = try TLSFiles()
            try files.issue("server", for: names)
            port = try FreePort.next()
            server = try RedisServer(arguments: [
                "--tls-port", "\(port)", "--tls-cert-file", files.certificate("server"), "--tls-key-file",
                files.key("server"), "--tls-ca-cert-file", files.authority, "--tls-auth-clients",
                asksForCertificates ? "yes" : "no",
            ])
        }

        func url(_ host: String = "localhost", query: String? = nil) throws -> RedisURL {
            try RedisURL("rediss://\(host):\(port)/1?\(query ?? "ca=\(files.authority)")")
        }
    }

    private func failure(_ url: RedisURL) -> RedisError? {
        do {
            _ = try RedisConnection.open(url, name: "test").clientID
            return nil
        } catch { return error }
    }

    @Test("Bytes come back as they went", arguments: ["localhost", "127.0.0.1"])
    func carriesBytes(host: String) throws {
        let secured = try Secured()
        var connection = try RedisConnection.open(try secured.url(host), name: "test")
        for count in [0, 1, 16_384, 65_536, 3_000_000] {
            let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try connection.send("SET", "bytes", .bytes(value))
            #expect(try connection.send("GET", "bytes") == .bytes(value))
            #expect(try secured.server.cli("-n", "1", "STRLEN", "bytes") == "\(count)")
        }
        var many = CommandBuffer()
        for number in 0..<10_000 { many.append("RPUSH", "many", .int(number)) }
        #expect(try connection.pipeline(many).last == .integer(10_000))
        #expect(try connection.send("LRANGE", "many", 0, -1).array?.count == 10_000)
    }

    @Test func aCertificateOfAnotherAuthorityIsRefused() throws {
        let secured = try Secured()
        let stranger = try TLSFiles()
        for query in ["ca=\(stranger.authority)", ""] {
            let error = failure(try secured.url(query: query))
            #expect(error?.code == .io && error?.message.contains("certificate") == true)
        }
        #expect(failure(try secured.url(query: "ca=/no/such/file"))?.message.contains("(ca)") == true)
    }

    @Test("A certificate for another name is refused", arguments: ["DNS:elsewhere", "IP:127.0.0.2", "DNS:*.localhost"])
    func wrongName(names: String) throws {
        let secured = try Secured(names: names)
        for host in ["localhost", "127.0.0.1"] {
            let error = failure(try secured.url(host))
            #expect(error?.code == .io && error?.message.contains("mismatch") == true)
        }
    }

    @Test func showsItsOwnCertificateWhenAsked() throws {
        let secured = try Secured(asksForCertificates: true)
        #expect(failure(try secured.url()) != nil)
        try secured.files.issue("client", for: "DNS:client")
        let files = secured.files
        let query = "ca=\(files.authority)&cert=\(files.certificate("client"))&key=\(files.key("client"))"
        #expect(failure(try secured.url(query: query)) == nil)
    }

    @Test func onlyTLSIsSpokenWithTLS() throws {
        let secured = try Secured()
        var url = try secured.url()
        url.place = .server(RedisNode(host: "localhost", port: secured.server.port))
        #expect(failure(url) != nil)
        url = RedisURL(host: "localhost", port: secured.port)
        #expect(failure(url) != nil)
    }

    @Test func clustersAreFollowedByTLS() async throws {
        let files = try TLSFiles()
        try files.issue("node", for: "IP:127.0.0.1")
        let ports = try (0..<2).map { _ in (tls: try FreePort.next(), bus: try FreePort.next()) }
        let nodes = try ports.map { port in
            try RedisServer(arguments: [
                "--cluster-enabled", "yes", "--tls-port", "\(port.tls)", "--cluster-port", "\(port.bus)",
                "--tls-cluster", "yes", "--tls-cert-file", files.certificate("node"), "--tls-key-file",
                files.key("node"), "--tls-ca-cert-file", files.authority, "--tls-auth-clients", "no",
            ])
        }
        try nodes[0].cli("CLUSTER", "ADDSLOTSRANGE", "0", "8191")
        try nodes[1].cli("CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
        try nodes[1].cli("CLUSTER", "SET-CONFIG-EPOCH", "2")
        try nodes[1].cli("CLUSTER", "MEET", "127.0.0.1", "\(ports[0].tls)", "\(ports[0].bus)")
        try await eventually("a cluster") {
            try nodes.allSatisfy { try $0.cli("CLUSTER", "INFO").contains("cluster_state:ok") }
        }
        for (tag, owner) in [("b", 0), ("a", 1)] {
            var url = try RedisURL("rediss+cluster://127.0.0.1:\(ports[0].tls)?ca=\(files.authority)")
            url.tag = tag
            var connection = try RedisConnection.open(url, name: "test")
            try connection.send("SET", .text("{\(tag)}:k"), "v")
            #expect(try nodes[owner].cli("GET", "{\(tag)}:k") == "v")
        }
    }

    @Test func silenceTimesOutAndACrashIsSeen() throws {
        let secured = try Secured()
        let timeouts = RedisTimeouts(connect: .milliseconds(500), command: .milliseconds(200))
        let url = try secured.url()
        var connection = try RedisConnection.open(url, name: "test", timeouts: timeouts)
        #expect(try connection.send(["BLPOP", "never", "0.5"], blockingFor: .milliseconds(500)).isNull)
        secured.server.freeze()
        let silence = #expect(throws: RedisError.self) { _ = try connection.send("PING") }
        #expect(silence?.code == .timeout)
        let start = ContinuousClock.now
        let handshake = #expect(throws: RedisError.self) {
            _ = try RedisConnection.open(url, name: "test", timeouts: timeouts).clientID
        }
        #expect(handshake?.code == .timeout && ContinuousClock.now - start < .seconds(3))
        secured.server.thaw()
        connection = try RedisConnection.open(url, name: "test", timeouts: timeouts)
        secured.server.kill()
        // More than one write, the later ones to a socket that is known to be shut.
        let large = RedisArgument.bytes([UInt8](repeating: 0, count: 3_000_000))
        let crash = #expect(throws: RedisError.self) { _ = try connection.send("SET", "k", large) }
        #expect(crash?.code == .closed || crash?.code == .io)
        let away = #expect(throws: RedisError.self) { _ = try connection.send("PING") }
        #expect(away == crash)
    }

    @Test func subscriptionsHearEveryMessageOfEveryRecord() throws {
        let secured = try Secured()
        var listener = Subscription(try secured.url(), name: "test", channels: ["news"])
        #expect(listener.receive(within: .seconds(2)) == .subscribed("news"))
        #expect(listener.receive(within: .milliseconds(100)) == nil)
        var connection = try RedisConnection.open(try secured.url(), name: "test")
        let padding = String(repeating: "x", count: 99)
        var commands = CommandBuffer()
        for number in 0..<250 { commands.append("PUBLISH", "news", .text("\(number)\(padding)")) }
        _ = try connection.pipeline(commands)
        // A record each: the last of them are all in OpenSSL's buffer before the first is asked for.
        for number in 250..<500 { try connection.send("PUBLISH", "news", .text("\(number)\(padding)")) }
        for number in 0..<500 {
            guard case .message(_, let payload, _)? = listener.receive(within: .milliseconds(400)) else {
                Issue.record("message \(number) is missing")
                return
            }
            #expect(String(decoding: payload, as: UTF8.self).prefix { $0 != "x" } == "\(number)")
        }
        #expect(listener.receive(within: .milliseconds(100)) == nil)
    }
}
