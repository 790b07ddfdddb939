import Catalog
import Foundation
import Testing

@Suite("API keys and tenants")
struct APIKeyTests {
    @Test("A key is found by itself only, and not once it is revoked; the table has no key in it")
    func life() async throws {
        try await withCatalog { record in
            let (made, key) = try await record.catalog.createAPIKey(
                tenant: "default", name: "ci", scopes: ["batches:write", "queues"])
            #expect(key.count == 4 + 64 && key.hasPrefix(made.prefix))
            let found = try await record.catalog.apiKey(matching: key)
            #expect(found?.id == made.id && found?.scopes == ["batches:write", "queues"] && found?.tenant == "default")
            #expect(try await record.catalog.apiKey(matching: key + "x") == nil)
            #expect(try await record.catalog.apiKey(matching: "") == nil)
            #expect(try await record.catalog.apiKeys(tenant: "default").first?.lastUsedAt != nil)
            #expect(try !record.psql("SELECT * FROM api_keys").contains(key))
            try await record.catalog.revokeAPIKey(made.id, tenant: "default")
            try await record.catalog.revokeAPIKey(made.id, tenant: "default")
            #expect(try await record.catalog.apiKey(matching: key) == nil)
            #expect(try await record.catalog.apiKeys(tenant: "default").first?.revokedAt != nil)
        }
    }

    @Test("Another tenant cannot revoke a key; an unknown tenant gets none")
    func foreign() async throws {
        try await withCatalog { record in
            let made = try await record.catalog.createAPIKey(tenant: "default", name: "ci", scopes: []).record
            await #expect(throws: CatalogError.notFound(.apiKey)) {
                try await record.catalog.revokeAPIKey(made.id, tenant: "other")
            }
            await #expect(throws: CatalogError.notFound(.tenant)) {
                try await record.catalog.createAPIKey(tenant: "nobody", name: "ci", scopes: [])
            }
        }
    }

    @Test("Usage counts stored bytes until the batch is cancelled; a quota refuses what goes beyond")
    func usage() async throws {
        try await withCatalog { record in
            try await record.catalog.putTenant(id: "small", name: "Small", maxBytes: 10)
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "small").batch
            _ = try await record.catalog.addAsset(
                newAsset("a", content: "12345678"), toBatch: batch.id, tenant: "small")
            #expect(try await record.catalog.tenantUsage("small").storedBytes == 8)
            await #expect(throws: CatalogError.quotaExceeded(maxBytes: 10)) {
                try await record.catalog.addAsset(newAsset("b", content: "123"), toBatch: batch.id, tenant: "small")
            }
            // Replacing frees what it replaces.
            _ = try await record.catalog.addAsset(
                newAsset("a", content: "1234567890"), toBatch: batch.id, tenant: "small")
            #expect(try await record.catalog.tenantUsage("small").storedBytes == 10)
            _ = try await record.catalog.cancelBatch(batch.id, tenant: "small")
            #expect(try await record.catalog.tenantUsage("small").storedBytes == 0)
        }
    }
}
