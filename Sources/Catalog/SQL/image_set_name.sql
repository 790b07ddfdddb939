UPDATE images SET proposed_name = $2, name_source = 'machine' WHERE id = $1
