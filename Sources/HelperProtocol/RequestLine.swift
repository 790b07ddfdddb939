internal import Foundation

/// Requests that wait for a thread of the helper, and those that run.
///
/// The coordinator sends no more than it has slots, so the line stays short; it is bounded by the descriptors that this
/// process may have open.
final class RequestLine: @unchecked Sendable {  // every field is touched under `condition` only
    private let condition = NSCondition()
    private var waiting: [(HelperRequest, [Int32])] = []
    private var running: [UInt64: HelperRequest] = [:]
    private var isClosed = false

    func add(_ request: HelperRequest, _ descriptors: [Int32]) {
        condition.withLock {
            waiting.append((request, descriptors))
            condition.signal()
        }
    }

    /// Waits for a request; nil when the line is closed and empty.
    func next() -> (HelperRequest, [Int32])? {
        condition.withLock {
            while waiting.isEmpty {
                if isClosed { return nil }
                condition.wait()
            }
            let next = waiting.removeFirst()
            running[next.0.id] = next.0
            return next
        }
    }

    func finished(_ request: HelperRequest) {
        condition.withLock {
            running[request.id] = nil
            condition.broadcast()
        }
    }

    func cancel(_ id: UInt64) {
        condition.withLock {
            running[id]?.cancel()
            waiting.first { $0.0.id == id }?.0.cancel()
        }
    }

    /// Returns when everything taken in has been answered.
    func drain() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
            while !waiting.isEmpty || !running.isEmpty { condition.wait() }
        }
    }
}
