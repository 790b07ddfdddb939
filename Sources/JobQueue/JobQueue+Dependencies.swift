public import Model
internal import Redis

extension JobQueue {
    /// Tells Redis of jobs that have ended as far as the record knows, so that those that wait for them go on.
    ///
    /// What Redis knows of a job is left as it is. Needed after Redis was emptied, and for ends older than the result TTL.
    /// - Parameter ends: final states; others are left out.
    /// - Returns: how many Redis had not known.
    @discardableResult
    public func restoreEnds(_ ends: [(id: JobID, state: JobState)]) async throws(JobQueueError) -> Int {
        guard settings.recordsSingleJobs else { return 0 }
        var restored = 0
        var rest = ends.filter(\.state.isFinal)[...]
        while !rest.isEmpty {
            let slice = rest.prefix(1_000)
            rest = rest.dropFirst(slice.count)
            let call = ScriptCall(
                keys: [.text(keys.awaiting)],
                arguments: [.int(settings.resultTTL.milliseconds)]
                    + slice.flatMap { [.text($0.id.rawValue), .text($0.state.rawValue)] })
            restored += Int(try await run(QueueScripts.restore, call, idempotent: true).int ?? 0)
        }
        return restored
    }
}
