"""How a head of any topology gets its place on the canonical chart."""
