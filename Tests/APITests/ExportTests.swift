import Catalog
import Foundation
import Model
import ObjectStorage
import TestServers
import Testing

@Suite struct ExportTests {
    @Test(arguments: [true, false])
    func theWholeAndItsParts(storing: Bool) async throws {
        let fleet = try await LiveFleet.shared.value
        let files = ["a.bin": noise(400_000, seed: 7), "ü ö.txt": Data("hello".utf8)]
        let names = ["a.bin": files["a.bin"] ?? Data(), "%C3%BC%20%C3%B6.txt": files["ü ö.txt"] ?? Data()]
        let batch = try await fleet.startedBatch(names, key: fleet.key)
        let path = "/v1/batches/\(batch)/export"
        let early = try await fleet.api.request("GET", path, key: fleet.key)
        #expect(
            early.status == 409 && early.problem == "export_not_ready" && early.json["batch_status"] == "processing")
        #expect(try await fleet.api.request("HEAD", path, key: fleet.key).status == 409)

        let export = try await fleet.finish(batch: batch, storing: storing)
        let whole = try await fleet.api.request("GET", path, key: fleet.key)
        #expect(whole.status == 200 && whole.body.count == Int(export.bytes))
        #expect(whole.headers["content-length"] == "\(export.bytes)")
        #expect(whole.headers["content-type"] == "application/zip")
        #expect(whole.headers["accept-ranges"] == "bytes")
        #expect(whole.headers["content-security-policy"]?.hasPrefix("sandbox") == true)
        #expect(
            whole.headers["content-disposition"] == "attachment; filename=\"bulk-rename-\(batch.prefix(8)).zip\"")
        let etag = try #require(whole.headers["etag"])
        #expect(etag == export.etag && etag.hasPrefix("\"") && etag.hasSuffix("\""))
        try await check(whole.body, has: files)

        let head = try await fleet.api.request("HEAD", path, key: fleet.key)
        #expect(
            head.status == 200 && head.headers["content-length"] == "\(export.bytes)" && head.headers["etag"] == etag)

        let length = Int(export.bytes)
        let ranges: [(String, Range<Int>)] = [
            ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=1000-300000", 1000..<300_001),
            ("bytes=\(length - 1)-", length - 1..<length), ("bytes=-5000", length - 5000..<length),
            ("bytes=5-\(length * 2)", 5..<length), ("bytes=0-", 0..<length),
        ]
        for (header, range) in ranges {
            let part = try await fleet.api.request("GET", path, key: fleet.key, headers: ["Range: \(header)"])
            #expect(part.status == 206, "\(header)")
            #expect(part.body == whole.body.subdata(in: range), "\(header)")
            #expect(part.headers["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)")
            #expect(part.headers["content-length"] == "\(range.count)")
        }
        for header in ["bytes=\(length)-", "bytes=-0"] {
            let none = try await fleet.api.request("GET", path, key: fleet.key, headers: ["Range: \(header)"])
            #expect(none.status == 416 && none.headers["content-range"] == "bytes */\(length)")
        }
        for header in ["bytes=5-1", "bytes=0-1,5-6", "items=0-5", "bytes=x"] {
            let all = try await fleet.api.request("GET", path, key: fleet.key, headers: ["Range: \(header)"])
            #expect(all.status == 200 && all.body.count == length, "\(header)")
        }
    }

    @Test func conditions() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        let etag = try await fleet.finish(batch: batch, storing: false).etag
        func get(_ headers: String...) async throws -> Answer {
            try await fleet.api.request("GET", "/v1/batches/\(batch)/export", key: fleet.key, headers: headers)
        }
        for match in [etag, "W/\(etag)", "*", "\"x\", \(etag)"] {
            let unchanged = try await get("If-None-Match: \(match)")
            #expect(unchanged.status == 304 && unchanged.body.isEmpty && unchanged.headers["etag"] == etag)
        }
        #expect(try await get("If-None-Match: \"other\"").status == 200)
        #expect(try await get("If-Match: \"other\"").status == 412)
        #expect(try await get("If-Match: \(etag)").status == 200)
        #expect(try await get("Range: bytes=0-4", "If-Range: \(etag)").status == 206)
        #expect(try await get("Range: bytes=0-4", "If-Range: \"other\"").status == 200)
        #expect(try await get("Range: bytes=0-4", "If-Range: Sat, 01 Jan 2028 00:00:00 GMT").status == 200)
        #expect(try await fleet.api.request("DELETE", "/v1/batches/\(batch)", key: fleet.key).status == 204)
        let gone = try await get()
        #expect(gone.status == 409 && gone.problem == "export_gone")
    }

    @Test func aDownloadThatBreaksOffGoesOn() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.bin": noise(32 << 20)], key: fleet.key)
        let export = try await fleet.finish(batch: batch, storing: false)
        let folder = try ChildServer.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let url = fleet.api.url + "/v1/batches/\(batch)/export"
        let common = ["curl", "-sS", "-H", "Authorization: Bearer \(fleet.key)", "-o", folder + "/x.zip", url]
        _ = try await ChildServer.outputAsync(of: common + ["--limit-rate", "4M", "-m", "2"])
        let half = try Data(contentsOf: URL(filePath: folder + "/x.zip")).count
        #expect(half > 0 && half < Int(export.bytes))
        _ = try await ChildServer.outputAsync(of: common + ["-C", "-"])
        let bytes = try Data(contentsOf: URL(filePath: folder + "/x.zip"))
        #expect(bytes.count == Int(export.bytes))
        try await check(bytes, has: ["a.bin": noise(32 << 20)])
    }

    @Test func bytesThatAreMissingCutTheDownload() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.bin": noise(100_000)], key: fleet.key)
        _ = try await fleet.finish(batch: batch, storing: false)
        for file in try fleet.stored(batch) {
            try FileManager.default.removeItem(atPath: fleet.store.root + "/" + file)
        }
        let answer = try await fleet.api.request("GET", "/v1/batches/\(batch)/export", key: fleet.key)
        #expect(answer.curl.hasPrefix("curl: (18)"), "\(answer.curl)")
    }

    /// Opens the archive with Python, which shares no code with ours.
    private func check(_ zip: Data, has files: [String: Data]) async throws {
        let folder = try ChildServer.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try zip.write(to: URL(filePath: folder + "/x.zip"))
        let script = """
            import zipfile, hashlib, sys
            z = zipfile.ZipFile(sys.argv[1])
            assert z.testzip() is None
            for n in z.namelist(): print(hashlib.sha256(z.read(n)).hexdigest(), n)
            """
        let output = try await ChildServer.outputAsync(of: ["python3", "-c", script, folder + "/x.zip"])
        for (name, bytes) in files {
            #expect(output.contains("\(SHA256.hexadecimal([UInt8](bytes))) \(name)\n"), "\(output)")
        }
    }
}
