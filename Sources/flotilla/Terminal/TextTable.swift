/// Columns of text, as wide as their widest cell. Numbers stand right.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []

    func rendered() -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let isNumber = header.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { $0[column].first.map { $0.isNumber || $0 == "-" } ?? true }
        }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return isNumber[column] ? space + cell : cell + space
            }
            return cells.joined(separator: "  ").trimmingTrailingSpaces()
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}
