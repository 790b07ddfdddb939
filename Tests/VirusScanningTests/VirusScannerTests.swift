import ClamAV
import Foundation
import Model
import Synchronization
import TestServers
import Testing
import VirusScanning

@Suite("Verdicts on files", .timeLimit(.minutes(2)))
struct VirusScannerTests {
    private let samples: ScanSamples

    init() throws {
        samples = try ScanSamples()
        mkdir(samples["scratch"], 0o700)
    }

    private func scanner(_ folder: String? = nil) throws -> VirusScanner {
        try VirusScanner(
            signatures: try folder ?? SignatureFolder.shared.get(),
            settings: EngineSettings(scratch: samples["scratch"]))
    }

    private func scan(
        _ scanner: VirusScanner, _ path: String,
        _ request: ScanRequest = ScanRequest(maxBytes: 100 << 20, maxUnpackedBytes: 500 << 20, timeoutMs: 60_000)
    ) throws -> ScanReport {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try scanner.scan(descriptor: descriptor, request)
    }

    @Test("Each outcome becomes its verdict, with the facts of the scan")
    func verdicts() throws {
        let scanner = try scanner()
        try samples.pack("aes.zip", ["eicar.com"], options: ["-psecret", "-mem=AES256"])
        try samples.nest("deeper.zip", "eicar.com", depth: 25)
        try samples.write("tiny", [1, 2, 3])
        let picture = ScanSamples.media("orientation/landscape_1.jpg")
        let expected: [(String, Verdict)] = [
            (samples["eicar.com"], .infected), (samples["aes.zip"], .encrypted), (samples["deeper.zip"], .unscannable),
            (samples["tiny"], .unscannable), (picture, .clean),
        ]
        for (path, verdict) in expected {
            let report = try scan(scanner, path)
            #expect(report.verdict == verdict, "\(path)")
            #expect((report.signature == nil) == (verdict == .clean))
            #expect(report.engine.hasPrefix("ClamAV 1."))
            #expect(report.databaseVersion.hasPrefix("local:"))
            #expect(report.databaseDate != nil)
            #expect(report.elapsedMs > 0)
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
            #expect(report.bytes == size)
        }
        let narrow = ScanRequest(maxBytes: 1_000, maxUnpackedBytes: 1 << 20, timeoutMs: 1_000)
        #expect(try scan(scanner, picture, narrow).verdict == .tooLarge)
    }

    @Test("No verdict is a failure of ours, never clean")
    func failures() throws {
        let scanner = try scanner()
        let request = ScanRequest(maxBytes: 1 << 20, maxUnpackedBytes: 1 << 20, timeoutMs: 1_000)
        let closed = #expect(throws: OperationFailure.self) { try scanner.scan(descriptor: 999, request) }
        #expect(closed?.fault == .internal)
        try samples.pack("one.zip", ["eicar.com", "text.txt"], options: ["-mx9"])
        rmdir(samples["scratch"])
        let full = #expect(throws: OperationFailure.self) { try scan(scanner, samples["one.zip"]) }
        #expect(full?.fault == .resource)
        #expect(full?.code == OperationFailure.Code.noSpace)
    }

    @Test("Signatures that do not know the EICAR test file are refused")
    func selfTest() throws {
        let folder = try ChildServer.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("0123456789abcdef0123456789abcdef:7:Other\n".utf8).write(to: URL(fileURLWithPath: folder + "/a.hdb"))
        let error = #expect(throws: ClamAVError.self) { try scanner(folder) }
        #expect(error?.description.contains("EICAR") == true)
    }

    @Test("New signatures are taken in while scans go on; broken ones are not")
    func reload() async throws {
        let folder = try SignatureFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let scanner = try scanner(folder)
        let (before, text) = (scanner.facts, samples["text.txt"])
        #expect(try !scanner.reloadIfChanged())
        #expect(try scan(scanner, text).verdict == .clean)
        let (isDone, running, right, wrong) = (Counter(), Counter(), Counter(), Counter())
        for _ in 0..<2 {
            running.add(1)
            // Threads of their own, since scans block.
            Thread.detachNewThread {
                while isDone.value == 0 {
                    let isRight = (try? scan(scanner, samples["eicar.com"]).verdict) == .infected
                    (isRight ? right : wrong).add(1)
                }
                running.add(-1)
            }
        }
        // One more signature each time, the last one for the harmless text.
        for number in 0..<3 {
            let hex = Array("All is well".utf8).map { String(format: "%02x", $0) }.joined()
            let line = number < 2 ? "0123456789abcdef0123456789abcdef:7:Other\n" : "Test.Well:0:0:\(hex)\n"
            let name = number < 2 ? "more\(number).hdb" : "well.ndb"
            let scansBefore = right.value
            try Data(line.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            #expect(try scanner.reloadIfChanged())
            for _ in 0..<1_000 where right.value == scansBefore { usleep(5_000) }
            #expect(right.value > scansBefore)
        }
        isDone.add(1)
        for _ in 0..<1_000 where running.value > 0 { usleep(5_000) }
        #expect(wrong.value == 0)
        #expect(try scan(scanner, text).signature == "Test.Well.UNOFFICIAL")
        let after = scanner.facts
        #expect(after.signatures > before.signatures)
        #expect(after.databaseVersion != before.databaseVersion)

        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: folder + "/broken.ndb"))
        #expect(throws: ClamAVError.self) { try scanner.reloadIfChanged() }
        #expect(try scan(scanner, text).verdict == .infected)
        #expect(scanner.facts == after)
        // Mended: the next look takes it in.
        try FileManager.default.removeItem(atPath: folder + "/broken.ndb")
        try FileManager.default.removeItem(atPath: folder + "/well.ndb")
        #expect(try scanner.reloadIfChanged())
        #expect(try scan(scanner, text).verdict == .clean)
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add(_ number: Int) { count.withLock { $0 += number } }
    }
}
