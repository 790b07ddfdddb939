import Foundation
import Testing

@testable import Worker

@Suite struct JobThreadsTests {
    @Test("Blocking jobs run side by side, and leave the cooperative pool alone") func blocking() async {
        let threads = JobThreads(count: 4, name: "test")
        let started = ContinuousClock.now
        async let timer: Duration = {
            let started = ContinuousClock.now
            try? await Task.sleep(for: .milliseconds(20))
            return ContinuousClock.now - started
        }()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask(executorPreference: threads) { usleep(400_000) } }
        }
        let elapsed = ContinuousClock.now - started
        #expect(elapsed < .milliseconds(1500), "four jobs of 400 ms on four threads took \(elapsed)")
        #expect(await timer < .milliseconds(350))
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
