import Dispatch
import Foundation

/// SIGTERM and SIGINT as something to await. Made first thing in a process, so that no signal is missed.
// Sound: the sources are only kept alive here; nobody touches them after init.
public final class StopSignals: @unchecked Sendable {
    private let arrivals: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    public init() {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        self.arrivals = arrivals
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { arrival.yield() }
            source.activate()
            return source
        }
    }

    /// Returns once a signal has come.
    public func wait() async {
        for await _ in arrivals { return }
    }
}
