import ArgumentParser
import Catalog
import Foundation
import Model
import Pipeline

/// `flotilla keys create|list|revoke`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list and revoke API keys.",
        subcommands: [Create.self, List.self, Revoke.self])

    static let scopes = ["read", "write", "operate"]

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key and print it: only its hash is kept, so it cannot be shown again.")
        @Option(help: "What the key is for (1 to 100 characters).") var name: String
        @Option(help: "A list of \(KeysCommand.scopes.joined(separator: ", ")); or all.") var scopes = "read,write"
        @Option(help: "The tenant it belongs to.") var tenant = JobEnvelope.defaultTenant
        @Flag(help: "Print the key and nothing else.") var quiet = false

        func run() async throws {
            guard (1...100).contains(name.count) else { throw ValidationError("--name takes 1 to 100 characters") }
            let wanted = scopes == "all" ? KeysCommand.scopes : scopes.split(separator: ",").map(String.init)
            for scope in wanted where !KeysCommand.scopes.contains(scope) {
                throw ValidationError(
                    "“\(scope)” is no scope; allowed: \(KeysCommand.scopes.joined(separator: ", ")), or all")
            }
            let (record, key) = try await Fleet.open(as: "flotilla keys").catalog.createAPIKey(
                tenant: tenant, name: name, scopes: wanted)
            if quiet { return Terminal.line(key) }
            Terminal.line("id      \(record.id.uuidString.lowercased())")
            Terminal.line("scopes  \(wanted.joined(separator: ", "))")
            Terminal.line("key     \(key)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List a tenant's keys.")
        @Option(help: "The tenant.") var tenant = JobEnvelope.defaultTenant

        func run() async throws {
            let keys = try await Fleet.open(as: "flotilla keys").catalog.apiKeys(tenant: tenant)
            var table = TextTable(header: ["ID", "NAME", "BEGINS", "SCOPES", "MADE", "LAST USED", "REVOKED"])
            for key in keys {
                table.rows.append([
                    key.id.uuidString.lowercased(), Terminal.tamed(key.name, width: 32), key.prefix,
                    key.scopes.joined(separator: ","), key.createdAt.formatted(.iso8601),
                    key.lastUsedAt?.formatted(.iso8601) ?? "never", key.revokedAt?.formatted(.iso8601) ?? "",
                ])
            }
            Terminal.line(table.rendered())
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key: it works nowhere any more within 5 seconds.")
        @Argument(help: "The key's id, from the list.") var id: String
        @Option(help: "The tenant it belongs to.") var tenant = JobEnvelope.defaultTenant

        func run() async throws {
            guard let id = UUID(uuidString: id) else { throw ValidationError("a key's id is a UUID") }
            try await Fleet.open(as: "flotilla keys").catalog.revokeAPIKey(id, tenant: tenant)
            Terminal.line("\(id.uuidString.lowercased()) is revoked")
        }
    }
}
