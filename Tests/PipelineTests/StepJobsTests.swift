import Foundation
import Model
import Testing

@testable import Catalog
@testable import Pipeline

@Suite struct StepJobsTests {
    private let recipe = Recipe(
        name: "test", description: "",
        steps: [
            Recipe.Step(name: "scan", action: .scan, timeoutMs: 5000),
            Recipe.Step(name: "compress", action: .compress(.init(images: [], video: nil))),
        ], whenDone: [Recipe.Step(name: "export", action: .export(.init()))], retry: .init(maxAttempts: 7))

    @Test("A step of an asset always is the same job") func deterministic() throws {
        let asset = UUID()
        let first = StepJobs.job(recipe.steps[0], of: recipe, asset: asset, in: batch())
        let again = StepJobs.job(recipe.steps[0], of: recipe, asset: asset, in: batch())
        #expect(first.envelope.id == again.envelope.id)
        #expect(first.envelope.id != StepJobs.job(recipe.steps[1], of: recipe, asset: asset, in: batch()).envelope.id)
        #expect(first.queue == .scan)
        #expect(first.envelope.kind == "scan.asset")
        #expect(first.envelope.maxAttempts == 7)
        #expect(first.envelope.timeoutMs == 5000)
        #expect(first.envelope.isRecorded)
    }

    @Test("The envelope of a step survives the wire") func wire() throws {
        let job = StepJobs.job(recipe.steps[1], of: recipe, asset: UUID(), in: batch())
        #expect(try JobEnvelope.parse(try job.envelope.wire()).envelope == job.envelope)
    }

    @Test("What follows a step") func order() {
        #expect(recipe.assetStep(named: "scan")?.next?.name == "compress")
        #expect(recipe.assetStep(named: "compress")?.next == nil)
        #expect(recipe.assetStep(named: "export") == nil)
        #expect(recipe.batchStep(named: "export")?.next == nil)
        #expect(StepJobs.whenDone(recipe, in: batch())?.queue == .export)
    }

    private func batch() -> Batch {
        Batch(
            id: UUID(uuidString: "5A1D8E6C-0000-4000-8000-000000000001") ?? UUID(), tenant: "default", recipe: "test",
            status: .processing, total: 1, processed: 0, failed: 0, infected: 0, totalBytes: 0, keywords: [],
            options: .object([:]), createdAt: Date(timeIntervalSince1970: 0))
    }
}
