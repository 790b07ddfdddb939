import Model
import Yams

/// Reads one recipe file. Every key is known here, with what is allowed for it; docs/recipes.md says the same.
struct RecipeReader {
    let file: String

    func read(_ text: String) throws(RecipeError) -> Recipe {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            let fault = error as? YamlError
            throw RecipeError(
                file: file, line: fault?.line, path: "", problem: "is not valid YAML: \(fault?.problem ?? "unreadable")"
            )
        }
        guard let root else { throw RecipeError(file: file, line: nil, path: "", problem: "is empty") }
        return try recipe(YAMLNode(file: file, path: "", node: root))
    }

    private func recipe(_ node: YAMLNode) throws(RecipeError) -> Recipe {
        let members = try node.members(allowed: ["name", "description", "steps", "when_done", "retry", "schedule"])
        let steps = try steps(members.required("steps"), allowed: ["scan", "analyze", "compress"], max: 16)
        guard let first = steps.first else { throw try members.required("steps").wrong("needs at least one step") }
        guard first.action == .scan else {
            throw try members.required("steps").wrong(
                "must begin with a scan: “\(first.name)” would touch files that were not scanned")
        }
        let whenDone = try members["when_done"].map { node throws(RecipeError) in
            try self.steps(node, allowed: ["export"], max: 4)
        }
        let recipe = Recipe(
            name: try members.required("name").text(allowed: "1 to 64 lower-case letters, digits or -") {
                Self.isName($0, maxBytes: 64)
            },
            description: try members["description"]?.text(allowed: "text of at most 500 characters") { $0.count <= 500 }
                ?? "",
            steps: steps, whenDone: whenDone ?? [], retry: try retry(members["retry"]),
            schedule: try members["schedule"].map { node throws(RecipeError) in try schedule(node) })
        try checkUnique(recipe, in: node)
        return recipe
    }

    private func checkUnique(_ recipe: Recipe, in node: YAMLNode) throws(RecipeError) {
        var seen: Set<String> = []
        for step in recipe.steps + recipe.whenDone where !seen.insert(step.name).inserted {
            throw node.wrong("two steps are called “\(step.name)”; give one of them another “name”")
        }
        var variants: Set<String> = []
        for name in recipe.steps.flatMap(\.variantNames) where !variants.insert(name).inserted {
            throw node.wrong("two compress steps make the variant “\(name)”; give one of them another name")
        }
        for case .export(let options) in recipe.whenDone.map(\.action) {
            var wanted = options.extraVariants
            if case .variant(let name) = options.content { wanted.append(name) }
            for name in wanted where !variants.contains(name) {
                let made = variants.isEmpty ? "none" : variants.sorted().joined(separator: ", ")
                throw node.wrong("the export wants the variant “\(name)”, which no compress step makes; made: \(made)")
            }
        }
    }

    private func steps(_ node: YAMLNode, allowed: [String], max: Int) throws(RecipeError) -> [Recipe.Step] {
        var all: [Recipe.Step] = []
        for item in try node.items(max: max) { all.append(try step(item, allowed: allowed)) }
        return all
    }

    /// `- scan: {…}`, or just `- scan`.
    private func step(_ node: YAMLNode, allowed: [String]) throws(RecipeError) -> Recipe.Step {
        if case .scalar(let scalar) = node.node, allowed.contains(scalar.string) {
            let empty = YAMLNode(file: node.file, path: node.path, node: .mapping(.init([])))
            return try step(scalar.string, empty)
        }
        let members = try node.members(allowed: allowed)
        guard members.found.count == 1, let (kind, body) = members.found.first else {
            throw node.wrong("must be one of \(allowed.joined(separator: ", "))")
        }
        if case .scalar(let scalar) = body.node, scalar.string.isEmpty || scalar.string == "null" {
            return try step(kind, YAMLNode(file: body.file, path: body.path, node: .mapping(.init([]))))
        }
        return try step(kind, body)
    }

    private func step(_ kind: String, _ body: YAMLNode) throws(RecipeError) -> Recipe.Step {
        let common = ["name", "timeout_seconds"]
        let members: YAMLMembers
        let action: Recipe.Action
        switch kind {
        case "scan":
            members = try body.members(allowed: common)
            action = .scan
        case "analyze":
            members = try body.members(
                allowed: common + ["rename", "max_words", "min_label_score", "keep_location"])
            action = .analyze(try analyze(members))
        case "compress":
            members = try body.members(allowed: common + ["images", "video"])
            action = .compress(try compress(members))
        default:
            members = try body.members(allowed: common + ["content", "extra_variants"])
            action = .export(try export(members))
        }
        let name = try members["name"]?.text(allowed: "1 to 32 lower-case letters, digits or -") {
            Self.isName($0, maxBytes: 32)
        }
        return Recipe.Step(
            name: name ?? kind, action: action,
            timeoutMs: Int64(try members.int("timeout_seconds", in: 1...86_400, default: 600)) * 1000)
    }

    private func analyze(_ members: YAMLMembers) throws(RecipeError) -> Recipe.AnalyzeOptions {
        Recipe.AnalyzeOptions(
            renames: try members.bool("rename", default: true),
            minLabelScore: try members["min_label_score"]?.number(in: 0...1) ?? 0.4,
            maxWords: try members.int("max_words", in: 1...12, default: 6),
            includesLocation: try members.bool("keep_location", default: false))
    }

    private func export(_ members: YAMLMembers) throws(RecipeError) -> Recipe.ExportOptions {
        let name = try members["content"]?.text(allowed: "original, or a variant's name") {
            Self.isName($0, maxBytes: 32)
        }
        var extra: [String] = []
        for item in try members["extra_variants"]?.items(max: 16) ?? [] {
            let name = try item.text(allowed: "a variant's name") { Self.isName($0, maxBytes: 32) }
            guard !extra.contains(name) else { throw item.wrong("“\(name)” stands twice") }
            extra.append(name)
        }
        return Recipe.ExportOptions(
            content: name == nil || name == "original" ? .original : .variant(name ?? ""), extraVariants: extra)
    }

    private func retry(_ node: YAMLNode?) throws(RecipeError) -> Recipe.Retry {
        guard let members = try node?.members(allowed: ["max_attempts"]) else { return Recipe.Retry() }
        return Recipe.Retry(
            maxAttempts: try members.int("max_attempts", in: 1...100, default: JobEnvelope.defaultMaxAttempts))
    }

    static func isName(_ text: String, maxBytes: Int) -> Bool {
        (1...maxBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}

extension Recipe.Step {
    /// The variants that the step makes.
    fileprivate var variantNames: [String] {
        guard case .compress(let options) = action else { return [] }
        guard let video = options.video else { return options.images.map(\.name) }
        return options.images.map(\.name) + (video.posterLongSide == nil ? ["video"] : ["video", "poster"])
    }
}

extension YamlError {
    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    fileprivate var problem: String? {
        switch self {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _),
            .reader(let problem, _, _, _):
            problem
        case .duplicatedKeysInMapping(let keys, _):
            "“\(keys.sorted().joined(separator: "”, “").prefix(60))” stands twice"
        default: nil
        }
    }
}
