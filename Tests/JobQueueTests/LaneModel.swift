/// What sorting by priority and tenant should do, in plain Swift.
struct LaneModel {
    struct Job: Hashable {
        var raw: String
        var priority: Int
        var tenant: String
        var cost: Int
    }
    /// Left to right, as Redis lists them.
    var list: [Job] = []
    /// By priority, then tenant; the next one last. With what each counts for.
    var lanes: [Int: [String: [(job: Job, cost: Int)]]] = [:]
    var times: [Int: [String: Int]] = [:]
    var clocks: [Int: Int] = [:]
    var turn = 0
    var isSorted = false
    static let returned = 101

    var waiting: Int { lanes.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } } }

    private mutating func put(_ job: Job, priority: Int, tenant: String, cost: Int, first: Bool) {
        if lanes[priority]?[tenant] == nil { times[priority, default: [:]][tenant] = clocks[priority] ?? 0 }
        lanes[priority, default: [:]][tenant, default: []].insert(
            (job, cost), at: first ? lanes[priority]?[tenant]?.count ?? 0 : 0)
    }

    mutating func sort(_ most: Int) {
        for _ in 0..<min(most, list.count) {
            let job = list.removeLast()
            put(job, priority: job.priority, tenant: job.tenant, cost: job.cost, first: false)
        }
    }

    mutating func giveBack(_ job: Job) {
        if isSorted {
            put(job, priority: Self.returned, tenant: "", cost: 1, first: true)
        } else {
            list.append(job)
        }
    }

    private mutating func take(from priority: Int) -> Job? {
        guard
            let tenant = times[priority]?.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key,
            let time = times[priority]?[tenant], let next = lanes[priority]?[tenant]?.popLast()
        else { return nil }
        clocks[priority] = time
        times[priority]?[tenant] = time + next.cost
        if lanes[priority]?[tenant]?.isEmpty == true {
            lanes[priority]?[tenant] = nil
            times[priority]?[tenant] = nil
        }
        if lanes[priority]?.isEmpty == true { lanes[priority] = nil }
        return next.job
    }

    mutating func claim(_ want: Int) -> [Job] {
        guard isSorted else {
            let taken = Array(list.suffix(want).reversed())
            list.removeLast(taken.count)
            return taken
        }
        sort(max(64, want))
        var taken: [Job] = []
        var ranks = lanes.keys.sorted(by: >)
        while taken.count < want, !ranks.isEmpty {
            var index = 0
            if ranks[0] != Self.returned, ranks.count > 1 {
                turn += 1
                if turn % 16 == 0 { index = 1 + (turn / 16) % (ranks.count - 1) }
            }
            if let job = take(from: ranks[index]) { taken.append(job) } else { ranks.remove(at: index) }
        }
        if waiting == 0, list.isEmpty { calmDown() }
        return taken
    }

    mutating func calmDown() {
        isSorted = false
        clocks = [:]
        turn = 0
    }
}
