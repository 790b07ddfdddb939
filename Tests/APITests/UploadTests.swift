import Catalog
import Foundation
import Model
import ObjectStorage
import TestServers
import Testing

@Suite struct UploadTests {
    @Test func bytesHashTypeAndRowAgree() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        var bytes = Data([0xFF, 0xD8, 0xFF, 0xE0])
        bytes.append(noise(700_001))
        let answer = try await fleet.upload(bytes, as: "Caf%C3%A9%20%231.PNG", to: batch, key: fleet.key)
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json["filename"] == "Café #1.PNG")
        #expect(answer.json["bytes"]?.int == Int64(bytes.count))
        #expect(answer.json["mime_type"] == "image/jpeg")
        #expect(answer.json["sha256"]?.string == SHA256.hexadecimal([UInt8](bytes)))
        let id = try #require(UUID(uuidString: answer.id))
        let asset = try await fleet.catalog.asset(id, tenant: nil)
        #expect(asset.crc32 == CRC32.checksum([UInt8](bytes)))
        #expect(try fleet.store.open(try StorageKey(asset.key)).readAll() == [UInt8](bytes))
        let read = try await fleet.api.request("GET", "/v1/assets/\(answer.id)", key: fleet.key)
        #expect(read.json["original_name"] == "Café #1.PNG" && read.json["status"] == "pending")
        #expect(read.json["scan"] == .null && read.json["variants"] == [])
    }

    @Test func aNameThatCameDecomposedIsComposed() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let answer = try await fleet.upload(Data("x".utf8), as: "e%CC%81.txt", to: batch, key: fleet.key)
        #expect(answer.json["filename"]?.string?.utf8.elementsEqual("é.txt".utf8) == true)
    }

    @Test(
        "Unsafe names are refused",
        arguments: [
            "..", "%2e%2e", "a%2Fb", "a%5Cb", "%00", "a%0Ab", "con", "LPT1.txt", ".hidden", "-rf", "a%E2%80%AEgpj.exe",
            "x.", "%20x", "a%3Cb", String(repeating: "a", count: 256),
        ])
    func unsafeNames(name: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let answer = try await fleet.upload(Data("x".utf8), as: name, to: batch, key: fleet.key)
        #expect(answer.status == 422 && answer.json["field"] == "filename", "\(answer.text)")
        #expect(try fleet.stored(batch).isEmpty)
    }

    @Test(arguments: ["%ff", "%zz", "%"])
    func wrongEncoding(name: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        #expect(try await fleet.upload(Data("x".utf8), as: name, to: batch, key: fleet.key).status == 400)
    }

    @Test func anEmptyBodyIsRefused() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        #expect(try await fleet.upload(Data(), as: "a.txt", to: batch, key: fleet.key).status == 400)
        let chunked = try await fleet.upload(
            Data(), as: "a.txt", to: batch, key: fleet.key, headers: ["Transfer-Encoding: chunked"])
        #expect(chunked.status == 400)
        #expect(try fleet.stored(batch).isEmpty)
    }

    @Test func chunkedAndExpectedBodiesCome() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let bytes = noise(3_000_000)
        let chunked = try await fleet.upload(
            bytes, as: "c.bin", to: batch, key: fleet.key, headers: ["Transfer-Encoding: chunked"])
        #expect(chunked.status == 201 && chunked.json["sha256"]?.string == SHA256.hexadecimal([UInt8](bytes)))
        // curl waits this long for the 100; without one it would send the body only then.
        let start = ContinuousClock.now
        let file = FileManager.default.temporaryDirectory.appending(path: "flotilla-test-\(UUID().uuidString)")
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let expected = try await fleet.api.request(
            "PUT", "/v1/batches/\(batch)/assets/e.bin", key: fleet.key, headers: ["Expect: 100-continue"],
            curl: ["--expect100-timeout", "20", "-T", file.path])
        #expect(expected.status == 201)
        #expect(start.duration(to: .now) < .seconds(15))
        let odd = try await fleet.upload(bytes, as: "o.bin", to: batch, key: fleet.key, headers: ["Expect: miracles"])
        #expect(odd.status == 417)
    }

    @Test func tooLargeIsRefusedBeforeAndWhileItComes() async throws {
        let fleet = try await LiveFleet.shared.value
        let small = try await LiveAPI(fleet.environment.merging(["FLOTILLA_MAX_UPLOAD_MIB": "1"]) { $1 })
        let batch = try await fleet.makeBatch(key: fleet.key)
        let bytes = noise(3 << 20)
        let announced = try await fleet.upload(bytes, as: "a.bin", to: batch, key: fleet.key, on: small)
        #expect(announced.status == 413 && announced.json["max_bytes"]?.int == 1 << 20)
        let streamed = try await fleet.upload(
            bytes, as: "a.bin", to: batch, key: fleet.key, headers: ["Transfer-Encoding: chunked"], on: small)
        #expect(streamed.status == 413)
        let fits = try await fleet.upload(bytes.prefix(1 << 20), as: "a.bin", to: batch, key: fleet.key, on: small)
        #expect(fits.status == 201)
        #expect(try fleet.stored(batch).count == 1)
    }

    @Test func onlyAcceptedTypesAreTaken() async throws {
        let fleet = try await LiveFleet.shared.value
        let picky = try await LiveAPI(
            fleet.environment.merging(["FLOTILLA_ACCEPT_TYPES": "image/*, text/plain"]) { $1 })
        let batch = try await fleet.makeBatch(key: fleet.key)
        let zip = Data("PK\u{3}\u{4}".utf8) + noise(600_000)
        let refused = try await fleet.upload(zip, as: "photo.jpg", to: batch, key: fleet.key, on: picky)
        #expect(refused.status == 415 && refused.json["allowed"] == "image/*, text/plain")
        let gif = try await fleet.upload(Data("GIF89a....".utf8), as: "a.zip", to: batch, key: fleet.key, on: picky)
        #expect(gif.status == 201 && gif.json["mime_type"] == "image/gif")
        #expect(try fleet.stored(batch).count == 1)
    }

    @Test func theSameNameReplacesTheFile() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let first = try await fleet.upload(Data("one".utf8), as: "a.txt", to: batch, key: fleet.key)
        let same = try await fleet.upload(Data("one".utf8), as: "a.txt", to: batch, key: fleet.key)
        #expect(same.status == 200 && same.id == first.id)
        let other = try await fleet.upload(Data("two!".utf8), as: "a.txt", to: batch, key: fleet.key)
        #expect(other.status == 200 && other.id == first.id && other.json["bytes"] == 4)
        #expect(try fleet.stored(batch).count == 1)
        let assets = try await fleet.api.request("GET", "/v1/batches/\(batch)/assets", key: fleet.key)
        #expect(assets.json["items"]?.array?.map { $0["sha256"] } == [.string(SHA256.hexadecimal(Array("two!".utf8)))])
    }

    @Test func parallelUploadsAllArrive() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for n in 0..<24 {
                group.addTask {
                    try await fleet.upload(
                        noise(200_000 + n, seed: UInt64(n)), as: "f\(n).bin", to: batch, key: fleet.key
                    ).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 201 })
        let read = try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key)
        #expect(read.json["total"] == 24)
        #expect(try fleet.stored(batch).count == 24)
    }

    @Test(arguments: [[], ["Transfer-Encoding: chunked"]])
    func aClientThatLeavesHalfWayLeavesNothing(headers: [String]) async throws {
        let fleet = try await LiveFleet()
        let batch = try await fleet.makeBatch(key: fleet.key)
        let file = FileManager.default.temporaryDirectory.appending(path: "flotilla-test-\(UUID().uuidString)")
        try noise(8 << 20).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let answer = try await fleet.api.request(
            "PUT", "/v1/batches/\(batch)/assets/half.bin", key: fleet.key, headers: headers,
            curl: ["-T", file.path, "--limit-rate", "1500k", "-m", "2"])
        #expect(answer.curl.contains("timed out"))
        try await eventually("the unfinished upload is gone") { try fleet.stored("").isEmpty }
        #expect(try fleet.stored("").isEmpty)
        #expect(try fleet.psql("SELECT count(*) FROM images") == "0")
        #expect(try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key).json["total"] == 0)
    }

    @Test func startedBatchesTakeNothingMore() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        let answer = try await fleet.upload(Data("b".utf8), as: "b.txt", to: batch, key: fleet.key)
        #expect(answer.status == 409 && answer.problem == "wrong_status")
        #expect(try fleet.stored(batch).count == 1)
    }

    @Test func aQuotaIs402AndAFullBatch409() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = try await fleet.makeTenant(maxBytes: 1000).key
        let batch = try await fleet.makeBatch(key: key)
        let over = try await fleet.upload(noise(1001), as: "a.bin", to: batch, key: key)
        #expect(over.status == 402 && over.problem == "quota_exceeded")
        let narrow = try await LiveAPI(fleet.environment.merging(["FLOTILLA_MAX_BATCH_ASSETS": "1"]) { $1 })
        #expect(try await fleet.upload(noise(10), as: "a.bin", to: batch, key: key, on: narrow).status == 201)
        let second = try await fleet.upload(noise(10), as: "b.bin", to: batch, key: key, on: narrow)
        #expect(second.status == 409 && second.problem == "too_many_assets")
        #expect(try fleet.stored(batch).count == 1)
    }

    @Test func storedObjectsOfTheTenantCanBeAdded() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let first = try await fleet.upload(noise(300_000), as: "a.bin", to: batch, key: fleet.key)
        let key = try await fleet.catalog.asset(try #require(UUID(uuidString: first.id)), tenant: nil).key
        let target = try await fleet.makeBatch(key: fleet.key)
        let path = "/v1/batches/\(target)/assets"
        let added = try await fleet.api.request(
            "POST", path, key: fleet.key, json: #"{"source":"\#(key)","filename":"copy.bin"}"#)
        #expect(added.status == 201 && added.json["sha256"] == first.json["sha256"], "\(added.text)")
        #expect(try await fleet.api.request("DELETE", "/v1/batches/\(batch)", key: fleet.key).status == 204)
        #expect(try fleet.stored(target).count == 1)
        let other = try await fleet.makeTenant().key
        let theirs = try await fleet.makeBatch(key: other)
        for source in [
            key, "https://example.com/a.jpg", "http://169.254.169.254/", "file:///etc/passwd", "../../etc/passwd",
            "tenants/default/../x", "tenants/none", "",
        ] {
            let answer = try await fleet.api.request(
                "POST", "/v1/batches/\(theirs)/assets", key: other, json: #"{"source":"\#(source)"}"#)
            #expect(answer.status == 422 && answer.json["field"] == "source", "\(source): \(answer.text)")
        }
    }

    @Test func aHundredMegabytesPassWithFlatMemory() async throws {
        let fleet = try await LiveFleet()
        let batch = try await fleet.makeBatch(key: fleet.key)
        _ = try await fleet.upload(noise(1 << 20), as: "warm.bin", to: batch, key: fleet.key)
        let before = fleet.api.peakBytes
        let file = FileManager.default.temporaryDirectory.appending(path: "flotilla-test-\(UUID().uuidString)")
        try noise(100 << 20).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let answer = try await fleet.api.request(
            "PUT", "/v1/batches/\(batch)/assets/big.bin", key: fleet.key, curl: ["-T", file.path])
        #expect(answer.status == 201 && answer.json["bytes"] == 104_857_600)
        #expect(before > 1 << 20)
        #expect(fleet.api.peakBytes - before < 12 << 20, "\(before) to \(fleet.api.peakBytes)")
    }

    @Test func renaming() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let a = try await fleet.upload(Data("a".utf8), as: "a.txt", to: batch, key: fleet.key).id
        let b = try await fleet.upload(Data("b".utf8), as: "b.txt", to: batch, key: fleet.key).id
        func rename(_ id: String, _ body: String) async throws -> Answer {
            try await fleet.api.request("PATCH", "/v1/assets/\(id)", key: fleet.key, json: body)
        }
        let done = try await rename(a, #"{"proposed_name":"Red Shoes.txt"}"#)
        #expect(
            done.status == 200 && done.json["proposed_name"] == "Red Shoes.txt" && done.json["name_source"] == "person")
        let taken = try await rename(b, #"{"proposed_name":"red shoes.TXT"}"#)
        #expect(taken.status == 409 && taken.problem == "name_taken")
        for bad in [
            #"{"proposed_name":"../x"}"#, #"{"proposed_name":""}"#, #"{"proposed_name":null}"#, #"{"name":"x"}"#,
        ] {
            #expect(try await rename(b, bad).status == 422)
        }
        #expect(try await rename("nothing", #"{"proposed_name":"x"}"#).status == 404)
    }
}
