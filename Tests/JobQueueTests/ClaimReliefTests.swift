import Foundation
import Synchronization
import TestServers
import Testing

@testable import JobQueue

@Suite struct ClaimReliefTests {
    /// Where things happened.
    private final class Notes: Sendable {
        let threads = Mutex<[pthread_t]>([])
        let isReleased = Atomic(false)
        let step = Atomic(0)

        func note() { threads.withLock { $0.append(pthread_self()) } }

        func block() { while !isReleased.load(ordering: .relaxed) { usleep(500) } }
    }

    @Test("Short jobs leave the claiming where it is") func short() async throws {
        // A busy machine may make one of them a long one.
        for attempt in 1...10 {
            let relief = try #require(ClaimRelief())
            let notes = Notes()
            relief.start {
                while !relief.isReady { usleep(500) }
                for _ in 0..<20 {
                    if relief.run({ notes.note() }, meanwhile: { end(notes) }) { return true }
                }
                return end(notes)
            }
            try await eventually("ended") { notes.step.load(ordering: .relaxed) == 1 }
            let threads = notes.threads.withLock { $0 }
            #expect(Set(threads).count == 1)
            if threads.count == 20 { return }
            try #require(attempt < 10, "never twenty in a row")
        }
    }

    private func end(_ notes: Notes) -> Bool {
        notes.step.store(1, ordering: .relaxed)
        return false
    }

    @Test("A long job has the other thread claim, and they change back") func long() async throws {
        let relief = try #require(ClaimRelief())
        let (first, second) = (Notes(), Notes())
        relief.start {
            while !relief.isReady { usleep(500) }
            first.note()
            return relief.run(
                { first.block() },
                meanwhile: {
                    first.note()
                    // Nobody stands by while the first job runs.
                    second.step.store(relief.isReady ? 2 : 1, ordering: .relaxed)
                    while !relief.isReady { usleep(500) }
                    return relief.run(
                        { second.block() },
                        meanwhile: {
                            first.note()
                            second.step.store(3, ordering: .relaxed)
                            return false
                        })
                })
        }
        try await eventually("passed on") { second.step.load(ordering: .relaxed) == 1 }
        first.isReleased.store(true, ordering: .relaxed)
        try await eventually("passed back") { second.step.load(ordering: .relaxed) == 3 }
        second.isReleased.store(true, ordering: .relaxed)
        let threads = first.threads.withLock { $0 }
        #expect(threads.count == 3 && threads[0] == threads[2] && threads[0] != threads[1])
    }

    @Test("Its threads end with the claiming") func ends() async throws {
        weak var gone: ClaimRelief?
        try {
            let relief = try #require(ClaimRelief())
            gone = relief
            relief.start { [weak relief] in
                while relief?.isReady == false { usleep(500) }
                // So that the other thread sleeps by now.
                usleep(20_000)
                return false
            }
        }()
        try await eventually("both threads have let go") { gone == nil }
    }
}
