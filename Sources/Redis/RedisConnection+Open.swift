extension RedisConnection {
    /// Finds the server that the URL means, connects, signs in, selects the database and tells the connection's name.
    ///
    /// The server is looked for each time, so whoever opens a new connection after an error follows a failover or a
    /// slot that has moved.
    ///
    /// - Throws: `.wrongPassword` for refused credentials, `.loading` while the server starts, `.readOnly` or
    ///   `.clusterDown` while there is no primary, else as ``send(_:)``.
    public static func open(
        _ url: RedisURL, name: String, timeouts: RedisTimeouts = RedisTimeouts()
    ) throws(RedisError) -> RedisConnection {
        switch url.place {
        case .server(let node): try open(url, at: node, name: name, timeouts)
        case .sentinels(let sentinels, let primary):
            try openPrimary(primary, sentinels, url, name: name, timeouts)
        case .cluster(let nodes): try openOwner(nodes, url, name: name, timeouts)
        }
    }

    static func open(
        _ url: RedisURL, at node: RedisNode, name: String, _ timeouts: RedisTimeouts
    ) throws(RedisError) -> RedisConnection {
        var connection = try connect(to: node, url.tls, timeouts)
        try connection.greet(url, name: name)
        return connection
    }
}

extension RedisURL {
    /// The command that signs in, if there is a password.
    var signIn: [RedisArgument]? {
        guard let password else { return nil }
        return user.map { ["AUTH", .text($0), .text(password)] } ?? ["AUTH", .text(password)]
    }
}
