import ClamAV
import Glibc
import TestServers
import Testing

@Suite("The virus engine, with real signatures and real archives", .timeLimit(.minutes(2)))
struct ClamEngineTests {
    private let samples: ScanSamples
    private let engine: ClamEngine

    init() throws {
        samples = try ScanSamples()
        mkdir(samples["scratch"], 0o700)
        engine = try ClamEngine.load(
            folder: try SignatureFolder.shared.get(), settings: EngineSettings(scratch: samples["scratch"]))
    }

    private func scan(
        _ path: String, _ limits: ScanLimits = ScanLimits(), with other: ClamEngine? = nil
    ) throws -> ScanOutcome {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path)")
        defer { close(descriptor) }
        return try (other ?? engine).scan(descriptor: descriptor, limits: limits)
    }

    private func isInfected(_ outcome: ScanOutcome) -> Bool {
        if case .infected(let signature) = outcome { signature.hasPrefix("Eicar-Signature") } else { false }
    }

    @Test("EICAR: plain, from memory, within ZIP and 7z, nested, behind a picture")
    func infected() throws {
        try samples.pack("one.zip", ["text.txt", "eicar.com"])
        try samples.pack("one.7z", ["text.txt", "eicar.com"])
        try samples.nest("deep.zip", "eicar.com", depth: 8)
        _ = try ChildServer.output(of: ["tar", "-czf", samples["t.tar.gz"], "-C", samples.folder, "eicar.com"])
        let picture = try bytes(of: ScanSamples.media("orientation/landscape_1.jpg"))
        try samples.write("polyglot.jpg", picture + (try bytes(of: samples["one.zip"])))
        for name in ["eicar.com", "one.zip", "one.7z", "deep.zip", "t.tar.gz", "polyglot.jpg"] {
            #expect(isInfected(try scan(samples[name])), "\(name)")
        }
        let outcome = try SignatureFolder.eicar.withUnsafeBytes { try engine.scan($0) }
        #expect(isInfected(outcome))
    }

    @Test("The descriptor's offset does not matter")
    func offset() throws {
        let descriptor = open(samples["eicar.com"], O_RDONLY)
        defer { close(descriptor) }
        lseek(descriptor, 60, SEEK_SET)
        #expect(isInfected(try engine.scan(descriptor: descriptor)))
    }

    @Test(
        "Clean: pictures, odd pictures, text, archives",
        arguments: [
            "orientation/landscape_1.jpg", "image/p3.png", "image/denali.webp", "image/animated-loop-3.gif",
            "zip/slip.zip", "zip/symlink.zip",
        ])
    func clean(name: String) throws {
        #expect(try scan(ScanSamples.media(name)) == .clean)
        #expect(try scan(samples["text.txt"]) == .clean)
    }

    @Test("Encrypted: ZipCrypto, AES, 7z with and without visible names")
    func encrypted() throws {
        try samples.pack("classic.zip", ["eicar.com"], options: ["-psecret", "-mem=ZipCrypto"])
        try samples.pack("aes.zip", ["eicar.com"], options: ["-psecret", "-mem=AES256"])
        try samples.pack("aes.7z", ["eicar.com"], options: ["-psecret"])
        try samples.pack("hidden.7z", ["eicar.com"], options: ["-psecret", "-mhe=on"])
        for name in ["classic.zip", "aes.zip", "aes.7z", "hidden.7z"] {
            let outcome = try scan(samples[name])
            guard case .encrypted(let what) = outcome else {
                #expect(Bool(false), "\(name): \(outcome)")
                continue
            }
            #expect(what.hasPrefix("Heuristics.Encrypted."))
        }
        // Within another archive, and beside a virus that is not hidden.
        try samples.pack("outer.zip", ["aes.zip", "text.txt"])
        guard case .encrypted = try scan(samples["outer.zip"]) else { return #expect(Bool(false)) }
        try samples.pack("both.zip", ["aes.zip", "eicar.com"])
        #expect(isInfected(try scan(samples["both.zip"])))
    }

    @Test("Nested beyond the recursion limit is not clean")
    func recursion() throws {
        try samples.nest("deeper.zip", "eicar.com", depth: 25)
        #expect(
            try scan(samples["deeper.zip"]) == .unscannable(reason: "Heuristics.Limits.Exceeded.MaxRecursion"))
    }

    @Test("Too large: the file, a member, all members together")
    func tooLarge() throws {
        try samples.sparse("big.bin", bytes: 1_001 << 20)
        guard case .tooLarge = try scan(samples["big.bin"]) else { return #expect(Bool(false)) }
        guard case .tooLarge = try scan(samples["text.txt"], ScanLimits(maxFileBytes: 100_000)) else {
            return #expect(Bool(false))
        }
        try samples.pack("text.zip", ["text.txt"])
        guard case .tooLarge = try scan(samples["text.zip"], ScanLimits(maxUnpackedBytes: 1_000_000)) else {
            return #expect(Bool(false))
        }
        let short = try ClamEngine.load(
            folder: try SignatureFolder.shared.get(),
            settings: EngineSettings(scratch: samples["scratch"], maxScanBytes: 2 << 20))
        let all = try scan(samples["text.zip"], with: short)
        guard case .tooLarge = all else { return #expect(Bool(false), "\(all)") }
        // The engine cuts large members off; what stands behind the cut is not clean.
        try samples.pack("text.7z", ["text.txt"])
        _ = try ChildServer.output(of: ["gzip", "-k", samples["text.txt"]])
        for name in ["text.7z", "text.txt.gz"] {
            let cut = try scan(samples[name], with: short)
            guard case .tooLarge = cut else { return #expect(Bool(false), "\(name): \(cut)") }
        }
    }

    @Test("Too many members is not clean")
    func members() throws {
        for number in 0..<30 { try samples.write("m\(number).txt", Array("member \(number)\n".utf8)) }
        try samples.pack("many.zip", (0..<30).map { "m\($0).txt" })
        let few = try ClamEngine.load(
            folder: try SignatureFolder.shared.get(),
            settings: EngineSettings(scratch: samples["scratch"], maxMembers: 10))
        let outcome = try scan(samples["many.zip"], with: few)
        guard case .unscannable(let reason) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(reason.contains("MaxFiles"))
        #expect(try scan(samples["many.zip"]) == .clean)
    }

    @Test("Bombs end in bounded time and are not clean", arguments: ["zip/bomb-nested-25GiB.zip"])
    func bombs(name: String) throws {
        let started = ContinuousClock.now
        let outcome = try scan(ScanSamples.media(name), ScanLimits(maxUnpackedBytes: 100 << 20))
        #expect(outcome != .clean)
        #expect(ContinuousClock.now - started < .seconds(30))
        let bounded = try scan(ScanSamples.media("zip/bomb-50MiB.zip"), ScanLimits(maxUnpackedBytes: 10 << 20))
        guard case .tooLarge = bounded else { return #expect(Bool(false), "\(bounded)") }
    }

    @Test("A truncated ZIP: what is left of it is looked at")
    func truncated() throws {
        try samples.pack("whole.zip", ["eicar.com", "text.txt"])
        try samples.cut("cut.zip", from: "whole.zip", bytes: 200)
        #expect(isInfected(try scan(samples["cut.zip"])))
        #expect(try scan(ScanSamples.media("zip/truncated.zip")) != .infected(signature: ""))
    }

    @Test("Up to five bytes the library looks at nothing, so the file is not called clean", arguments: 0...6)
    func tiny(count: Int) throws {
        try samples.write("tiny", [UInt8](repeating: 65, count: count))
        let outcome = try scan(samples["tiny"])
        #expect(outcome == (count > 5 ? .clean : .unscannable(reason: "Shorter than six bytes")))
    }

    @Test("Broken pictures alert where asked for")
    func brokenMedia() throws {
        let strict = try ClamEngine.load(
            folder: try SignatureFolder.shared.get(),
            settings: EngineSettings(scratch: samples["scratch"], alertsOnBrokenMedia: true))
        let broken = ScanSamples.media("bad/truncated.gif")
        #expect(try scan(broken) == .clean)
        guard case .unscannable(let reason) = try scan(broken, with: strict) else { return #expect(Bool(false)) }
        #expect(reason.hasPrefix("Heuristics.Broken.Media.GIF"))
        #expect(try scan(ScanSamples.media("orientation/landscape_1.jpg"), with: strict) == .clean)
    }

    @Test("Out of time and cancelled end a scan at the next member")
    func interrupted() throws {
        try samples.pack("text.zip", ["text.txt"])
        let late = try scan(samples["text.zip"], ScanLimits(maxTime: .nanoseconds(1)))
        guard case .unscannable(let reason) = late else { return #expect(Bool(false), "\(late)") }
        #expect(reason.contains("Longer than"))
        let descriptor = open(samples["text.zip"], O_RDONLY)
        defer { close(descriptor) }
        var asked = 0
        let error = #expect(throws: ClamAVError.self) {
            try engine.scan(descriptor: descriptor) {
                asked += 1
                return asked > 1
            }
        }
        #expect(error?.kind == .cancelled)
    }

    @Test("Without a scratch folder an archive is an error, never clean")
    func noScratch() throws {
        try samples.pack("one.zip", ["eicar.com", "text.txt"], options: ["-mx9"])
        rmdir(samples["scratch"])
        try samples.pack("one.7z", ["eicar.com", "text.txt"])
        for name in ["one.zip", "one.7z"] {
            let error = #expect(throws: ClamAVError.self, "\(name)") { try scan(samples[name]) }
            #expect(error?.kind == .scratch)
        }
    }

    @Test("Nothing stays in the scratch folder")
    func scratchIsEmpty() throws {
        try samples.nest("deep.zip", "eicar.com", depth: 8)
        try samples.pack("one.7z", ["text.txt", "eicar.com"])
        for name in ["deep.zip", "one.7z"] { #expect(isInfected(try scan(samples[name]))) }
        #expect(rmdir(samples["scratch"]) == 0)
    }

    @Test("Four threads, one engine: every verdict is right")
    func threads() async throws {
        try samples.pack("one.zip", ["text.txt", "eicar.com"])
        try samples.pack("aes.zip", ["eicar.com"], options: ["-psecret", "-mem=AES256"])
        let picture = ScanSamples.media("orientation/landscape_1.jpg")
        let files = [samples["eicar.com"], samples["one.zip"], samples["aes.zip"], picture]
        let wrong = await withTaskGroup(of: Int.self) { group in
            for lane in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for round in 0..<60 {
                        let index = (lane + round) % 4
                        let outcome = try? scan(files[index])
                        let isRight =
                            switch (index, outcome) {
                            case (0, .infected), (1, .infected), (2, .encrypted), (3, .clean): true
                            default: false
                            }
                        if !isRight { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "rbe"))
        defer { fclose(file) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { all += chunk[..<count] }
        return all
    }
}
