import Foundation
import Synchronization
import Testing

@testable import Worker

/// How many have come in.
private final class Room: Sendable {
    let count = Atomic(0)
}

@Suite struct JobThreadsTests {
    @Test("Blocking jobs run side by side, and leave the cooperative pool alone") func blocking() async {
        let threads = JobThreads(count: 4, name: "test")
        let room = Room()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask(executorPreference: threads) {
                    room.count.add(1, ordering: .relaxed)
                    // Blocks its thread until all four have come, and another task has seen them.
                    for _ in 0..<5_000 where room.count.load(ordering: .relaxed) < 5 { usleep(1_000) }
                    return room.count.load(ordering: .relaxed) == 5
                }
            }
            group.addTask {
                while room.count.load(ordering: .relaxed) < 4 { try? await Task.sleep(for: .milliseconds(1)) }
                room.count.add(1, ordering: .relaxed)
                return true
            }
            for await met in group { #expect(met) }
        }
    }

    @Test("A job comes back to its threads after an await") func comesBack() async {
        let threads = JobThreads(count: 1, name: "back")
        let seen = await Task(executorPreference: threads) {
            let before = pthread_self()
            try? await Task.sleep(for: .milliseconds(5))
            return [before, pthread_self()]
        }.value
        let other = await Task.detached { pthread_self() }.value
        #expect(seen[0] == seen[1] && seen[0] != other)
    }
}
