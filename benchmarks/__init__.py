"""How fast MMTalker is and how much memory it holds: one process for each case, one table, one JSON file."""
