"""MMTalker's model backend: a head mesh and speech in, named shape keys and their curves out."""
