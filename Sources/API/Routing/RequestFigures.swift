import HTTPTypes
import Observability

/// What `/metrics` tells about requests.
struct RequestFigures: Sendable {
    let open: Gauge
    private let requests: Counter
    private let seconds: Histogram
    /// Bytes of uploads that were read, finished or not.
    let uploadedBytes: Counter
    /// Open event streams.
    let streams: Gauge

    init(_ metrics: Metrics) {
        open = metrics.gauge("flotilla_api_open_requests", "Requests being answered.")
        requests = metrics.counter(
            "flotilla_api_requests_total", "Answered requests.", labels: ["method", "route", "status"])
        seconds = metrics.histogram(
            "flotilla_api_request_seconds", "Time until a request's last byte was written.", labels: ["route"])
        uploadedBytes = metrics.counter("flotilla_api_uploaded_bytes_total", "Bytes of uploads that were read.")
        streams = metrics.gauge("flotilla_api_event_streams", "Open event streams.")
    }

    /// - Parameter template: of the route, never a path, so that the number of series stays small.
    func count(_ method: HTTPRequest.Method, _ template: String, _ status: Int, _ duration: Duration) {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let method = known.contains(method) ? method.rawValue : "other"
        requests.increment(method, template, "\(status / 100)xx")
        seconds.observe(template, duration: duration)
    }
}
