import Redis
import Testing

@Suite struct RedisURLTests {
    @Test(
        "A URL names host, port, credentials and database",
        arguments: [
            ("redis://localhost", RedisURL(host: "localhost")),
            ("redis://10.0.0.1:7000/3", RedisURL(host: "10.0.0.1", port: 7000, database: 3)),
            ("redis://:pw@h/", RedisURL(host: "h", password: "pw")),
            ("REDIS://me:p%40ss%3A%2F@h:1", RedisURL(host: "h", port: 1, user: "me", password: "p@ss:/")),
            ("redis://me:a@b@h", RedisURL(host: "h", user: "me", password: "a@b")),
            ("redis://[::1]:6380", RedisURL(host: "::1", port: 6380)),
            ("rediss://h", RedisURL(.server(RedisNode(host: "h")), tls: RedisTLS())),
            (
                "rediss://h:1/2?ca=/a%20b/ca.pem&cert=/c&key=/k",
                RedisURL(
                    .server(RedisNode(host: "h", port: 1)), database: 2,
                    tls: RedisTLS(authorities: "/a b/ca.pem", certificate: "/c", key: "/k"))
            ),
            (
                "redis+sentinel://u:p@a,[::1]:5,b:26000/my%2Fname/3",
                RedisURL(
                    .sentinels(
                        [
                            RedisNode(host: "a", port: 26_379), RedisNode(host: "::1", port: 5),
                            RedisNode(host: "b", port: 26_000),
                        ], primary: "my/name"), user: "u", password: "p", database: 3)
            ),
            (
                "rediss+cluster://:p@a:7000,b/?ca=/ca.pem",
                RedisURL(
                    .cluster([RedisNode(host: "a", port: 7000), RedisNode(host: "b")]), password: "p",
                    tls: RedisTLS(authorities: "/ca.pem"))
            ),
        ])
    func parses(text: String, expected: RedisURL) throws {
        #expect(try RedisURL(text) == expected)
    }

    @Test(
        "A wrong URL is refused with the part that is wrong, and never with the password",
        arguments: [
            ("localhost:6379", "scheme"), ("http://h", "scheme"), ("rediss+x://h", "scheme"), ("redis://", "host"),
            ("redis://u:geheim@:1", "host"), ("redis://:geheim@h:0", "port"), ("redis://:geheim@h:70000", "port"),
            ("redis://:geheim@h:1/x", "database"), ("redis://:geheim@h:1/99999", "database"),
            ("redis://:gehe%zzim@h", "password"), ("redis://h?x=1", "query"), ("redis://[::1", "IPv6"),
            ("rediss://h?x=1", "query"), ("rediss://h?ca=", "query"), ("rediss://h?cert=/c", "key"),
            ("redis://a,b", "several"), ("redis+sentinel://a,b", "name"), ("redis+sentinel://a,b//1", "name"),
            ("redis+sentinel://a/n/x", "database"), ("redis+cluster://a,,b", "host"),
            ("redis+cluster://a/1", "database"), ("redis://u:gehe/im@h", "password"),
            ("rediss://u:gehe?im@h", "query"), ("redis+cluster://u:gehe,im@h/gehe", "database"),
        ])
    func refuses(text: String, part: String) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        #expect(error?.description.contains(part) == true)
        #expect(error?.description.contains("gehe") == false)
    }

    @Test func doesNotShowThePassword() throws {
        for place in ["redis://me:geheim@h:1/2", "redis+sentinel://:geheim@h:1/n/0", "rediss+cluster://:geheim@h:1"] {
            let url = try RedisURL(place)
            #expect("\(url)" == place.replacing("geheim", with: "***"))
            var dumped = ""
            dump(url, to: &dumped)
            for text in [String(reflecting: url), dumped] {
                #expect(text.contains("***") && !text.contains("geheim"))
            }
        }
    }
}
