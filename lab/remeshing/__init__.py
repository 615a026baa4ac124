"""The same surface with other vertices and triangles."""
