-- The newest has the highest floor.
DELETE FROM fence_epochs WHERE epoch <= $1 - 1000
