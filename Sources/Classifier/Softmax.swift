internal import Glibc

/// Turns logits into probabilities. Numbers that are not finite count as impossible.
func softmax(_ logits: [Float]) -> [Double] {
    let finite = logits.map { $0.isFinite ? Double($0) : -.infinity }
    guard let largest = finite.max(), largest.isFinite else { return logits.map { _ in 0 } }
    let powers = finite.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
}
