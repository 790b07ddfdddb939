import Glibc

extension Metrics {
    /// Adds memory, CPU time, open descriptors and start time of this process, read from `/proc/self` when asked.
    ///
    /// Names as in the Prometheus client libraries' process collector, and `process_resident_memory_peak_bytes`.
    public func collectProcess() {
        let start = ProcessFigures.startTime()
        collect {
            let figures = ProcessFigures.read()
            return [
                Sample(
                    "process_cpu_seconds_total", "User and system CPU time.", isCounter: true,
                    figures.cpuSeconds),
                Sample("process_resident_memory_bytes", "Resident memory.", Double(figures.residentBytes)),
                Sample(
                    "process_resident_memory_peak_bytes", "Peak resident memory.", Double(figures.peakBytes)),
                Sample("process_virtual_memory_bytes", "Virtual memory.", Double(figures.virtualBytes)),
                Sample("process_open_fds", "Open file descriptors.", Double(figures.openDescriptors)),
                Sample(
                    "process_max_fds", "Most file descriptors there may be.", Double(figures.maxDescriptors)),
                Sample("process_start_time_seconds", "Start time since 1970.", start),
            ]
        }
    }
}

/// Figures of this process at one moment.
public struct ProcessFigures: Sendable {
    public var cpuSeconds = 0.0
    public var residentBytes = 0
    public var peakBytes = 0
    public var virtualBytes = 0
    public var openDescriptors = 0
    public var maxDescriptors = 0

    public static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            for time in [usage.ru_utime, usage.ru_stime] {
                figures.cpuSeconds += Double(time.tv_sec) + Double(time.tv_usec) / 1e6
            }
        }
        for line in contents(of: "/proc/self/status").split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, let kib = Int(words[1]) else { continue }
            switch words[0] {
            case "VmRSS:": figures.residentBytes = kib << 10
            case "VmHWM:": figures.peakBytes = kib << 10
            case "VmSize:": figures.virtualBytes = kib << 10
            default: break
            }
        }
        if let folder = opendir("/proc/self/fd") {
            while readdir(folder) != nil { figures.openDescriptors += 1 }
            closedir(folder)
            figures.openDescriptors -= 3  // “.”, “..” and the descriptor that reads the folder
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.maxDescriptors = Int(clamping: limit.rlim_cur)
        }
        return figures
    }

    /// Seconds since 1970: boot time plus field 22 of `/proc/self/stat` (proc(5)).
    static func startTime() -> Double {
        let boot = contents(of: "/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
        let seconds = boot.flatMap { Double($0.dropFirst(6)) } ?? 0
        let stat = contents(of: "/proc/self/stat")
        // The name in field 2 may hold spaces: fields are counted from its closing parenthesis.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.count > 20 ? Double(fields[20]) ?? 0 : 0
        return seconds + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func contents(of path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 {
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
