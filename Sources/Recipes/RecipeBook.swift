import Foundation
public import Model

/// The recipes of one folder, by name.
public struct RecipeBook: Sendable, Hashable {
    public let recipes: [Recipe]

    public init(_ recipes: [Recipe]) { self.recipes = recipes }

    public subscript(name: String) -> Recipe? { recipes.first { $0.name == name } }

    /// Reads every `*.yaml` file of a folder.
    ///
    /// - Throws: ``RecipeError`` for the first file that is wrong, a name that two files use, or a folder that cannot
    ///   be read.
    public static func load(_ directory: String) throws(RecipeError) -> RecipeBook {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw RecipeError(file: directory, line: nil, path: "", problem: "the folder cannot be read")
        }
        var recipes: [Recipe] = []
        for name in names.sorted() where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            let recipe = try read(directory + "/" + name)
            guard !recipes.contains(where: { $0.name == recipe.name }) else {
                throw RecipeError(
                    file: name, line: nil, path: "name", problem: "another file has a recipe “\(recipe.name)” too")
            }
            recipes.append(recipe)
        }
        return RecipeBook(recipes)
    }

    /// Reads one file.
    public static func read(_ path: String) throws(RecipeError) -> Recipe {
        let name = (path as NSString).lastPathComponent
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.utf8.count <= 1 << 20 else {
            throw RecipeError(file: name, line: nil, path: "", problem: "cannot be read as UTF-8 text of at most 1 MiB")
        }
        return try RecipeReader(file: name).read(text)
    }
}
