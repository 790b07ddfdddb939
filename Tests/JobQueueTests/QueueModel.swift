/// What the scripts should do, in plain Swift: no Redis, no time, no concurrency.
struct QueueModel: Equatable {
    struct Delayed: Equatable {
        var score: Int64
        var raw: String
    }
    /// Left to right, as Redis lists them.
    var waiting: [String] = []
    var running: [String: [String]] = [:]
    var delayed: [Delayed] = []
    var parked: [String] = []
    var dead: Set<String> = []
    var processed = 0
    var isPaused = false
    /// Declared dead.
    var tombstones: Set<String> = []
    /// Last settled batch of each worker.
    var batches: [String: Int64] = [:]

    enum Verb: String, CaseIterable { case done, front, until, park, dead, drop }

    struct Settling: Equatable {
        var verb: Verb
        var raw: String
        var value: String
        var due: Int64
        var id: String
        var followUp: String?
    }

    /// Returns the claimed elements, oldest first; nil when the worker is fenced.
    mutating func exchange(_ worker: String, batch: Int64, _ settlings: [Settling], want: Int) -> [String]? {
        guard !tombstones.contains(worker) else { return nil }
        if !settlings.isEmpty, batches[worker] != batch {
            for settling in settlings { settle(worker, settling) }
            batches[worker] = batch
        }
        guard want > 0, !isPaused else { return [] }
        let due = delayed.prefix(16)
        delayed.removeFirst(due.count)
        waiting += due.reversed().map(\.raw)
        let claimed = Array(waiting.suffix(want).reversed())
        waiting.removeLast(claimed.count)
        running[worker, default: []] = claimed.reversed() + running[worker, default: []]
        return claimed
    }

    /// Gives up to a hundred of the newest claims back.
    mutating func rescue(_ worker: String, _ settlings: [Settling]) {
        tombstones.insert(worker)
        for settling in settlings { settle(worker, settling) }
    }

    private mutating func settle(_ worker: String, _ settling: Settling) {
        // The oldest of equal elements, hence the last one.
        guard let index = running[worker, default: []].lastIndex(of: settling.raw) else { return }
        running[worker]?.remove(at: index)
        switch settling.verb {
        case .done: processed += 1
        case .front: waiting.append(settling.value)
        case .until:
            delayed.removeAll { $0.raw == settling.value }
            delayed.append(Delayed(score: settling.due, raw: settling.value))
            delayed.sort { ($0.score, $0.raw) < ($1.score, $1.raw) }
        case .park: parked.insert(settling.value, at: 0)
        case .dead: dead.insert(settling.id)
        case .drop: break
        }
        if let followUp = settling.followUp { waiting.insert(followUp, at: 0) }
    }
}
