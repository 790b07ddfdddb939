import ArgumentParser
import Catalog
import Foundation
import Model
import Pipeline
import Recipes

/// `flotilla recipe check|list|run`.
struct RecipeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe", abstract: "Check, list and run recipes.",
        subcommands: [Check.self, List.self, Run.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Validate recipe files; every wrong one is named.")
        @Argument(help: "A folder or files.") var paths: [String]

        func run() throws {
            var isWrong = false
            var names: Set<String> = []
            for path in try files() {
                do {
                    let recipe = try RecipeBook.read(path)
                    if names.insert(recipe.name).inserted {
                        Terminal.line("ok   \(path): \(recipe.name)")
                    } else {
                        isWrong = true
                        Terminal.line("bad  \(path): another file has a recipe “\(recipe.name)” too")
                    }
                } catch {
                    isWrong = true
                    Terminal.line("bad  \(error)")
                }
            }
            if isWrong { throw ExitCode.failure }
        }

        private func files() throws -> [String] {
            try paths.flatMap { path in
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                    throw ValidationError("there is no “\(path)”")
                }
                guard isFolder.boolValue else { return [path] }
                let folder = path.hasSuffix("/") ? path : path + "/"
                let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                    .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
                guard !found.isEmpty else { throw ValidationError("“\(path)” holds no recipes (*.yaml)") }
                return found.map { folder + $0 }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the recipes that the fleet has.")

        func run() async throws {
            let recipes = try Fleet.open(as: "flotilla recipe").recipes.recipes
            var table = TextTable(header: ["RECIPE", "STEPS", "WHEN DONE", "SCHEDULE"])
            for recipe in recipes {
                table.rows.append([
                    recipe.name, recipe.steps.map(\.name).joined(separator: " → "),
                    recipe.whenDone.map(\.name).joined(separator: " → "), recipe.schedule?.cron ?? "",
                ])
            }
            Terminal.line(table.rendered())
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a batch of a folder's files, start it, and print its id.")
        @Argument(help: "The recipe's name.") var name: String
        @Option(help: "file:///folder; by default the recipe's own source.") var source: String?
        @Option(name: .customLong("keyword"), help: "A word for the new names; may be given several times.")
        var keywords: [String] = []
        @Option(help: "The same key makes one batch only, however often it is used.") var idempotencyKey: String?

        func run() async throws {
            let fleet = try Fleet.open(as: "flotilla recipe")
            let batch = try await RecipeTrigger(fleet).run(
                name, source: source, keywords: keywords, idempotencyKey: idempotencyKey)
            Terminal.line(batch.id.uuidString.lowercased())
        }
    }
}
