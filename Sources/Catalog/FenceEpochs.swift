import Postgres

extension Catalog {
    /// Begins an epoch: a number that no claim had which the record knows of, for a Redis that may have lost its count.
    ///
    /// - Parameter redis: the server's run id, for operators.
    /// - Returns: the floor that fences have to rise from; below 2^53.
    public func fenceFloor(of redis: String) async throws -> Int64 {
        try await pool.transaction { transaction in
            try transaction.query(Statement.fenceEpochsLock)
            let row = try found(transaction.query(Statement.fenceEpochInsert, [.text(redis)]), .job)
            let epoch: Int64 = try row["epoch"]
            try transaction.execute(Statement.fenceEpochsPrune, [.int(epoch)])
            return try row["floor"]
        }
    }
}
