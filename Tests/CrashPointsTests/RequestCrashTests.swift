import Catalog
import Foundation
import JobQueue
import Model
import ObjectStorage
import TestServers
import Testing

/// The API killed in mid-request. Its client then does what clients do that got no answer: it asks another one for the
/// same again. What is recorded by then stands also if it never asks.
extension CrashPointTests {
    @Test("A job that is accepted runs once") func accepted() async throws {
        let clients = try await Clients()
        let ground = clients.ground
        let worker = try ground.process("flotilla-export-worker", crashAt: nil)
        defer { worker.kill() }
        try await Self.everyPlace(of: "accept", atLeast: 5) { point in
            let body = #"{"queue":"export","kind":"echo","payload":{"incr":"count:\#(point)"}}"#
            let request = Request("POST", "/v1/jobs", body: body, key: "request-\(point)", expecting: "202")
            let place = try await clients.send(request, crashAt: "accept", point)
            if place != nil { try await clients.sendAgain(request) }
            try await eventually("point \(point): the job is done", within: .seconds(60)) {
                let states = try await ground.catalog.unfinishedJobs(olderThan: .zero).jobs
                // Recorded and not queued is the reconciler's case; here it does not have to wait for its hour.
                if !states.isEmpty { try await ground.reconcile() }
                return states.isEmpty
            }
            try await eventually("point \(point): nothing is left") { try await ground.isIdle() }
            #expect(try ground.redis.cli("GET", "count:\(point)") == "1", "point \(point): \(place ?? "")")
            return place
        }
    }

    @Test("A batch is made once") func created() async throws {
        let clients = try await Clients()
        try await Self.everyPlace(of: "create", atLeast: 5) { point in
            let request = Request(
                "POST", "/v1/batches", body: #"{"recipe":"look"}"#, key: "request-\(point)", expecting: "201")
            let place = try await clients.send(request, crashAt: "create", point)
            if place != nil { try await clients.sendAgain(request) }
            #expect(try clients.ground.psql("SELECT count(*) FROM batches") == "\(point)", "\(place ?? "")")
            return place
        }
    }

    @Test("A file is taken once, with its bytes; deleting its batch leaves none") func uploaded() async throws {
        let clients = try await Clients()
        let ground = clients.ground
        try await Self.everyPlace(of: "upload", atLeast: 10) { point in
            let batch = try await ground.catalog.createBatch(NewBatch(recipe: "look"), tenant: "default").batch
            let id = batch.id.uuidString.lowercased()
            let request = Request("PUT", "/v1/batches/\(id)/assets/a.txt", body: "file \(point)", expecting: "20")
            let place = try await clients.send(request, crashAt: "upload", point)
            let comment: Comment = "point \(point): \(place ?? "")"
            if place != nil {
                // A row never points to bytes that are not there.
                for asset in try await ground.catalog.assets(ofBatch: batch.id, tenant: nil, limit: 9, after: nil).items
                {
                    #expect(try ground.store.size(of: StorageKey(asset.key)) == asset.bytes, comment)
                }
                try await clients.sendAgain(request)
            }
            let assets = try await ground.catalog.assets(ofBatch: batch.id, tenant: nil, limit: 9, after: nil).items
            #expect(assets.map(\.originalName) == ["a.txt"], comment)
            #expect(try ground.content(assets[0].key) == "file \(point)", comment)
            #expect(try await ground.events(id).last == "IMAGE_UPLOADED", comment)
            try await clients.sendAgain(Request("DELETE", "/v1/batches/\(id)", expecting: "204"))
            #expect(ground.storedFiles().filter { !$0.hasPrefix(".tmp/") } == [], comment)
            return place
        }
        #expect(!ground.storedFiles().isEmpty, "some died with their upload half done")
        try ground.ageStoredFiles()
        let api = try ground.process("flotilla-api", crashAt: nil, ["FLOTILLA_API_ADDR": "127.0.0.1:0"])
        defer { api.kill() }
        try await eventually("leftovers of yesterday are gone") { ground.storedFiles().isEmpty }
    }

    @Test("A batch that is started is announced and queued") func started() async throws {
        let clients = try await Clients()
        let ground = clients.ground
        try await Self.everyPlace(of: "start", atLeast: 20) { point in
            let batch = try await ground.pending("look", content: Array("\(point)".utf8)).id
            let id = batch.uuidString.lowercased()
            let request = Request("POST", "/v1/batches/\(id)/start", expecting: "202")
            let place = try await clients.send(request, crashAt: "start", point)
            func check(_ comment: Comment) async throws {
                #expect(try await ground.events(id).last == "BATCH_PROCESSING_STARTED", comment)
                #expect(try ground.redis.cli("HGET", "{flotilla}:snapshot:\(id)", "status") == "processing", comment)
                #expect(try ground.redis.cli("LLEN", "{flotilla}:queue:scan") == "1", comment)
                #expect(try await ground.catalog.untold(ofBatch: batch).isEmpty, comment)
            }
            try await ground.reconcile()
            let status = try await ground.catalog.batch(batch, tenant: nil).status
            if status == .processing { try await check("point \(point), \(place ?? ""): nobody asks again") }
            try await clients.sendAgain(request)
            try await ground.reconcile()
            try await check("point \(point), \(place ?? "")")
            try await ground.clear()
            return place
        }
    }

    @Test("A batch that is deleted is announced, its jobs are cancelled, its bytes gone") func cancelled() async throws
    {
        let clients = try await Clients()
        let ground = clients.ground
        try await Self.everyPlace(of: "cancel", atLeast: 20) { point in
            let (batch, job) = try await ground.batch("look", content: Array("\(point)".utf8))
            _ = try await ground.queue.enqueue([job.envelope], on: job.queue)
            let id = batch.id.uuidString.lowercased()
            let request = Request("DELETE", "/v1/batches/\(id)", expecting: "204")
            let place = try await clients.send(request, crashAt: "cancel", point)
            func check(_ comment: Comment) async throws {
                #expect(try await ground.events(id).last == "BATCH_CANCELLED", comment)
                #expect(try ground.redis.cli("HGET", "{flotilla}:snapshot:\(id)", "status") == "cancelled", comment)
                let isCancelled = try ground.redis.cli("ZSCORE", "{flotilla}:cancelled", job.envelope.id.rawValue)
                #expect(!isCancelled.isEmpty, comment)
                #expect(try await ground.catalog.untold(ofBatch: batch.id).isEmpty, comment)
            }
            try await ground.reconcile()
            let status = try await ground.catalog.batch(batch.id, tenant: nil).status
            if status == .cancelled { try await check("point \(point), \(place ?? ""): nobody asks again") }
            try await clients.sendAgain(request)
            try await check("point \(point), \(place ?? "")")
            _ = try ground.store.removeStale(olderThan: .zero)
            #expect(ground.storedFiles() == [], "point \(point), \(place ?? "")")
            try await ground.clear()
            return place
        }
    }

    @Test("A job that is cancelled does not run, and is cancelled for the record") func jobCancelled() async throws {
        let clients = try await Clients()
        let ground = clients.ground
        try await Self.everyPlace(of: "cancel-job", atLeast: 5) { point in
            let job = try await ground.single(["incr": .string("count:\(point)")])
            let request = Request("DELETE", "/v1/jobs/\(job.rawValue)", expecting: "202")
            let place = try await clients.send(request, crashAt: "cancel-job", point)
            try await clients.sendAgain(request)
            let worker = try ground.process("flotilla-export-worker", crashAt: nil)
            try await eventually("point \(point): the worker has seen it") { try await ground.isIdle() }
            worker.kill()
            let comment: Comment = "point \(point): \(place ?? "")"
            #expect(try await ground.catalog.job(job, tenant: nil).state == .cancelled, comment)
            #expect(try await ground.queue.state(of: job)?.state == .cancelled, comment)
            #expect(try ground.redis.cli("GET", "count:\(point)") == "", comment)
            try await ground.clear()
            return place
        }
    }

    @Test("A dead job that is retried is queued, and dead no more") func jobRetried() async throws {
        let clients = try await Clients()
        let ground = clients.ground
        try await Self.everyPlace(of: "retry-job", atLeast: 10) { point in
            let job = try await ground.single(["fail": "once and for all"])
            let worker = try ground.process("flotilla-export-worker", crashAt: nil)
            try await eventually("point \(point): dead") {
                guard try await ground.catalog.job(job, tenant: nil).state == .dead else { return false }
                return try await ground.isIdle(buried: true)
            }
            worker.kill()
            let request = Request("POST", "/v1/jobs/\(job.rawValue)/retry", expecting: "202")
            let place = try await clients.send(request, crashAt: "retry-job", point)
            func check(_ comment: Comment) async throws {
                #expect(try await ground.catalog.job(job, tenant: nil).state == .queued, comment)
                #expect(try ground.redis.cli("LLEN", "{flotilla}:queue:export") == "1", comment)
                #expect(try await ground.queue.dead(.export).items.isEmpty, comment)
            }
            // Either the client asks again, or the reconciler finds it.
            if try await ground.catalog.job(job, tenant: nil).state == .dead {
                try await clients.sendAgain(request)
                try await check("point \(point), \(place ?? ""): asked again")
            }
            try await ground.reconcile()
            try await check("point \(point), \(place ?? "")")
            try await ground.clear()
            return place
        }
    }
}
