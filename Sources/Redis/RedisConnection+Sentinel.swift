extension RedisConnection {
    /// Asks one sentinel after the other for the primary, until a server they name says itself that it is one.
    ///
    /// Source: “Guidelines for Redis clients with support for Redis Sentinel”, redis.io.
    static func openPrimary(
        _ primary: String, _ sentinels: [RedisNode], _ url: RedisURL, name: String, _ timeouts: RedisTimeouts
    ) throws(RedisError) -> RedisConnection {
        var failure = RedisError(.io, "no sentinel was named")
        var tried: Set<RedisNode> = []
        for sentinel in KnownNodes.candidates(for: url, sentinels) {
            do throws(RedisError) {
                let node = try address(of: primary, from: sentinel, url, timeouts)
                guard tried.insert(node).inserted else { continue }
                var connection = try open(url, at: node, name: name, timeouts)
                guard try connection.send("ROLE").array?.first?.string == "master" else {
                    throw RedisError(.readOnly, "\(node), which \(sentinel) names, is not the primary \(primary)")
                }
                KnownNodes.remember([sentinel], for: url)
                return connection
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func address(
        of primary: String, from sentinel: RedisNode, _ url: RedisURL, _ timeouts: RedisTimeouts
    ) throws(RedisError) -> RedisNode {
        var connection = try connect(to: sentinel, url.tls, timeouts)
        let question: [RedisArgument] = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .text(primary)]
        let answer: RedisValue
        do throws(RedisError) { answer = try connection.send(question) } catch {
            // Most sentinels are open; they see the credentials only when they ask for some.
            guard error.code == .wrongPassword, let signIn = url.signIn else { throw error }
            try connection.send(signIn)
            answer = try connection.send(question)
        }
        guard let parts = answer.array, parts.count == 2, let host = parts[0].string, !host.isEmpty,
            let port = parts[1].int.flatMap(UInt16.init(exactly:)), port > 0
        else { throw RedisError(.other, "the sentinel \(sentinel) knows no primary \(primary)") }
        return RedisNode(host: host, port: port)
    }
}
