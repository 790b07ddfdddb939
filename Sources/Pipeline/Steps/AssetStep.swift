import Catalog
import Foundation
import JobQueue
import Model
import Recipes
import Worker

/// What one step of an asset works on.
struct AssetWork: Sendable {
    let job: RunningJob
    let batch: Batch
    let asset: Asset
    let action: Recipe.Action

    var timeout: Duration { .milliseconds(job.envelope.timeoutMs) }

    func announce(stage: String, percent: Double) {
        job.announce(
            ProgressEvent(
                .stepProgress, batch: batch.id, asset: asset.id, job: job.id, queue: job.claim.queue, stage: stage,
                percent: percent, data: ["name": .string(asset.originalName)]))
    }
}

/// What a step of an asset came to.
struct StepFinding: Sendable {
    enum End: Sendable {
        case goesOn
        /// The asset goes no further: `infected`, `held`, `failed`.
        case stops(AssetStatus, RecordedError?, movedTo: String?)
    }

    var result: StepResult
    var end: End = .goesOn
    var receipt = Receipt()
    /// For subscribers.
    var facts: JSONValue = .object([:])
    /// Called when somebody else recorded this step first, so that our outputs are not needed.
    var discard: @Sendable () -> Void = {}
}

/// A recipe's step of one asset as a job: begins it in the record, has it done, and records what it came to, exactly
/// once. What is done is the closure's business.
struct AssetStep: JobHandler {
    let kind: String
    let catalog: Catalog
    let recipes: RecipeBook
    let quarantine: CrashQuarantine
    let perform: @Sendable (AssetWork) async throws -> StepFinding

    func run(_ job: RunningJob) async throws -> JobOutcome {
        let claim = JobClaim(job: job.id, fence: job.fence, attempt: job.attempt)
        let facts: StepFacts
        switch try await catalog.beginStep(claim) {
        case .run(let start): facts = start
        case .alreadyDone(let outcome):
            try outcome.throwIfDead()
            return Self.outcome(outcome, job, facts: .object([:]))
        case .cancelled, .fenced: return JobOutcome()
        }
        guard let asset = facts.asset, let name = facts.job.job.step else {
            throw JobFailure(.badInput, code: "bad_payload", message: "\(kind) is a step of an asset's recipe.")
        }
        let (recipe, step, next) = try plan(facts.batch, step: name)
        job.announce(
            ProgressEvent(
                .stepStarted, batch: facts.batch.id, asset: asset.id, job: job.id, queue: job.claim.queue,
                stage: step.name, percent: 0, data: ["name": .string(asset.originalName)]))
        let work = AssetWork(job: job, batch: facts.batch, asset: asset, action: step.action)
        let finding = try await quarantine.guarding(asset, in: facts.job.job.queue, past: facts.crashes) {
            try await perform(work)
        }
        let whenDone = StepJobs.whenDone(recipe, in: facts.batch)
        let completion: StepCompletion
        switch finding.end {
        case .goesOn:
            completion = try await catalog.completeStep(
                claim, result: finding.result, receipt: finding.receipt,
                next: next.map { .job(StepJobs.job($0, of: recipe, asset: asset.id, in: facts.batch)) }
                    ?? .assetCompleted,
                whenDone: whenDone)
        case .stops(let status, let error, let movedTo):
            completion = try await catalog.failAsset(
                claim, status: status, error: error, result: finding.result, receipt: finding.receipt,
                movedTo: movedTo, whenDone: whenDone)
        }
        switch completion {
        case .recorded(let outcome): return Self.outcome(outcome, job, facts: finding.facts)
        case .alreadyDone(let outcome):
            finding.discard()
            return Self.outcome(outcome, job, facts: finding.facts)
        case .cancelled, .fenced:
            finding.discard()
            return JobOutcome()
        }
    }

    func gaveUp(_ job: RunningJob, after failure: JobFailure) async throws -> JobOutcome {
        let claim = JobClaim(job: job.id, fence: job.fence, attempt: job.attempt)
        let batch: Batch
        switch try await catalog.beginStep(claim) {
        case .run(let facts): batch = facts.batch
        case .alreadyDone(let outcome): return Self.outcome(outcome, job, facts: .object([:]))
        case .cancelled, .fenced: return JobOutcome()
        }
        let completion = try await catalog.failAsset(
            claim, status: failure.cause == .cancelled ? .cancelled : .failed,
            error: RecordedError(code: failure.code, message: failure.message),
            whenDone: recipes[batch.recipe].flatMap { StepJobs.whenDone($0, in: batch) })
        switch completion {
        case .recorded(let outcome), .alreadyDone(let outcome):
            return Self.outcome(outcome, job, facts: .object([:]))
        case .cancelled, .fenced: return JobOutcome()
        }
    }

    private func plan(_ batch: Batch, step name: String) throws -> (Recipe, Recipe.Step, next: Recipe.Step?) {
        guard let recipe = recipes[batch.recipe] else {
            throw JobFailure(
                .badInput, code: "unknown_recipe", message: "This worker has no recipe “\(batch.recipe)”.")
        }
        guard let (step, next) = recipe.assetStep(named: name), StepJobs.kind(of: step.action) == kind else {
            throw JobFailure(
                .badInput, code: "unknown_step", message: "The recipe “\(batch.recipe)” has no such step “\(name)”.")
        }
        return (recipe, step, next)
    }

    private static func outcome(_ outcome: StepOutcome, _ job: RunningJob, facts: JSONValue) -> JobOutcome {
        JobOutcome(
            followUps: outcome.followUps.map { ($0.queue, $0.envelope) },
            announcements: Announcements.of(outcome, job: job, facts: facts))
    }
}
