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
        ])
    func parses(text: String, expected: RedisURL) throws {
        #expect(try RedisURL(text) == expected)
    }

    @Test(
        "A wrong URL is refused with the part that is wrong, and never with the password",
        arguments: [
            ("localhost:6379", "scheme"), ("http://h", "scheme"), ("rediss://h", "TLS"), ("redis://", "host"),
            ("redis://u:geheim@:1", "host"), ("redis://:geheim@h:0", "port"), ("redis://:geheim@h:70000", "port"),
            ("redis://:geheim@h:1/x", "database"), ("redis://:geheim@h:1/99999", "database"),
            ("redis://:gehe%zzim@h", "password"), ("redis://h?x=1", "query"), ("redis://[::1", "IPv6"),
        ])
    func refuses(text: String, part: String) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        #expect(error?.description.contains(part) == true)
        #expect(error?.description.contains("gehe") == false)
    }

    @Test func doesNotShowThePassword() throws {
        let url = try RedisURL("redis://me:geheim@h:1/2")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(text.contains("***") && !text.contains("geheim"))
        }
    }
}
