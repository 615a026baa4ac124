"""The long-lived process that Blender talks to: wire format, server, cache."""
