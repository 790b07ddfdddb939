import Catalog
import Foundation
import Model
import Postgres
import Testing

@Suite("Assets")
struct AssetTests {
    @Test(
        "An asset keeps its facts, whatever its name tries",
        arguments: [
            "plain.jpg", "'); DROP TABLE images;--.jpg", "a\"b\\c{d}.png", "日本 語.webp", "$1 %s _.gif",
        ])
    func facts(name: String) async throws {
        try await withCatalog { record in
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            let new = newAsset(name)
            let added = try await record.catalog.addAsset(new, toBatch: batch.id, tenant: "default")
            let read = try await record.catalog.asset(added.asset.id, tenant: "default")
            #expect(added.isNew && added.obsoleteKey == nil && read == added.asset)
            #expect(read.originalName == name && read.key == new.key && read.sha256 == new.sha256)
            #expect(read.crc32 == 0xDEAD_BEEF && read.position == 1 && read.status == .pending)
            await #expect(throws: CatalogError.notFound(.asset)) {
                try await record.catalog.asset(added.asset.id, tenant: "other")
            }
        }
    }

    @Test("The same name again replaces; the same bytes again change nothing; the key nobody needs is told")
    func replace() async throws {
        try await withCatalog { record in
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            let (one, same, other) = (newAsset("a.jpg"), newAsset("a.jpg"), newAsset("a.jpg", content: "longer"))
            let first = try await record.catalog.addAsset(one, toBatch: batch.id, tenant: nil)
            let second = try await record.catalog.addAsset(same, toBatch: batch.id, tenant: nil)
            #expect(!second.isNew && second.obsoleteKey == same.key && second.asset == first.asset)
            let third = try await record.catalog.addAsset(other, toBatch: batch.id, tenant: nil)
            #expect(!third.isNew && third.obsoleteKey == one.key && third.asset.id == first.asset.id)
            let both = try await record.catalog.addAsset(one, toBatch: batch.id, tenant: nil, keepsSameNames: true)
            #expect(both.isNew && both.asset.position == 2)
            let after = try await record.catalog.batch(batch.id, tenant: nil)
            #expect(after.total == 2 && after.totalBytes == other.bytes + one.bytes)
        }
    }

    @Test("Thirty uploads at once are all counted, each with a place of its own")
    func concurrent() async throws {
        try await withCatalog { record in
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            try await withThrowingDiscardingTaskGroup { group in
                for n in 0..<30 {
                    group.addTask {
                        _ = try await record.catalog.addAsset(newAsset("\(n % 20).jpg"), toBatch: batch.id, tenant: nil)
                    }
                }
            }
            #expect(try await record.catalog.batch(batch.id, tenant: nil).total == 20)
            #expect(try record.psql("SELECT count(DISTINCT position), max(position) FROM images") == "20|20")
        }
    }

    @Test("Limits are typed")
    func limits() async throws {
        try await withCatalog { record in
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            let limits = BatchLimits(maxAssets: 2, maxBytes: 10)
            let add = { @Sendable (name: String, content: String) in
                _ = try await record.catalog.addAsset(
                    newAsset(name, content: content), toBatch: batch.id, tenant: nil, limits: limits)
            }
            try await add("a", "1234")
            await #expect(throws: CatalogError.batchTooLarge(maxBytes: 10)) { try await add("b", "1234567") }
            try await add("b", "123456")
            await #expect(throws: CatalogError.tooManyAssets(max: 2)) { try await add("c", "") }
            #expect(try await record.catalog.batch(batch.id, tenant: nil).totalBytes == 10)
        }
    }

    @Test("Pages come in order of arrival, with variants, and by status", arguments: [1, 4, 100])
    func pages(limit: Int) async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(9)
            _ = try await record.catalog.completeStep(
                claim(jobs[2]), result: .variants([variant("webp"), variant("thumbnail")]), next: .assetCompleted,
                whenDone: nil)
            var seen: [Asset] = []
            var cursor: PageCursor?
            repeat {
                let page = try await record.catalog.assets(
                    ofBatch: batch.id, tenant: "default", limit: limit, after: cursor)
                seen += page.items
                cursor = page.next
            } while cursor != nil
            #expect(seen.map(\.position) == Array(1...9))
            #expect(seen[2].variants.map(\.facts.name) == ["thumbnail", "webp"])
            #expect(seen[2].variants[1] == variant("webp"))
            let done = try await record.catalog.assets(ofBatch: batch.id, tenant: nil, status: .completed)
            #expect(done.items.map(\.position) == [3])
            await #expect(throws: CatalogError.notFound(.batch)) {
                try await record.catalog.assets(ofBatch: batch.id, tenant: "other")
            }
        }
    }

    @Test("A person's name stays, is unique without regard to case, and safe")
    func rename() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            let ids = jobs.compactMap(\.asset)
            let renamed = try await record.catalog.renameAsset(ids[0], to: "My Shoe.jpg", tenant: "default")
            #expect(renamed.proposedName == "My Shoe.jpg" && renamed.nameSource == .person)
            await #expect(throws: CatalogError.nameTaken("my shoe.JPG")) {
                try await record.catalog.renameAsset(ids[1], to: "my shoe.JPG", tenant: "default")
            }
            for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", String(repeating: "é", count: 128)] {
                await #expect(throws: CatalogError.unsafeName, "\(name)") {
                    try await record.catalog.renameAsset(ids[1], to: name, tenant: "default")
                }
            }
            await #expect(throws: CatalogError.notFound(.asset)) {
                try await record.catalog.renameAsset(ids[0], to: "x.jpg", tenant: "other")
            }
            let proposal = NameStem(stem: "my shoe", fileExtension: "jpg")
            for job in jobs {
                _ = try await record.catalog.completeStep(
                    claim(job), result: .analysis(analysis(), name: proposal), next: .assetCompleted, whenDone: nil)
            }
            let names = try await record.catalog.completedAssets(ofBatch: batch.id).map(\.proposedName)
            #expect(names == ["My Shoe.jpg", "my shoe-2.jpg"])
        }
    }

    @Test("Sixteen writers with one proposed name get sixteen names")
    func uniqueNames() async throws {
        try await withCatalog(connections: 16) { record in
            let (batch, jobs) = try await record.startedBatch(48)
            _ = try await record.catalog.renameAsset(try #require(jobs[47].asset), to: "RED-shoes-3.JPG", tenant: nil)
            try await withThrowingDiscardingTaskGroup { group in
                for lane in 0..<16 {
                    group.addTask {
                        for job in jobs[(lane * 3)..<(lane * 3 + 3)] {
                            let done = try await record.catalog.completeStep(
                                claim(job),
                                result: .analysis(
                                    analysis(), name: NameStem(stem: "red-shoes", fileExtension: "jpg")),
                                next: .assetCompleted, whenDone: nil)
                            #expect(done.outcome != nil)
                        }
                    }
                }
            }
            let names = try await record.catalog.completedAssets(ofBatch: batch.id).compactMap(\.proposedName)
            let numbered = (1...48).filter { $0 != 3 }.map { $0 == 1 ? "red-shoes.jpg" : "red-shoes-\($0).jpg" }
            #expect(Set(names) == Set(numbered + ["RED-shoes-3.JPG"]))
        }
    }

    @Test("A file that is not analysed gets a name too, in the same series")
    func nameOnly() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            for job in jobs {
                _ = try await record.catalog.completeStep(
                    claim(job), result: .name(NameStem(stem: "Clip", fileExtension: "")), next: .assetCompleted,
                    whenDone: nil)
            }
            let assets = try await record.catalog.completedAssets(ofBatch: batch.id)
            #expect(assets.map(\.proposedName) == ["Clip", "Clip-2"] && assets.allSatisfy { $0.analysis == nil })
        }
    }

    @Test("A stem belongs to one file of the batch, whatever the extensions")
    func oneSeriesForAllExtensions() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(3)
            for (job, fileExtension) in zip(jobs, ["jpg", "heic", "png"]) {
                _ = try await record.catalog.completeStep(
                    claim(job), result: .name(NameStem(stem: "shoes", fileExtension: fileExtension)),
                    next: .assetCompleted, whenDone: nil)
            }
            let assets = try await record.catalog.completedAssets(ofBatch: batch.id)
            #expect(assets.map(\.proposedName) == ["shoes.jpg", "shoes-2.heic", "shoes-3.png"])
        }
    }

    @Test("Long names give way to their number and extension, on a character's border")
    func longNames() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            let proposal = NameStem(stem: String(repeating: "é", count: 200), fileExtension: "jpeg")
            for job in jobs {
                _ = try await record.catalog.completeStep(
                    claim(job), result: .analysis(analysis(), name: proposal), next: .assetCompleted, whenDone: nil)
            }
            let names = try await record.catalog.completedAssets(ofBatch: batch.id).compactMap(\.proposedName)
            #expect(names.count == 2 && names.allSatisfy { (253...255).contains($0.utf8.count) })
            #expect(names[0].hasSuffix("é.jpeg") && names[1].hasSuffix("é-2.jpeg"))
        }
    }
}
