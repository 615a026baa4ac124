"""The add-on's side of the backend process: finding it, setting it up, talking to it; never bpy."""
