import Yams

/// A place in a recipe file: reads its value and says where it is when something is wrong.
struct YAMLNode {
    let file: String
    let path: String
    let node: Node

    func wrong(_ problem: String) -> RecipeError {
        RecipeError(file: file, line: node.mark?.line, path: path, problem: problem)
    }

    /// The members of a mapping, none of them unknown.
    ///
    /// - Parameter allowed: every key that may stand here.
    func members(allowed: [String]) throws(RecipeError) -> YAMLMembers {
        guard case .mapping(let mapping) = node else {
            throw wrong("must be a mapping with \(allowed.joined(separator: ", "))")
        }
        var found: [String: YAMLNode] = [:]
        for (key, value) in mapping {
            guard let name = key.string, allowed.contains(name) else {
                let shown = key.string ?? "this"
                throw RecipeError(
                    file: file, line: key.mark?.line, path: path,
                    problem: "“\(shown.prefix(60))” is not known here; allowed: \(allowed.joined(separator: ", "))")
            }
            guard found[name] == nil else { throw wrong("“\(name)” stands twice") }
            found[name] = YAMLNode(file: file, path: path.isEmpty ? name : "\(path).\(name)", node: value)
        }
        return YAMLMembers(parent: self, found: found)
    }

    /// The items of a list.
    func items(max: Int) throws(RecipeError) -> [YAMLNode] {
        guard case .sequence(let sequence) = node else { throw wrong("must be a list") }
        guard sequence.count <= max else { throw wrong("has \(sequence.count) items; at most \(max) are allowed") }
        return sequence.enumerated().map { YAMLNode(file: file, path: "\(path)[\($0)]", node: $1) }
    }

    func text(allowed: String, where isAllowed: (String) -> Bool) throws(RecipeError) -> String {
        guard case .scalar(let scalar) = node, isAllowed(scalar.string) else {
            throw wrong("\(shown) is not allowed; allowed: \(allowed)")
        }
        return scalar.string
    }

    func int(in range: ClosedRange<Int>) throws(RecipeError) -> Int {
        guard let value = node.int, range.contains(value) else {
            throw wrong("\(shown) is not allowed; allowed: \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(in range: ClosedRange<Double>) throws(RecipeError) -> Double {
        guard let value = node.float ?? node.int.map(Double.init), range.contains(value) else {
            throw wrong("\(shown) is not allowed; allowed: \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func bool() throws(RecipeError) -> Bool {
        guard let value = node.bool else { throw wrong("\(shown) is not allowed; allowed: true or false") }
        return value
    }

    private var shown: String {
        if case .scalar(let scalar) = node { "“\(scalar.string.prefix(60))”" } else { "a list or mapping" }
    }
}

/// The members found in a mapping.
struct YAMLMembers {
    let parent: YAMLNode
    let found: [String: YAMLNode]

    subscript(name: String) -> YAMLNode? { found[name] }

    func required(_ name: String) throws(RecipeError) -> YAMLNode {
        guard let node = found[name] else { throw parent.wrong("“\(name)” is missing") }
        return node
    }

    func int(_ name: String, in range: ClosedRange<Int>, default value: Int) throws(RecipeError) -> Int {
        try found[name]?.int(in: range) ?? value
    }

    /// Nil where it is left out.
    func optionalInt(_ name: String, in range: ClosedRange<Int>) throws(RecipeError) -> Int? {
        try found[name]?.int(in: range)
    }

    func bool(_ name: String, default value: Bool) throws(RecipeError) -> Bool { try found[name]?.bool() ?? value }
}
