-- Zero rows: the asset is final, at another step, or a newer claim has it.
UPDATE images SET fence = $3 WHERE id = $1 AND step = $2 AND status = 'processing' AND fence <= $3
