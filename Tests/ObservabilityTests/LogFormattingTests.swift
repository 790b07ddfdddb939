import Foundation
import Glibc
import Logging
import Settings
import Testing

@testable import Observability

@Suite struct LogFormattingTests {
    private func event(_ message: String, _ level: Logger.Level = .info) -> LogEvent {
        LogEvent(
            level: level, message: "\(message)", metadata: nil, source: nil, file: #fileID,
            function: #function,
            line: #line)
    }

    private func fields(_ message: String, _ metadata: Logger.Metadata) throws -> [String: String] {
        let line = LogFormatting.json(
            event(message), service: "svc", metadata: metadata,
            at: timespec(tv_sec: 1_700_000_000, tv_nsec: 7_000_000))
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        return try JSONDecoder().decode([String: String].self, from: Data(line))
    }

    @Test func everyLineHasTimeLevelMessageAndService() throws {
        let fields = try fields("hello", [:])
        #expect(
            fields == [
                "ts": "2023-11-14T22:13:20.007Z", "level": "info", "msg": "hello", "service": "svc",
            ])
    }

    @Test func metadataIsFlattenedAndKeepsOffTheFixedFields() throws {
        let fields = try fields(
            "m", ["job": ["id": "a", "queue": ["name": "scan"]], "level": "mine", "n": "3"])
        #expect(fields["job.id"] == "a")
        #expect(fields["job.queue.name"] == "scan")
        #expect(fields["meta.level"] == "mine")
        #expect(fields["level"] == "info")
    }

    @Test(
        "Control characters stay inside their line",
        arguments: [
            "a\nb", "a\r\n{\"level\":\"critical\"}", "\u{1B}[31mred", "nul\0", "quote\" back\\slash",
            "\u{7F}",
        ])
    func controls(text: String) throws {
        let fields = try fields(text, ["value": "\(text)"])
        #expect(fields["msg"] == text)
        #expect(fields["value"] == text)
        let line = LogFormatting.text(
            event(text), service: "s", metadata: ["value": "\(text)"], at: timespec())
        #expect(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func longValuesAreCutOnACharacterBorder() throws {
        let fields = try fields(
            String(repeating: "ü", count: 5000), ["v": "\(String(repeating: "€", count: 5000))"])
        #expect(fields["msg"]?.utf8.count == LogFormatting.maxMessageBytes + 3)
        let value = try #require(fields["v"])
        #expect(value.utf8.count <= LogFormatting.maxValueBytes + 3)
        #expect(value.dropLast().allSatisfy { $0 == "€" })
    }

    @Test func fieldsAreBoundedInNumber() throws {
        let many = Dictionary(
            uniqueKeysWithValues: (0..<500).map { ("k\($0)", Logger.MetadataValue.string("v")) })
        #expect(try fields("m", many).count == LogFormatting.maxFields + 4)
    }

    @Test(
        "Secrets are not logged",
        arguments: [
            ("redis://user:hunter2@10.0.0.1:6379/0", "redis://***@10.0.0.1:6379/0"),
            (
                "postgresql://fl:hunter2@db/x failed, redis://:hunter2@r",
                "postgresql://***@db/x failed, redis://***@r"
            ),
            ("Authorization: Bearer hunter2 refused", "Authorization: Bearer *** refused"),
            ("https://example.com/a@b", "https://example.com/a@b"), ("nothing secret", "nothing secret"),
        ])
    func secrets(text: String, expected: String) throws {
        #expect(Redaction.text(text) == expected)
        #expect(try fields(text, [:])["msg"] == expected)
    }

    @Test func valuesOfTellingNamesAreHidden() throws {
        let fields = try fields(
            "m", ["db_password": "hunter2", "request": ["Authorization": "x"], "key": "shown"])
        #expect(fields["db_password"] == "***")
        #expect(fields["request.Authorization"] == "***")
        #expect(fields["key"] == "shown")
    }

    @Test func theHandlerWritesWholeLinesFromManyThreads() async throws {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "flotilla-log-\(UUID().uuidString)"
        ).path
        defer { unlink(path) }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        let handler = LineLogHandler(
            service: "s", format: .json, level: .info, sink: LogSink(descriptor: file))
        let logger = Logger(label: "x") { _ in handler }
        await withTaskGroup(of: Void.self) { group in
            for n in 0..<100 {
                group.addTask {
                    logger.info(
                        "line", metadata: ["n": "\(n)", "pad": "\(String(repeating: "x", count: 200))"])
                }
            }
        }
        logger.debug("below the level")
        close(file)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 100)
        let numbers = try lines.map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))["n"]
        }
        #expect(Set(numbers).count == 100)
    }
}
