import Redis

/// What this machine and these servers give to make faults with; nil where they do not.
struct FaultTools: Sendable {
    var gate: CallGate?
    var disk: StorageDisk?
    var memoryGroup: MemoryGroup?
    var clocks: WorkerClocks?
    var sentinels: Sentinels?
    /// Kinds that cannot be made here, and why.
    var missing: [Fault.Kind: String] = [:]

    /// - Parameters:
    ///   - folder: of the run, with a `storage` in it.
    ///   - storageBytes: what the storage has room for.
    static func find(
        _ servers: ServerFolder?, _ redis: RedisURL, names: JobNames, folder: String, storageBytes: Int
    ) async -> FaultTools {
        var tools = FaultTools()
        do { tools.gate = try CallGate() } catch {
            for kind in [Fault.Kind.storageError, .storageSlow] { tools.missing[kind] = error.description }
        }
        do { tools.disk = try StorageDisk(at: folder + "/storage", bytes: storageBytes) } catch {
            if tools.gate == nil { tools.missing[.storageFull] = error.description }
        }
        do { tools.memoryGroup = try MemoryGroup(name: "flotilla-\(names.namespace)", bytes: 4 << 20) } catch {
            tools.missing[.helperOutOfMemory] = error.description
        }
        do { tools.clocks = try await WorkerClocks(folder: folder) } catch {
            tools.missing[.clockStep] = error.description
        }
        if case .sentinels(let nodes, let name) = redis.place { tools.sentinels = Sentinels(nodes, primary: name) }
        if servers == nil {
            for kind in Fault.Kind.ofServers { tools.missing[kind] = "the servers may be in use" }
        } else if tools.sentinels == nil {
            tools.missing[.failover] = "there are no sentinels"
        }
        return tools
    }

    var kinds: Set<Fault.Kind> { Set(Fault.Kind.allCases).subtracting(missing.keys) }

    /// Workers whose clock can be stepped: one in three, so that most run without anything between them and the time.
    func clocks(of workers: Int) -> [Int] {
        guard clocks != nil else { return [] }
        return (0..<workers).filter { $0 % 3 == 2 || workers < 3 && $0 == workers - 1 }
    }

    func close() {
        gate?.close()
        disk?.unmount()
        memoryGroup?.remove()
    }
}
