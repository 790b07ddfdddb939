import Catalog
import Foundation
import Model
import ObjectStorage
import Worker

/// Looks at what the jobs have left behind: the one object or number that the record says is theirs.
struct EffectCheck: Sendable {
    struct Findings: Sendable {
        /// Effects that are there and right.
        var right = 0
        /// What is not, one line each.
        var wrong: [String] = []
        /// Objects in the storage.
        var objects = 0
    }

    let catalog: Catalog
    let store: DirectoryStore
    let names: JobNames

    /// - Parameter done: the numbers of those that are done, with their plans.
    func look(at done: [(number: Int, plan: JobPlan)]) async throws -> Findings {
        let share = max(1, (done.count + 3) / 4)
        let threads = JobThreads(count: 4, name: "effects")
        var findings = try await withThrowingTaskGroup(of: Findings.self) { group in
            for start in stride(from: 0, to: done.count, by: share) {
                let some = done[start..<min(start + share, done.count)]
                group.addTask(executorPreference: threads) {
                    var findings = Findings()
                    for (number, plan) in some {
                        if let complaint = try await complaint(number, plan) {
                            findings.wrong.append("\(names.namespace).\(number): \(complaint)")
                        } else {
                            findings.right += 1
                        }
                    }
                    return findings
                }
            }
            return try await group.reduce(into: Findings()) {
                $0.right += $1.right
                $0.wrong += $1.wrong
            }
        }
        findings.objects = await Task(executorPreference: threads) { objects() }.value
        return findings
    }

    private func complaint(_ number: Int, _ plan: JobPlan) async throws -> String? {
        guard let id = names.id(number) else { return nil }
        let record = try await catalog.job(id, tenant: nil)
        switch plan {
        case .stores(let count):
            guard let key = record.result?["key"]?.string, let fence = record.result?["fence"]?.int else {
                return "the record names no object"
            }
            guard fence == record.fence else {
                return "the record has the object of claim \(fence), and the end of claim \(record.fence)"
            }
            let content = StoredContent(number: number, fence: fence, bytes: count)
            guard try content.key.text == key else { return "the record names the object \(key)" }
            do throws(StorageError) {
                return try store.open(StorageKey(key)).readAll() == content.bytes ? nil : "\(key) has other bytes"
            } catch {
                return "\(error)"
            }
        case .helped:
            let sum = record.result?["sum"]?.int
            return sum == TortureHelper.sum(Int64(number)) ? nil : "the record has another number: \(sum ?? -1)"
        default: return nil
        }
    }

    private func objects() -> Int {
        guard let all = FileManager.default.enumerator(atPath: store.root + "/torture") else { return 0 }
        var count = 0
        for case let path as String in all where path.split(separator: "/").count == 2 { count += 1 }
        return count
    }
}
