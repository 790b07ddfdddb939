internal import Model

/// Finds the colours that cover most of a picture: k-means in OKLab over a histogram of 4 bits a channel.
enum Palette {
    private struct Cell {
        var color: OKLab
        var pixels: Double
    }

    /// Nearer colours are one to the eye.
    private static let sameColor = 0.06 * 0.06
    private static let rounds = 12
    private static let minShare = 0.03

    /// - Parameters:
    ///   - rgba: 4 bytes a pixel; what is more than half transparent does not count.
    ///   - maxColors: how many to return at most.
    /// - Returns: the colours by falling share; none for a picture that is all transparent. The same pixels give the same
    ///   colours.
    static func dominant(rgba: [UInt8], maxColors: Int = 5) -> [DominantColor] {
        let cells = histogram(rgba)
        let total = cells.reduce(0) { $0 + $1.pixels }
        guard total > 0 else { return [] }
        let found = merged(clusters(cells, count: maxColors + 3))
        return found.prefix(maxColors).filter { $0.pixels / total >= minShare }.map { cell in
            let (red, green, blue) = cell.color.sRGB
            let share = (cell.pixels / total * 1000).rounded() / 1000
            return DominantColor(hex: hex([red, green, blue]), name: ColorName.of(cell.color), share: share)
        }
    }

    private static func histogram(_ rgba: [UInt8]) -> [Cell] {
        var sums = [(red: Int, green: Int, blue: Int, pixels: Int)](repeating: (0, 0, 0, 0), count: 4096)
        for i in stride(from: 0, to: rgba.count - 3, by: 4) where rgba[i + 3] >= 128 {
            let index = Int(rgba[i] >> 4) << 8 | Int(rgba[i + 1] >> 4) << 4 | Int(rgba[i + 2] >> 4)
            sums[index].red += Int(rgba[i])
            sums[index].green += Int(rgba[i + 1])
            sums[index].blue += Int(rgba[i + 2])
            sums[index].pixels += 1
        }
        return sums.filter { $0.pixels > 0 }.map { sum in
            let color = OKLab(
                red: UInt8(sum.red / sum.pixels), green: UInt8(sum.green / sum.pixels),
                blue: UInt8(sum.blue / sum.pixels))
            return Cell(color: color, pixels: Double(sum.pixels))
        }
    }

    /// k-means whose first centres are the most frequent colour and then those that are frequent and far from the others.
    private static func clusters(_ cells: [Cell], count: Int) -> [Cell] {
        var centers: [OKLab] = []
        while centers.count < min(count, cells.count) {
            let weights = cells.map { cell in
                cell.pixels * (centers.map { $0.squaredDistance(to: cell.color) }.min() ?? 1)
            }
            guard let heaviest = weights.indices.max(by: { weights[$0] < weights[$1] }), weights[heaviest] > 0 else {
                break
            }
            centers.append(cells[heaviest].color)
        }
        var groups: [Cell] = []
        for _ in 0..<rounds {
            groups = assigned(cells, to: centers)
            let moved = groups.map(\.color)
            if moved == centers { break }
            centers = moved
        }
        return groups
    }

    private static func assigned(_ cells: [Cell], to centers: [OKLab]) -> [Cell] {
        var groups = centers.map { _ in (l: 0.0, a: 0.0, b: 0.0, pixels: 0.0) }
        for cell in cells {
            let distances = centers.map { $0.squaredDistance(to: cell.color) }
            guard let nearest = distances.indices.min(by: { distances[$0] < distances[$1] }) else { continue }
            groups[nearest].l += cell.color.l * cell.pixels
            groups[nearest].a += cell.color.a * cell.pixels
            groups[nearest].b += cell.color.b * cell.pixels
            groups[nearest].pixels += cell.pixels
        }
        return groups.filter { $0.pixels > 0 }.map { group in
            let color = OKLab(l: group.l / group.pixels, a: group.a / group.pixels, b: group.b / group.pixels)
            return Cell(color: color, pixels: group.pixels)
        }
    }

    /// Clusters by falling size; those that look alike become one.
    private static func merged(_ groups: [Cell]) -> [Cell] {
        var kept: [Cell] = []
        for group in groups.sorted(by: { $0.pixels > $1.pixels }) {
            if let twin = kept.firstIndex(where: { $0.color.squaredDistance(to: group.color) < sameColor }) {
                kept[twin].pixels += group.pixels
            } else {
                kept.append(group)
            }
        }
        return kept.sorted { $0.pixels > $1.pixels }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        "#" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
