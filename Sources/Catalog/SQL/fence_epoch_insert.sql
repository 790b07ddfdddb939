-- Above every fence that a claim to come may meet. A minute of microseconds on top of those in the record, since claims
-- may have been given out that it does not know yet. Never near 2^53, from where on Lua's numbers have gaps.
INSERT INTO fence_epochs (redis, floor)
SELECT $1, least(9007000000000000, greatest(
    (SELECT coalesce(max(floor), 0) FROM fence_epochs) + 1,
    least(9006000000000000, greatest(
        (SELECT coalesce(max(fence), 0) FROM job_runs WHERE state <> 'done'),
        (SELECT coalesce(max(fence), 0) FROM images WHERE status IN ('pending', 'processing')))) + 60000000))
RETURNING epoch, floor
