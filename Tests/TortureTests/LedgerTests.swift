import Foundation
import Model
import Testing

@testable import Catalog
@testable import Torture

@Suite struct LedgerTests {
    private func end(_ state: JobState, fence: Int64 = 5, code: String? = nil) throws -> JobEnd {
        JobEnd(
            id: try #require(JobID("n.0")), state: state, fence: fence, attempt: 1, errorCode: code,
            finishedAt: Date(timeIntervalSince1970: 1))
    }

    @Test(
        "An end is judged by what the job was meant to do",
        arguments: [
            (JobPlan.immediate, JobState.done, Ledger.Entry.Verdict.done), (.immediate, .dead, .wrong(.dead)),
            (.sleeps(ms: 3), .cancelled, .wrong(.cancelled)), (.fails(attempts: 2), .dead, .dead),
            (.fails(attempts: 2), .done, .wrong(.done)), (.delayed(by: .seconds(1)), .done, .done),
            (.cancelledRunning(after: .zero), .cancelled, .cancelled), (.cancelledRunning(after: .zero), .done, .done),
            (.cancelledWaiting(delay: .zero, after: .zero), .dead, .wrong(.dead)),
        ])
    func verdicts(plan: JobPlan, state: JobState, verdict: Ledger.Entry.Verdict) throws {
        let ledger = Ledger()
        ledger.accepted([plan])
        ledger.observe(0, try end(state))
        #expect(ledger.unendedCount == 0)
        #expect(ledger.entries()[0].verdict(isRecorded: true) == verdict)
    }

    @Test(
        "What a helper makes of a job ends with its reason",
        arguments: [
            (JobPlan.runsOutOfMemory(orderly: true), JobState.dead, "out_of_memory", Ledger.Entry.Verdict.dead),
            (.runsOutOfMemory(orderly: false), .dead, "internal_error", .wrong(.dead)),
            (.runsOutOfMemory(orderly: true), .done, "", .wrong(.done)), (.crashes, .dead, "decoder_crashed", .dead),
            (.crashes, .cancelled, "", .wrong(.cancelled)), (.helped(mb: 1), .done, "", .done),
            (.helped(mb: 1), .dead, "out_of_memory", .dead), (.helped(mb: 1), .dead, "storage_failed", .wrong(.dead)),
            (.stores(bytes: 1), .done, "", .done), (.stores(bytes: 1), .dead, "storage_failed", .wrong(.dead)),
        ])
    func reasons(plan: JobPlan, state: JobState, code: String, verdict: Ledger.Entry.Verdict) throws {
        let ledger = Ledger()
        ledger.accepted([plan])
        ledger.observe(0, try end(state, code: code.isEmpty ? nil : code))
        #expect(ledger.entries()[0].verdict(isRecorded: true) == verdict)
    }

    @Test("A job that runs on is pending, one without a row missing") func unfinished() throws {
        let ledger = Ledger()
        ledger.accepted([.immediate])
        ledger.observe(0, try end(.running))
        #expect(ledger.unendedCount == 1)
        #expect(ledger.entries()[0].verdict(isRecorded: true) == .pending)
        #expect(ledger.entries()[0].verdict(isRecorded: false) == .missing)
    }

    @Test("A refused job may be cancelled, and only that more") func refused() throws {
        let ledger = Ledger()
        ledger.accepted([.immediate, .immediate])
        ledger.refused(0..<2)
        ledger.observe(0, try end(.cancelled))
        ledger.observe(1, try end(.dead))
        #expect(ledger.entries().map { $0.verdict(isRecorded: true) } == [.cancelled, .wrong(.dead)])
    }

    @Test("An end that is written twice, or taken back, is seen") func twice() throws {
        let ledger = Ledger()
        ledger.accepted([.immediate, .immediate, .immediate])
        for number in 0..<3 { ledger.observe(number, try end(.done)) }
        ledger.observe(0, try end(.done))
        ledger.observe(1, try end(.done, fence: 6))
        ledger.observe(2, try end(.queued))
        #expect(ledger.entries().map(\.endedAgain) == [false, true, true])
    }

    @Test("A rescue counts from the kill to the next start in another process") func rescues() {
        let ledger = Ledger()
        ledger.accepted([.immediate, .immediate])
        ledger.started(0, by: 1)
        ledger.orphaned([0, 1], by: 1, at: .now - .seconds(2))
        ledger.started(0, by: 1)
        #expect(ledger.samples().rescues.count == 0)
        ledger.started(0, by: 2)
        ledger.started(0, by: 2)
        #expect(ledger.samples().rescues.count == 1)
        #expect(ledger.samples().rescues.maximum.map { $0 >= .seconds(2) && $0 < .seconds(3) } == true)
        #expect(ledger.entries()[0].extraStarts == 3)
    }

    @Test("The report adds up") func report() throws {
        let ledger = Ledger()
        ledger.accepted([.immediate, .fails(attempts: 1), .delayed(by: .zero), .immediate, .immediate])
        for (number, state) in [(0, JobState.done), (1, .dead), (3, .dead)] { ledger.observe(number, try end(state)) }
        var report = Report(
            namespace: "n", seed: 1, seconds: 1, workers: 1, slots: 1, faults: [:], rescue: .init(Samples()),
            cancel: .init(Samples()))
        #expect(report.isClean)
        report.count(ledger.entries(), recorded: [0, 1, 2, 3], names: JobNames(namespace: "n"))
        #expect(report.enqueued == report.done + report.dead + report.cancelled + report.pending + report.missing)
        #expect((report.done, report.dead, report.pending, report.missing) == (1, 2, 1, 1))
        #expect((report.lost, report.wrongEnds) == (2, 1))
        #expect(!report.isClean)
        #expect(report.examples.count == 3)
    }

    @Test("An effect that is not as it should be breaks a promise") func effects() {
        var report = Report(
            namespace: "n", seed: 1, seconds: 1, workers: 1, slots: 1, faults: ["kill": 2, "cut": 3],
            rescue: .init(Samples()), cancel: .init(Samples()))
        #expect(report.madeFaults == 5)
        report.wrongEffects = ["n.1: there is no object torture/1/1-5"]
        #expect(!report.isClean)
        #expect(report.table.contains("n.1: there is no object") && report.table.contains("NOT every promise"))
    }

    @Test("Nearest-rank percentiles", arguments: [(50, 50), (99, 99), (100, 100), (1, 1)])
    func percentiles(percent: Int, ms: Int) {
        var samples = Samples()
        for ms in (1...100).reversed() { samples.add(.milliseconds(ms)) }
        #expect(samples.percentile(percent) == .milliseconds(ms))
    }
}
