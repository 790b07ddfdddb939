/// What is wrong in a recipe file: where, and what is allowed there.
public struct RecipeError: Error, Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// From 1; nil when the whole file is meant.
    public var line: Int?
    /// `steps[1].analyze.max_words`.
    public var path: String
    public var problem: String

    public init(file: String, line: Int?, path: String, problem: String) {
        self.file = file
        self.line = line
        self.path = path
        self.problem = problem
    }

    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return path.isEmpty ? "\(place): \(problem)" : "\(place): \(path): \(problem)"
    }
}
