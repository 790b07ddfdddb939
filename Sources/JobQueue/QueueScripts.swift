internal import Redis

/// The Lua scripts of `Scripts/`: those that settle jobs or send progress begin with `common.lua`, those that sort jobs or
/// give them back with `lanes.lua`.
enum QueueScripts {
    private static let lanes = PackageResources.lanes_lua
    private static let common = PackageResources.dependents_lua + PackageResources.common_lua
    private static let settling = lanes + common
    static let exchange = Script(
        name: "exchange", source: settling + PackageResources.limits_lua + PackageResources.exchange_lua)
    static let claim = Script(name: "claim", source: PackageResources.claim_lua)
    static let rescue = Script(name: "rescue", source: settling + PackageResources.rescue_lua)
    static let progress = Script(name: "progress", source: settling + PackageResources.progress_lua)
    static let sort = Script(name: "sort", source: lanes + PackageResources.sort_lua)
    static let admit = Script(
        name: "admit", source: settling + PackageResources.limits_lua + PackageResources.admit_lua)
    static let lookAgain = Script(name: "look_again", source: common + PackageResources.look_again_lua)
    static let restore = Script(name: "restore", source: common + PackageResources.restore_lua)
    static let register = Script(name: "register", source: PackageResources.register_lua)
    static let floor = Script(name: "floor", source: PackageResources.floor_lua)
    static let heartbeat = Script(name: "heartbeat", source: PackageResources.heartbeat_lua)
    static let deregister = Script(name: "deregister", source: PackageResources.deregister_lua)
    static let turn = Script(name: "turn", source: PackageResources.turn_lua)
    static let upkeep = Script(name: "upkeep", source: lanes + PackageResources.upkeep_lua)
    static let unpark = Script(name: "unpark", source: PackageResources.unpark_lua)
    static let enqueue = Script(name: "enqueue", source: PackageResources.enqueue_lua)
    static let cancel = Script(name: "cancel", source: PackageResources.dependents_lua + PackageResources.cancel_lua)
    static let raiseDead = Script(name: "raise_dead", source: PackageResources.raise_dead_lua)
}

/// Keys and arguments of one script call while they are put together.
struct ScriptCall {
    var keys: [RedisArgument]
    var arguments: [RedisArgument]

    /// Adds a key and returns its index as Lua counts.
    mutating func key(_ name: String) -> RedisArgument {
        keys.append(.text(name))
        return .int(keys.count)
    }

    func append(to buffer: inout CommandBuffer, digest: [UInt8]) {
        buffer.begin(argumentCount: 3 + keys.count + arguments.count)
        buffer.add("EVALSHA")
        buffer.add(digest)
        buffer.add(Int64(keys.count))
        for key in keys { buffer.add(key) }
        for argument in arguments { buffer.add(argument) }
    }
}
