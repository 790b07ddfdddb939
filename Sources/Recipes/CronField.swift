/// The values of one field that fire.
struct CronSet: Hashable {
    private var bits: UInt64 = 0

    func contains(_ value: Int) -> Bool { bits >> UInt64(value) & 1 == 1 }

    mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }

    /// For days of the week, where 7 is Sunday too.
    var withSundayAsZero: CronSet {
        var days = self
        if contains(7) { days.insert(0) }
        days.bits &= 0x7f
        return days
    }
}

/// One of the five fields: what may stand in it.
struct CronField {
    static let minute = CronField("minute", 0...59)
    static let hour = CronField("hour", 0...23)
    static let day = CronField("day of month", 1...31)
    static let month = CronField(
        "month", 1...12,
        names: [
            "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
            "nov": 11, "dec": 12,
        ], example: "jan to dec")
    static let weekday = CronField(
        "day of week", 0...7, names: ["sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6],
        example: "sun to sat")

    private let title: String
    private let range: ClosedRange<Int>
    private let names: [String: Int]
    private let example: String?

    private init(_ title: String, _ range: ClosedRange<Int>, names: [String: Int] = [:], example: String? = nil) {
        self.title = title
        self.range = range
        self.names = names
        self.example = example
    }

    func parse(_ text: String) throws(CronError) -> CronSet {
        var values = CronSet()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard pieces.count <= 2 else { throw wrong(text) }
            let bounds = try bounds(pieces[0], isStepped: pieces.count == 2, text)
            // A step as long as the field would silently mean its first value only.
            let longest = range.upperBound - range.lowerBound
            let step = pieces.count == 2 ? number(pieces[1]) ?? 0 : 1
            guard (1...longest).contains(step) else { throw wrong(text) }
            for value in stride(from: bounds.lowerBound, through: bounds.upperBound, by: step) { values.insert(value) }
        }
        return values
    }

    private func bounds(_ base: Substring, isStepped: Bool, _ text: String) throws(CronError) -> ClosedRange<Int> {
        // With 7 in it, `*/7` and the like would count Sunday twice.
        if base == "*" { return range.lowerBound...(range.upperBound == 7 ? 6 : range.upperBound) }
        let ends = base.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw wrong(text) }
        let low = try value(ends[0], text)
        guard ends.count == 2 else { return low...(isStepped ? range.upperBound : low) }
        var high = try value(ends[1], text)
        if ends[1].lowercased() == "sun" { high = 7 }
        guard low <= high else { throw wrong(text) }
        return low...high
    }

    private func value(_ text: Substring, _ field: String) throws(CronError) -> Int {
        if let value = names[text.lowercased()] { return value }
        guard let value = number(text), range.contains(value) else { throw wrong(field) }
        return value
    }

    private func number(_ text: Substring) -> Int? {
        (1...2).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private func wrong(_ text: String) -> CronError {
        let also = example.map { ", \($0)" } ?? ""
        return CronError(
            description: "\(title) “\(text.prefix(40))” is not allowed; allowed: \(range.lowerBound) to "
                + "\(range.upperBound)\(also), *, rising ranges, lists and steps")
    }
}
