import Testing

@testable import Observability

@Suite struct MetricsTests {
    @Test func countersOfManyThreadsLoseNothing() async {
        let metrics = Metrics()
        let jobs = metrics.counter("jobs_total", "Jobs.", labels: ["queue"])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { jobs.increment("scan") } } }
        }
        #expect(jobs.value("scan") == 8000)
        jobs.increment("scan", by: -5)
        #expect(jobs.value("scan") == 8000)
    }

    @Test func expositionIsWhatPrometheusReads() {
        let metrics = Metrics()
        metrics.counter("a_total", "With \\ and\nnewline.", labels: ["path"]).increment(
            "x\"y\\z\n", by: 2)
        metrics.gauge("b", "A gauge.").set(to: 1.5)
        let spread = metrics.histogram("c_seconds", "A histogram.", labels: ["q"], buckets: [0.1, 1])
        spread.observe("s", value: 0.1)
        spread.observe("s", duration: .milliseconds(500))
        spread.observe("s", value: 7)
        #expect(
            metrics.exposition() == """
                # HELP a_total With \\\\ and\\nnewline.
                # TYPE a_total counter
                a_total{path="x\\"y\\\\z\\n"} 2
                # HELP b A gauge.
                # TYPE b gauge
                b 1.5
                # HELP c_seconds A histogram.
                # TYPE c_seconds histogram
                c_seconds_bucket{q="s",le="0.1"} 1
                c_seconds_bucket{q="s",le="1"} 2
                c_seconds_bucket{q="s",le="+Inf"} 3
                c_seconds_sum{q="s"} 7.6
                c_seconds_count{q="s"} 3

                """)
    }

    @Test func theSameNameIsTheSameInstrument() {
        let metrics = Metrics()
        metrics.counter("n_total", "N.").increment()
        metrics.counter("n_total", "N.").increment()
        #expect(metrics.counter("n_total", "N.").value() == 2)
        #expect(metrics.exposition().split(separator: "\n").count == 3)
    }

    @Test func seriesAreBoundedInNumber() {
        let metrics = Metrics()
        let wild = metrics.counter("wild_total", "Wild.", labels: ["id"])
        for n in 0..<(Metrics.maxSeries + 500) { wild.increment("\(n)") }
        #expect(wild.value("other") == 500)
        #expect(metrics.exposition().split(separator: "\n").count == Metrics.maxSeries + 3)
    }

    @Test(arguments: [
        (1.0, "1"), (0.25, "0.25"), (1e21, "1e+21"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
    ])
    func numbers(value: Double, text: String) {
        #expect(Exposition.number(value) == text)
    }

    @Test(arguments: ["", "1a", "a-b", "a b", "ä"])
    func badNames(name: String) {
        #expect(!Exposition.isMetricName(name))
    }

    @Test func processFiguresAreThisProcess() {
        let metrics = Metrics()
        metrics.collectProcess()
        let figures = ProcessFigures.read()
        #expect(figures.residentBytes > 1 << 20)
        #expect(figures.peakBytes >= figures.residentBytes)
        #expect(figures.openDescriptors >= 3 && figures.openDescriptors <= figures.maxDescriptors)
        #expect(metrics.exposition().contains("process_start_time_seconds"))
        #expect(ProcessFigures.startTime() > 1_600_000_000)
    }
}
