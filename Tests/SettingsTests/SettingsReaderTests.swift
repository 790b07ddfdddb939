import Foundation
import Testing

@testable import Settings

@Suite struct SettingsReaderTests {
    @Test("Defaults are themselves allowed") func defaults() throws {
        let read = try SettingsReader(environment: [:])
        let common = try CommonSettings(read)
        #expect(common.namespace == "flotilla")
        #expect(common.grace == .seconds(25))
        #expect(common.metricsAddress == nil)
        #expect(try WorkerSettings(read).slots == 2)
        #expect(try APISettings(read).acceptTypes == nil)
        #expect(try MediaSettings(read).maxPixels == 100_000_000)
        #expect(try QueueTuning(read).lease == .seconds(10))
    }

    @Test(
        "A wrong value names the variable, the value and what is allowed",
        arguments: [
            ("FLOTILLA_GRACE_SECONDS", "0", "1 to 3600 seconds"),
            ("FLOTILLA_GRACE_SECONDS", "soon", "1 to 3600 seconds"),
            ("FLOTILLA_LOG_FORMAT", "xml", "json, text"), ("FLOTILLA_NAMESPACE", "a{b}", "1 to 32 letters"),
            ("FLOTILLA_METRICS_ADDR", "9090", "host:port"), ("FLOTILLA_DATABASE_CONNECTIONS", "65", "1 to 64"),
        ])
    func wrong(variable: String, value: String, allowed: String) throws {
        let read = try SettingsReader(environment: [variable: value])
        let error = #expect(throws: SettingError.self) { try CommonSettings(read) }
        #expect(error?.variable == variable)
        #expect(error?.description.contains(value) == true)
        #expect(error?.description.contains(allowed) == true)
    }

    @Test(
        "Every form of Redis URL is let through",
        arguments: [("redis", true), ("rediss", true), ("redis+sentinel", true), ("rediss+cluster", true)]
            + [("redis+x", false), ("redisss", false), ("http", false)])
    func redisForms(scheme: String, isAllowed: Bool) throws {
        let settings = try? CommonSettings(try SettingsReader(environment: ["FLOTILLA_REDIS_URL": "\(scheme)://h/x"]))
        #expect((settings?.redisURL == "\(scheme)://h/x") == isAllowed)
    }

    @Test("A secret is not shown when it is wrong") func secret() throws {
        let read = try SettingsReader(environment: ["FLOTILLA_REDIS_URL": "http://user:hunter2@host"])
        let error = #expect(throws: SettingError.self) { try CommonSettings(read) }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("The environment stands over the file, the file over the default") func precedence() throws {
        let path = try file("slots: 7\nhelper_max_jobs: 9\n")
        defer { unlink(path) }
        let read = try SettingsReader(environment: ["FLOTILLA_CONFIG": path, "FLOTILLA_SLOTS": "3"])
        let worker = try WorkerSettings(read)
        #expect(worker.slots == 3)
        #expect(worker.helperMaxJobs == 9)
        #expect(worker.helperRecycleBytes == 512 << 20)
    }

    @Test(
        "A file with an unknown or nested key is refused with its line", arguments: ["slotz: 7\n", "slots:\n  a: 1\n"])
    func badFile(text: String) throws {
        let path = try file(text)
        defer { unlink(path) }
        let error = #expect(throws: SettingError.self) { try SettingsReader(environment: ["FLOTILLA_CONFIG": path]) }
        #expect(error?.variable == "FLOTILLA_CONFIG")
        #expect(error?.description.contains("line") == true)
    }

    @Test(
        "Addresses",
        arguments: [
            ("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:8080", "[::1]:8080"), (":80", "0.0.0.0:80"),
        ])
    func address(text: String, shown: String) { #expect(SocketAddress(text)?.description == shown) }

    private func file(_ text: String) throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "flotilla-\(UUID()).yaml")
        try text.write(to: url, atomically: true, encoding: .utf8)
        return url.path
    }
}
