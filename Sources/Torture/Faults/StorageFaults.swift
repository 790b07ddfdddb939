import Glibc

/// Storage that fails, is slow, and is full.
extension FaultMaker {
    /// Counts when the worker has felt it.
    func disturbStorage(_ index: Int, _ rule: CallGate.Rule, _ length: Duration) async -> Bool {
        guard let gate = tools.gate else { return false }
        return await gate.apply(rule, to: index, for: length) > 0
    }

    /// Where the storage is a file system of the run's own, that has no room: counts when a file of our own finds none
    /// either. Elsewhere the workers' calls are answered so: counts when one has felt it.
    func fillStorage(_ length: Duration) async -> Bool {
        if let disk = tools.disk {
            guard await disk.fill() else { return false }
            let isFull = disk.isFull()
            await pause(length)
            disk.empty()
            return isFull
        }
        guard let gate = tools.gate else { return false }
        return await withTaskGroup(of: Int.self) { group in
            for index in 0..<pool.count {
                group.addTask { await gate.apply(.fails(ENOSPC), to: index, for: length) }
            }
            return await group.reduce(0, +) > 0
        }
    }
}
